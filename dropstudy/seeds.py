"""The one rule by which every random stream gets its seed."""

import hashlib


def derive_seed(seed: int, *parts: str | int) -> int:
    """A seed for the stream that ``parts`` names, the same on every machine.

    Streams are told apart by name rather than by the order in which they are made,
    so that adding a dropout layer leaves every other layer's initial weights alone.

    Args:
        seed: The experiment's seed.
        *parts: What the stream is for, such as ``"kernel", "encoder_0_conv_0"``.

    Returns:
        An integer from 0 up to, not including, 2³¹.
    """
    text = "\x1f".join(str(part) for part in (seed, *parts))
    digest = hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % 2**31
