"""Structural similarity, at one scale (Wang 2004) and over five (Wang 2003)."""

import numpy as np
from numpy.typing import NDArray

from dropstudy.imaging.conventions import Levels
from dropstudy.ssim import SSIM_SIGMA, SSIM_WINDOW

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""The weight of each scale of MS-SSIM, from the image itself to a sixteenth of it."""

MULTISCALE_SIDE = SSIM_WINDOW * 2 ** (len(SCALE_WEIGHTS) - 1)
"""The smallest side, in pixels, of which the coarsest scale still holds a window."""

_LUMINANCE_FLOOR = (0.01 * 255) ** 2
_CONTRAST_FLOOR = (0.03 * 255) ** 2

_Plane = NDArray[np.float64]


def similarity(first: Levels, second: Levels) -> float:
    """SSIM of two images whose sides are at least 11.

    A Gaussian window of 11×11 and σ = 1.5 wherever it lies within the image, population
    covariance, data range 255, mean over channels.
    """
    return float(np.mean([_compare(*planes)[0] for planes in _by_channel(first, second)]))


def similarities(first: Levels, second: Levels) -> tuple[float, float]:
    """SSIM and MS-SSIM of two images whose sides are at least 176.

    MS-SSIM takes contrast and structure of every scale and luminance of the coarsest; each
    scale halves the one before by means of 2×2 pixels. A negative similarity of a scale
    counts as 0. Mean over channels.
    """
    pairs = [_compare_scales(*planes) for planes in _by_channel(first, second)]
    single, multiple = np.mean(pairs, axis=0)
    return float(single), float(multiple)


def _by_channel(first: Levels, second: Levels) -> list[tuple[_Plane, _Plane]]:
    """One channel at a time takes half the time: it stays in the processor's cache."""
    return [
        (np.ascontiguousarray(first[..., channel]), np.ascontiguousarray(second[..., channel]))
        for channel in range(first.shape[-1])
    ]


def _compare_scales(first: _Plane, second: _Plane) -> tuple[float, float]:
    compared = [_compare(first, second)]
    for _ in SCALE_WEIGHTS[1:]:
        first, second = _halve(first), _halve(second)
        compared.append(_compare(first, second))
    factors = [contrast for _, contrast in compared[:-1]] + [compared[-1][0]]
    return compared[0][0], float(np.prod(np.maximum(factors, 0) ** np.array(SCALE_WEIGHTS)))


def _compare(first: _Plane, second: _Plane) -> tuple[float, float]:
    """The mean over windows of similarity, and of its contrast and structure alone."""
    mean_first, mean_second = _average(first), _average(second)
    product, squares = mean_first * mean_second, mean_first**2 + mean_second**2
    covariance = _average(first * second) - product
    variances = _average(first**2 + second**2) - squares
    contrast = (2 * covariance + _CONTRAST_FLOOR) / (variances + _CONTRAST_FLOOR)
    luminance = (2 * product + _LUMINANCE_FLOOR) / (squares + _LUMINANCE_FLOOR)
    return float(np.mean(luminance * contrast)), float(np.mean(contrast))


def _average(plane: _Plane) -> _Plane:
    """The Gaussian mean of every window that lies within the plane."""
    from scipy.ndimage import correlate1d

    radius = SSIM_WINDOW // 2
    window = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * SSIM_SIGMA**2))
    window /= window.sum()
    rows = correlate1d(plane, window, axis=1)[:, radius:-radius]
    return np.asarray(correlate1d(rows, window, axis=0)[radius:-radius])


def _halve(plane: _Plane) -> _Plane:
    height, width = plane.shape
    even = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
