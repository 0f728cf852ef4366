"""Which part of an image is worth a closer look."""

import numpy as np
from numpy.typing import NDArray

from dropstudy.imaging.arrays import Floats


def most_detailed_window(clean: Floats, side: int) -> tuple[slice, slice]:
    """The square of ``side`` pixels whose edges are strongest: faces, text, fine structure."""
    from scipy import ndimage

    grey = clean.mean(axis=-1)
    return strongest_window(
        np.hypot(ndimage.sobel(grey, axis=0), ndimage.sobel(grey, axis=1)), side
    )


def strongest_window(energy: NDArray[np.floating], side: int) -> tuple[slice, slice]:
    """The square of ``side`` pixels, or less where the image is smaller, of the largest sum."""
    side = min(side, *energy.shape)
    sums = np.pad(energy.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    windows = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    top, left = np.unravel_index(int(windows.argmax()), windows.shape)
    return slice(int(top), int(top) + side), slice(int(left), int(left) + side)
