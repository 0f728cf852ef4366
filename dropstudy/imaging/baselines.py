"""The classical method for each task: what a network has to beat."""

from typing import assert_never

import numpy as np
from scipy import ndimage

from dropstudy.config.setting import range_of
from dropstudy.config.task import (
    Blur,
    Compose,
    Gaussian,
    Given,
    Grain,
    Jpeg,
    OneOf,
    Pixelate,
    Poisson,
    SaltPepper,
    Speckle,
    TaskSetting,
)
from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.degradations import block_means

RICHARDSON_LUCY_STEPS = 10


def describe_baseline(task: TaskSetting) -> str:
    """The name of the classical method for ``task``, as captions give it."""
    match task:
        case Pixelate():
            return "cubic"
        case Gaussian() | Poisson() | Speckle() | Grain():
            return "non-local means"
        case SaltPepper() | Given():
            return "median 3x3"
        case Jpeg():
            return "total variation"
        case Blur():
            return "Richardson-Lucy"
        case Compose():
            return ", ".join(dict.fromkeys(describe_baseline(step) for step in task.steps[::-1]))
        case OneOf():
            return " or ".join(dict.fromkeys(map(describe_baseline, task.choices)))
        case _:
            assert_never(task)


def restore_classically(degraded: Floats, task: TaskSetting) -> Floats:
    """Restores an image without learning.

    The method is told the task, as a user of it would be: the block of a pixelation, the
    mean strength of a noise or blur. For several degradations in a row the methods are
    applied in reverse order. Of ``one_of`` several the caller says which it was, by giving that
    one; an image of unknown degradation is left as it is.

    Args:
        degraded: One image, shape ``(height, width, channels)``, range about [0, 1].
        task: How it was degraded.

    Returns:
        The restored image, shaped alike.
    """
    match task:
        case Pixelate():
            return _interpolate(degraded, task.block)
        case Gaussian() | Grain():
            return _non_local_means(degraded, _middle(task.sigma) / 255)
        case Poisson():
            return _non_local_means(
                degraded, float(np.sqrt(max(degraded.mean(), 0) / _middle(task.peak)))
            )
        case Speckle():
            power = float(np.sqrt(np.mean(np.square(degraded))))
            return _non_local_means(degraded, _middle(task.sigma) * power)
        case SaltPepper() | Given():
            return np.asarray(ndimage.median_filter(degraded, size=(3, 3, 1), mode="reflect"))
        case Jpeg():
            return _smooth_total_variation(degraded, 0.5 / _middle(task.quality))
        case Blur():
            return _sharpen(degraded, _middle(task.sigma))
        case Compose():
            for step in task.steps[::-1]:
                degraded = restore_classically(degraded, step)
            return degraded
        case OneOf():
            return degraded
        case _:
            assert_never(task)


def _middle(value: float | tuple[float, float]) -> float:
    return sum(range_of(value)) / 2


def _interpolate(degraded: Floats, block: int) -> Floats:
    """Cubic spline through the block means, each placed at a whole block's centre."""
    means = block_means(degraded, block)
    rows, columns = ((np.arange(size) + 0.5) / block - 0.5 for size in degraded.shape[:2])
    places = np.meshgrid(rows, columns, indexing="ij")
    channels = [
        ndimage.map_coordinates(means[..., channel], places, order=3, mode="nearest")
        for channel in range(degraded.shape[-1])
    ]
    return np.stack(channels, axis=-1).astype(np.float32)


def _non_local_means(noisy: Floats, sigma: float) -> Floats:
    """Buades 2005, with the weights' width that scikit-image advises for a known sigma."""
    from skimage.restoration import denoise_nl_means

    if sigma <= 0:
        return noisy
    restored = denoise_nl_means(
        noisy,
        patch_size=5,
        patch_distance=6,
        h=0.8 * sigma,
        sigma=sigma,
        fast_mode=True,
        channel_axis=-1,
    )
    return np.asarray(restored, dtype=np.float32).reshape(noisy.shape)  # drops a sole channel


def _smooth_total_variation(image: Floats, weight: float) -> Floats:
    from skimage.restoration import denoise_tv_chambolle

    restored = denoise_tv_chambolle(image, weight=weight, channel_axis=-1)
    return np.asarray(restored, dtype=np.float32)


def _sharpen(blurred: Floats, sigma: float) -> Floats:
    """Richardson–Lucy deconvolution with the blur's own kernel."""
    from skimage.restoration import richardson_lucy

    radius = int(4 * sigma + 0.5)
    impulse = np.zeros((2 * radius + 1, 2 * radius + 1))
    impulse[radius, radius] = 1
    kernel = ndimage.gaussian_filter(impulse, sigma, mode="constant")
    edge = 2 * radius  # beyond it the zeros outside are felt
    padded = np.pad(np.clip(blurred, 0, 1), ((edge, edge), (edge, edge), (0, 0)), mode="symmetric")
    restored = np.stack(
        [
            richardson_lucy(padded[..., channel], kernel, num_iter=RICHARDSON_LUCY_STEPS)
            for channel in range(blurred.shape[-1])
        ],
        axis=-1,
    )
    height, width = blurred.shape[:2]
    return restored[edge : edge + height, edge : edge + width].astype(np.float32)
