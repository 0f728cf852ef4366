"""What a training makes small: one number for each image of a batch."""

import math
from collections.abc import Callable
from typing import Any, assert_never

import numpy as np
from keras import ops

from dropstudy.config.training import LossName
from dropstudy.ssim import SSIM_SIGMA, SSIM_WINDOW

Loss = Callable[[Any, Any], Any]
"""From restored and clean images, ``(batch, height, width, channels)``, to ``(batch,)``."""

CHARBONNIER_EPSILON = 1e-3
SSIM_SHARE = 0.84
"""Of the mix with the mean absolute error (Zhao 2017)."""
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of MS-SSIM's five scales, finest first (Wang 2003)."""


def make_loss(name: LossName, *, patch_size: int) -> Loss:
    """The loss of that name.

    Args:
        name: As the config gives it.
        patch_size: Side of a training patch in pixels. MS-SSIM uses as many of its five
            scales as a patch has room for, here and on larger images.
    """
    match name:
        case "mse":
            return lambda restored, clean: _mean(ops.square(restored - clean))
        case "mae":
            return lambda restored, clean: _mean(ops.abs(restored - clean))
        case "charbonnier":
            return lambda restored, clean: _mean(
                ops.sqrt(ops.square(restored - clean) + CHARBONNIER_EPSILON**2)
            )
        case "ssim_mix":
            return _mix_with_ssim(1)
        case "ms_ssim_mix":
            return _mix_with_ssim(count_scales(patch_size))
        case _:
            assert_never(name)


def count_scales(patch_size: int) -> int:
    """How many halvings, plus one, leave a patch as large as SSIM's window; at most 5."""
    return min(len(SCALE_WEIGHTS), 1 + int(math.log2(patch_size / SSIM_WINDOW)))


def multi_scale_ssim(restored: Any, clean: Any, *, scales: int) -> Any:
    """MS-SSIM (Wang 2003) of each image, for values of range [0, 1]; one scale: plain SSIM.

    Each scale is averaged over the channels before the scales are multiplied.
    Negative structure, which has no real power, counts as none. The scales' weights are
    divided by their sum, so that fewer scales keep the exponent 1.

    Args:
        restored: Shape ``(batch, height, width, channels)``, float32.
        clean: Shaped alike.
        scales: How many, from 1 to 5; the last must leave 11 pixels a side.
    """
    weights = np.array(SCALE_WEIGHTS[:scales]) / sum(SCALE_WEIGHTS[:scales])
    product: Any = 1.0
    for scale, weight in enumerate(weights):
        luminance, structure = _ssim_parts(restored, clean)
        is_last = scale == scales - 1
        part = _mean(luminance * structure if is_last else structure)
        if scales == 1:
            return part
        product = product * ops.power(ops.maximum(part, 1e-6), float(weight))
        if not is_last:
            restored, clean = (
                ops.average_pool(images, 2, strides=2) for images in (restored, clean)
            )
    return product


def _mix_with_ssim(scales: int) -> Loss:
    def loss(restored: Any, clean: Any) -> Any:
        similarity = multi_scale_ssim(restored, clean, scales=scales)
        error = _mean(ops.abs(restored - clean))
        return SSIM_SHARE * (1 - similarity) + (1 - SSIM_SHARE) * error

    return loss


def _mean(values: Any) -> Any:
    return ops.mean(values, axis=(1, 2, 3))


def _ssim_parts(first: Any, second: Any) -> tuple[Any, Any]:
    """SSIM's luminance and contrast-structure maps, where the window fits whole."""
    channels = first.shape[-1]
    offsets = np.arange(SSIM_WINDOW) - SSIM_WINDOW // 2
    line = np.exp(-(offsets**2) / (2 * SSIM_SIGMA**2))
    line /= line.sum()
    kernels = [
        ops.convert_to_tensor(np.tile(line.reshape(shape), (1, 1, channels, 1)), "float32")
        for shape in ((-1, 1, 1, 1), (1, -1, 1, 1))
    ]

    def smooth(images: Any) -> Any:
        for kernel in kernels:
            images = ops.depthwise_conv(images, kernel, padding="valid")
        return images

    mean_1, mean_2 = smooth(first), smooth(second)
    variance_1 = smooth(first * first) - mean_1 * mean_1
    variance_2 = smooth(second * second) - mean_2 * mean_2
    covariance = smooth(first * second) - mean_1 * mean_2
    steady_1, steady_2 = 0.01**2, 0.03**2
    luminance = (2 * mean_1 * mean_2 + steady_1) / (mean_1**2 + mean_2**2 + steady_1)
    structure = (2 * covariance + steady_2) / (variance_1 + variance_2 + steady_2)
    return luminance, structure
