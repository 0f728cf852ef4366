"""How close a restored image is to the clean one, by stated conventions.

Every image has shape ``(height, width, channels)`` and is of bytes, or floats of range about
[0, 1]; a restored image is shaped as its clean one.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dropstudy.errors import DataError
from dropstudy.imaging.conventions import RGB_8BIT, Convention, Levels, to_levels
from dropstudy.imaging.similarity import MULTISCALE_SIDE, similarities, similarity
from dropstudy.ssim import SSIM_WINDOW

ACCURACY_MARGIN = 8
"""Levels of 255 by which a value may be off and still count as restored."""

Pixels = NDArray[Any]


@dataclass(frozen=True)
class Scores:
    """One restored image against its clean one, as a training scores it after each epoch.

    Attributes:
        psnr: Peak signal-to-noise ratio in dB; infinite for equal images.
        ssim: Structural similarity, 1 for equal images.
        accuracy: Share of values within 8 levels of 255.
    """

    psnr: float
    ssim: float
    accuracy: float


@dataclass(frozen=True)
class FullScores:
    """One restored image against its clean one, by every metric.

    Attributes:
        psnr: Peak signal-to-noise ratio in dB; infinite for equal images.
        ssim: Structural similarity; None where a side is below 11 pixels.
        ms_ssim: The same over five scales; None where a side is below 176 pixels.
        mae: Mean absolute error in levels of 255.
        rmse: Root of the mean squared error in levels of 255.
        accuracy: Share of values within 8 levels of 255.
    """

    psnr: float
    ssim: float | None
    ms_ssim: float | None
    mae: float
    rmse: float
    accuracy: float


def score(restored: Pixels, clean: Pixels, *, convention: Convention = RGB_8BIT) -> Scores:
    """The scores of one image that a training follows.

    Raises:
        DataError: The image is smaller than SSIM's window.
    """
    pair = to_levels(restored, convention), to_levels(clean, convention)
    return Scores(_psnr(*pair), _ssim(*pair), _accuracy(*pair))


def score_fully(restored: Pixels, clean: Pixels, *, convention: Convention) -> FullScores:
    """All scores of one image, those apart for which it is too small.

    Raises:
        DataError: The convention's border leaves nothing of the image.
    """
    pair = to_levels(restored, convention), to_levels(clean, convention)
    side = min(pair[0].shape[:2])
    ssim_value, ms_ssim_value = None, None
    if side >= MULTISCALE_SIDE:
        ssim_value, ms_ssim_value = similarities(*pair)
    elif side >= SSIM_WINDOW:
        ssim_value = similarity(*pair)
    return FullScores(
        _psnr(*pair), ssim_value, ms_ssim_value, _mae(*pair), _rmse(*pair), _accuracy(*pair)
    )


def psnr(restored: Pixels, clean: Pixels, *, convention: Convention = RGB_8BIT) -> float:
    """Peak signal-to-noise ratio of one image in dB, from a float64 mean over all channels.

    Returns:
        10·log₁₀(255²/MSE): infinite for equal images, which no mean should include.
    """
    return _psnr(to_levels(restored, convention), to_levels(clean, convention))


def ssim(restored: Pixels, clean: Pixels, *, convention: Convention = RGB_8BIT) -> float:
    """Structural similarity (Wang 2004) of one image, averaged over channels.

    A Gaussian window of 11×11 and σ = 1.5, population covariance, data range 255.

    Raises:
        DataError: The image is smaller than the window.
    """
    return _ssim(to_levels(restored, convention), to_levels(clean, convention))


def ms_ssim(restored: Pixels, clean: Pixels, *, convention: Convention = RGB_8BIT) -> float:
    """Structural similarity over five scales (Wang 2003) of one image, averaged over channels.

    Raises:
        DataError: A side is below 176 pixels: the coarsest scale holds no window.
    """
    pair = to_levels(restored, convention), to_levels(clean, convention)
    _check_sides(pair[1], MULTISCALE_SIDE, "the 176×176 that MS-SSIM needs for five scales")
    return similarities(*pair)[1]


def mae(restored: Pixels, clean: Pixels, *, convention: Convention = RGB_8BIT) -> float:
    """The mean absolute error of one image, in levels of 255."""
    return _mae(to_levels(restored, convention), to_levels(clean, convention))


def rmse(restored: Pixels, clean: Pixels, *, convention: Convention = RGB_8BIT) -> float:
    """The root of the mean squared error of one image, in levels of 255."""
    return _rmse(to_levels(restored, convention), to_levels(clean, convention))


def accuracy(restored: Pixels, clean: Pixels, *, convention: Convention = RGB_8BIT) -> float:
    """The share of values that are at most 8 levels of 255 off."""
    return _accuracy(to_levels(restored, convention), to_levels(clean, convention))


def _psnr(first: Levels, second: Levels) -> float:
    error = float(np.mean(np.square(first - second)))
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def _ssim(first: Levels, second: Levels) -> float:
    _check_sides(second, SSIM_WINDOW, f"the SSIM window of {SSIM_WINDOW}×{SSIM_WINDOW}")
    return similarity(first, second)


def _mae(first: Levels, second: Levels) -> float:
    return float(np.mean(np.abs(first - second)))


def _rmse(first: Levels, second: Levels) -> float:
    return float(np.sqrt(np.mean(np.square(first - second))))


def _accuracy(first: Levels, second: Levels) -> float:
    margin = ACCURACY_MARGIN + 1e-3  # 32-bit floats hold a level to a 50,000th
    return float(np.mean(np.abs(first - second) <= margin))


def _check_sides(levels: Levels, least: int, what: str) -> None:
    height, width = levels.shape[:2]
    if min(height, width) < least:
        raise DataError(f"an image of {width}×{height} is smaller than {what}")
