"""How close a restored image is to the clean one, by stated conventions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dropstudy.config.training import SSIM_SIGMA, SSIM_WINDOW
from dropstudy.errors import DataError
from dropstudy.imaging.arrays import Floats, to_bytes

ACCURACY_MARGIN = 8
"""Levels of 255 by which a value may be off and still count as restored."""


@dataclass(frozen=True)
class Convention:
    """What is done to two images before they are compared.

    Attributes:
        name: What a table says beside the number.
        rounded: Whether both are clipped to [0, 1] and rounded to 8 bits.
        luma: Whether only BT.601 luma (16–235) counts.
        border: Pixels left out along each edge.
    """

    name: str
    rounded: bool = True
    luma: bool = False
    border: int = 0


RGB_8BIT = Convention("rgb-8bit")
PAPER_DENOISE = Convention("paper-denoise", rounded=False)


@dataclass(frozen=True)
class Scores:
    """One restored image against its clean one.

    Attributes:
        psnr: Peak signal-to-noise ratio in dB; infinite for equal images.
        ssim: Structural similarity, 1 for equal images.
        accuracy: Share of values within 8 levels of 255.
    """

    psnr: float
    ssim: float
    accuracy: float


def score(restored: Floats, clean: Floats) -> Scores:
    """All scores of one image, by the convention ``rgb-8bit``."""
    return Scores(psnr(restored, clean), ssim(restored, clean), accuracy(restored, clean))


def psnr(restored: Floats, clean: Floats, *, convention: Convention = RGB_8BIT) -> float:
    """Peak signal-to-noise ratio of one image in dB, from a float64 mean over all channels.

    Args:
        restored: Shape ``(height, width, channels)``, range about [0, 1].
        clean: Shaped alike.
        convention: What is done to both before.

    Returns:
        10·log₁₀(1/MSE): infinite for equal images, which no mean should include.
    """
    first, second = (_prepare(image, convention) for image in (restored, clean))
    error = float(np.mean(np.square(first - second)))
    return float(10 * np.log10(1 / error)) if error else float("inf")


def ssim(restored: Floats, clean: Floats) -> float:
    """Structural similarity (Wang 2004) of one image, on 8 bits, averaged over channels.

    A Gaussian window of 11×11 and σ = 1.5, population covariance, data range 255.

    Raises:
        DataError: The image is smaller than the window.
    """
    from skimage.metrics import structural_similarity

    if min(clean.shape[:2]) < SSIM_WINDOW:
        raise DataError(
            f"an image of {clean.shape[1]}×{clean.shape[0]} is smaller than "
            f"the SSIM window of {SSIM_WINDOW}×{SSIM_WINDOW}"
        )
    return float(
        structural_similarity(
            to_bytes(restored),
            to_bytes(clean),
            gaussian_weights=True,
            sigma=SSIM_SIGMA,
            use_sample_covariance=False,
            data_range=255,
            channel_axis=-1,
        )
    )


def accuracy(restored: Floats, clean: Floats) -> float:
    """The share of values that are at most 8 levels of 255 off."""
    difference = to_bytes(restored).astype(np.int16) - to_bytes(clean)
    return float(np.mean(np.abs(difference) <= ACCURACY_MARGIN))


def luma(image: NDArray[np.floating]) -> NDArray[np.float64]:
    """BT.601 luma of range 16/255 to 235/255, shape ``(height, width, 1)``."""
    weights = np.array([65.481, 128.553, 24.966]) / 255
    return (image.astype(np.float64) @ weights + 16 / 255)[..., np.newaxis]


def _prepare(image: Floats, convention: Convention) -> NDArray[np.float64]:
    values = to_bytes(image) / 255.0 if convention.rounded else image.astype(np.float64)
    if convention.luma and image.shape[-1] == 3:
        values = luma(values)
    border = convention.border
    return values[border:-border, border:-border] if border else values
