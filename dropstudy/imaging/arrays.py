"""The two forms in which pixels are held, and the way between them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
"""Pixels of range [0, 1], shape ``(height, width, channels)`` or a batch of those."""

Bytes = NDArray[np.uint8]
"""Pixels of range 0 to 255, shaped alike."""

_LEVEL = np.float32(1 / 255)


def to_floats(image: NDArray[Any]) -> Floats:
    """Pixels as floats: bytes are divided by 255, floats are taken as they are."""
    if image.dtype == np.uint8:
        return np.asarray(np.multiply(image, _LEVEL, dtype=np.float32))
    return np.asarray(image, dtype=np.float32)


def write_floats(image: NDArray[Any], out: Floats) -> None:
    """Writes what ``to_floats`` returns into an array that is there, such as a batch's."""
    if image.dtype == np.uint8:
        np.multiply(image, _LEVEL, out=out, dtype=np.float32)
    else:
        out[...] = image


def to_bytes(image: NDArray[Any]) -> Bytes:
    """Pixels clipped to [0, 1] and rounded (not truncated) to 8 bits."""
    if image.dtype == np.uint8:
        return image
    return np.asarray(np.rint(np.clip(image, 0, 1) * 255), dtype=np.uint8)
