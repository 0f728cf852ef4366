"""Whether a network restores its input or returns it.

Every image has shape ``(height, width, channels)`` and floats of range about [0, 1]; the three
of a call are shaped alike.
"""

from typing import TYPE_CHECKING

from dropstudy.errors import DataError

if TYPE_CHECKING:  # commands that only read runs need the rule alone, and no NumPy
    from dropstudy.imaging.arrays import Floats

COPY_RATIO_OF_A_COPY = 0.9
"""Above it, nine tenths of the degradation are still there."""
GAIN_OF_A_COPY_DB = 0.5
"""Below it, up or down, as much is wrong as in the input.

For the best that can be made of an input, its conditional mean, the copy ratio is
MSE(restored) / MSE(degraded), so that 0.9 is a gain of 10·log₁₀(1/0.9) = 0.46 dB: the two say
the same. Any other network may have one without the other. Errors of its own in place of the
input's are no copy (no gain, a low ratio), and neither are such on top of them (a loss, a ratio
of 1).
"""


def copy_ratio(restored: "Floats", degraded: "Floats", clean: "Floats") -> float:
    """How much of the input's degradation the network passes through.

    Projects what the output still gets wrong onto what the input had wrong,
    ⟨f − x, y − x⟩ / ‖y − x‖²: 1 for a network that returns its input, 0 for one that leaks
    none of it, below 0 for one that overdoes its remedy.

    Args:
        restored: The network's output f.
        degraded: Its input y.
        clean: The target x.

    Raises:
        DataError: The input equals its target, so the ratio is undefined.
    """
    import numpy as np

    wrong, left = (image.ravel() - clean.ravel() for image in (degraded, restored))
    # Summed by NumPy, whose order is always the same; BLAS's depends on its threads.
    whole = float(np.einsum("i,i", wrong, wrong, dtype=np.float64))
    if whole == 0:
        raise DataError("the degraded image equals the clean one: nothing of it can be copied")
    return float(np.einsum("i,i", left, wrong, dtype=np.float64)) / whole


def identity_gain(restored: "Floats", degraded: "Floats", clean: "Floats") -> float:
    """By how many dB of PSNR the network's output is closer to the target than its input.

    Args:
        restored: The network's output.
        degraded: Its input.
        clean: The target.

    Returns:
        0 for a network that returns its input; infinite where it restores without error.
    """
    from dropstudy.imaging.metrics import psnr

    return psnr(restored, clean) - psnr(degraded, clean)


def returns_input(gain_db: float, copy_ratio: float) -> bool:
    """Whether a network does no more than hand its input on.

    Args:
        gain_db: Its identity gain, a mean over images.
        copy_ratio: Its copy ratio, likewise.
    """
    return copy_ratio > COPY_RATIO_OF_A_COPY and abs(gain_db) < GAIN_OF_A_COPY_DB
