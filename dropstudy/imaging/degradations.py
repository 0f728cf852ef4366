"""How each task turns a clean image into the network's input."""

import io
from functools import cache
from typing import assert_never

import numpy as np
from PIL import Image
from scipy import ndimage

from dropstudy.config.setting import range_of
from dropstudy.config.task import (
    Blur,
    Compose,
    DefiniteTask,
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
from dropstudy.errors import DataError
from dropstudy.imaging.arrays import Bytes, Floats, to_bytes, to_floats


def degrade(clean: Floats, task: TaskSetting, rng: np.random.Generator) -> Floats:
    """What the network sees of ``clean``.

    Args:
        clean: One image, shape ``(height, width, channels)``, range [0, 1].
        task: Which degradation, how strong.
        rng: Where the degradation's chance comes from.

    Returns:
        The degraded image, shaped alike. Noise is not clipped unless the task says so,
        so values may leave [0, 1].

    Raises:
        DataError: The task is ``given``: there is nothing to apply.
    """
    task = choose_task(task, rng)
    match task:
        case Pixelate():
            return pixelate(clean, task.block)
        case Gaussian():
            noisy = clean + _normals(clean.shape, _draw(task.sigma, rng) / 255, rng)
            return to_floats(to_bytes(noisy)) if task.quantize else noisy
        case Poisson():
            peak = _draw(task.peak, rng)
            photons = rng.poisson(np.maximum(clean, 0) * peak)  # noise before may go below 0
            return np.asarray(photons / peak, dtype=np.float32)
        case Speckle():
            return clean * (1 + _normals(clean.shape, _draw(task.sigma, rng), rng))
        case SaltPepper():
            return _salt_pepper(clean, _draw(task.amount, rng), rng)
        case Jpeg():
            low, high = range_of(task.quality)
            return _compress(clean, int(rng.integers(int(low), int(high) + 1)))
        case Blur():
            return blur(clean, _draw(task.sigma, rng))
        case Grain():
            return clean + _grain(clean.shape, _draw(task.sigma, rng) / 255, task.size, rng)
        case Compose():
            for step in task.steps:
                clean = degrade(clean, step, rng)
            return clean
        case Given():
            raise DataError("the task is 'given', but the data have no degraded images")
        case _:
            assert_never(task)


def choose_task(task: TaskSetting, rng: np.random.Generator) -> DefiniteTask | Given:
    """The degradation that ``rng`` takes next: one of several, or the only one there is.

    ``degrade`` draws the same first, so that a generator that has chosen here goes on there.
    """
    return task.choices[int(rng.integers(len(task.choices)))] if isinstance(task, OneOf) else task


def block_means(image: Floats, block: int) -> Floats:
    """The mean colour of each ``block``×``block`` square; at the far edges of what is left.

    Returns:
        Shape ``(⌈height/block⌉, ⌈width/block⌉, channels)``.
    """
    height, width, channels = image.shape
    if height % block == 0 and width % block == 0:
        # Long inner axes: a mean over axes (1, 3) at once takes six times as long.
        rows_summed = image.reshape(height // block, block, width * channels).sum(axis=1)
        squares = rows_summed.reshape(height // block, width // block, block, channels)
        total = sum((squares[:, :, column] for column in range(1, block)), squares[:, :, 0])
        return np.asarray(total / np.float32(block * block), dtype=np.float32)
    rows, columns = np.arange(0, height, block), np.arange(0, width, block)
    sums = np.add.reduceat(np.add.reduceat(image, rows, axis=0), columns, axis=1)
    counts = np.outer(np.diff(rows, append=height), np.diff(columns, append=width))
    return np.asarray(sums / counts[..., np.newaxis], dtype=np.float32)


def pixelate(image: Floats, block: int) -> Floats:
    """Gives each ``block``×``block`` square its mean colour."""
    means = block_means(image, block)
    whole = np.repeat(np.repeat(means, block, axis=0), block, axis=1)
    return np.ascontiguousarray(whole[: image.shape[0], : image.shape[1]])


def blur(image: Floats, sigma: float) -> Floats:
    """A Gaussian blur of standard deviation ``sigma`` pixels, edges mirrored."""
    return np.asarray(ndimage.gaussian_filter(image, (sigma, sigma, 0), mode="reflect"))


def _draw(value: float | tuple[float, float], rng: np.random.Generator) -> float:
    low, high = range_of(value)
    return low if low == high else float(rng.uniform(low, high))


def _normals(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> Floats:
    noise = rng.standard_normal(shape, dtype=np.float32)
    noise *= np.float32(sigma)
    return noise


def _salt_pepper(clean: Floats, amount: float, rng: np.random.Generator) -> Floats:
    chance = rng.random(clean.shape[:2], dtype=np.float32)
    noisy = clean.copy()
    noisy[chance < amount / 2] = 0
    noisy[chance > 1 - amount / 2] = 1
    return noisy


def _compress(clean: Floats, quality: int) -> Floats:
    pixels: Bytes = to_bytes(clean)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality, subsampling="4:2:0")
    # Pillow's decoder itself: Image.open first asks what the file may be, which takes longer.
    decoded = Image.frombytes(image.mode, image.size, stream.getvalue(), "jpeg", image.mode, "")
    return to_floats(np.asarray(decoded).reshape(clean.shape))


def _grain(shape: tuple[int, ...], sigma: float, size: float, rng: np.random.Generator) -> Floats:
    """Blurred noise, scaled so that its standard deviation is ``sigma`` whatever its size."""
    white = rng.standard_normal(shape[:2], dtype=np.float32)
    grains = ndimage.gaussian_filter(white, size, mode="wrap") / np.float32(_blur_gain(size))
    return np.asarray(grains[..., np.newaxis] * np.float32(sigma))


@cache
def _blur_gain(size: float) -> float:
    """The standard deviation that a Gaussian blur leaves of white noise of 1."""
    impulse = np.zeros(2 * int(4 * size + 0.5) + 1)
    impulse[len(impulse) // 2] = 1
    return float(np.sum(ndimage.gaussian_filter1d(impulse, size, mode="constant") ** 2))
