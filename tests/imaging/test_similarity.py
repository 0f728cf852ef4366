import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import convolve2d
from skimage.metrics import structural_similarity

from dropstudy.errors import DataError
from dropstudy.imaging.arrays import Bytes, to_bytes
from dropstudy.imaging.conventions import PAPER_DENOISE, RGB_8BIT, find_convention, to_levels
from dropstudy.imaging.metrics import ms_ssim, ssim
from dropstudy.imaging.similarity import similarities, similarity
from tests.imaging.examples import bundled_split, flat_image, random_image

LEVEL = 1 / 255


def _blurred_photo(height: int, width: int, channels: int) -> tuple[Bytes, Bytes]:
    """A photograph of faces and text, and what a blur and noise leave of it."""
    clean = next(picture for picture in bundled_split().test if picture.name == "astronaut").clean
    clean = clean[:height, :width, :channels]
    soft = (clean + np.roll(clean.astype(float), 2, axis=0) + np.roll(clean, 2, axis=1)) / 3 / 255
    noise = np.random.default_rng(0).normal(0, 0.04, clean.shape)
    return to_bytes(soft + noise), clean


def test_ssim_of_two_constant_images() -> None:
    """Means 1 and 2, no variance: (2·1·2 + C₁) / (1² + 2² + C₁), C₁ = (0.01·255)²."""
    found = ssim(flat_image(1 * LEVEL, 16), flat_image(2 * LEVEL, 16))
    assert found == pytest.approx(0.9130623777, abs=1e-10)
    assert found == pytest.approx((4 + 2.55**2) / (5 + 2.55**2))


@pytest.mark.parametrize("channels", [1, 3])
def test_ssim_is_the_mean_of_wangs_formula_over_windows_and_channels(channels: int) -> None:
    clean = random_image(24, 31, channels)
    restored = np.clip(clean + 0.2 * random_image(24, 31, channels, seed=1), 0, 1)
    pairs = (np.moveaxis(to_bytes(image).astype(np.float64), -1, 0) for image in (restored, clean))
    by_hand = [_wang_2004(x, y) for x, y in zip(*pairs, strict=True)]
    assert ssim(restored, clean) == pytest.approx(np.mean(by_hand), abs=1e-10)


def _wang_2004(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    places = np.arange(-5, 6)
    window = np.exp(-(places[:, np.newaxis] ** 2 + places**2) / (2 * 1.5**2))
    window /= window.sum()

    def mean(image: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(convolve2d(image, window, mode="valid"))

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_x, mean_y = mean(x), mean(y)
    variances = mean(x * x) - mean_x**2 + mean(y * y) - mean_y**2
    covariance = mean(x * y) - mean_x * mean_y
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float(np.mean(likeness / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))))


@pytest.mark.parametrize("shape", [(11, 11, 1), (16, 16, 1), (40, 23, 3), (300, 181, 3)])
@pytest.mark.parametrize("name", ["rgb-8bit", "paper-denoise", "paper-sr"])
def test_ssim_agrees_with_scikit_image_by_every_convention(
    shape: tuple[int, int, int], name: str
) -> None:
    convention = {
        "rgb-8bit": RGB_8BIT,
        "paper-denoise": PAPER_DENOISE,
        "paper-sr": find_convention("paper-sr", 0 if shape[0] == 11 else 2),
    }[name]
    clean = random_image(*shape)
    restored = clean + 0.3 * random_image(*shape, seed=1) - 0.15
    reference = structural_similarity(
        to_levels(restored, convention),
        to_levels(clean, convention),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
        channel_axis=-1,
    )
    assert ssim(restored, clean, convention=convention) == pytest.approx(reference, abs=1e-9)


def test_ssim_refuses_an_image_smaller_than_its_window() -> None:
    image = random_image(10, 40)
    with pytest.raises(DataError, match=r"an image of 40×10 is smaller than the SSIM window of 11"):
        ssim(image, image)


@pytest.mark.parametrize("shape", [(176, 176, 1), (176, 241, 3), (181, 203, 3), (255, 333, 1)])
def test_ms_ssim_agrees_with_tensorflow(shape: tuple[int, int, int]) -> None:
    """TensorFlow computes in float32, whose variances of 255 levels are off by some 1e-5."""
    import tensorflow as tf

    restored, clean = _blurred_photo(*shape)
    found = ms_ssim(restored, clean)
    assert 0.7 < found < 0.97
    assert found == pytest.approx(float(tf.image.ssim_multiscale(restored, clean, 255)), abs=2e-5)


def test_ms_ssim_of_a_negative_is_0_as_tensorflow_has_it() -> None:
    import tensorflow as tf

    _, clean = _blurred_photo(176, 176, 3)
    assert ms_ssim(255 - clean, clean) == 0
    assert float(tf.image.ssim_multiscale(255 - clean, clean, 255)) == 0


def test_ms_ssim_of_two_constant_images() -> None:
    """Contrast and structure are equal at every scale; luminance counts at the last alone."""
    found = ms_ssim(flat_image(1 * LEVEL, 176), flat_image(2 * LEVEL, 176))
    assert found == pytest.approx(0.9130623777**0.1333, abs=1e-9)


def test_ms_ssim_forgives_fine_noise_that_ssim_does_not() -> None:
    restored, clean = _blurred_photo(200, 200, 3)
    assert ms_ssim(restored, clean) > ssim(restored, clean) + 0.1


def test_both_at_once_are_each_by_itself() -> None:
    restored, clean = (to_levels(image, RGB_8BIT) for image in _blurred_photo(190, 177, 3))
    single, multiple = similarities(restored, clean)
    assert single == similarity(restored, clean)
    assert multiple == ms_ssim(*_blurred_photo(190, 177, 3))


def test_ms_ssim_is_symmetric_and_1_for_equal_images() -> None:
    restored, clean = _blurred_photo(180, 176, 1)
    assert ms_ssim(restored, clean) == pytest.approx(ms_ssim(clean, restored), abs=1e-12)
    assert ms_ssim(clean, clean) == 1
    assert math.isclose(similarities(*[to_levels(clean, RGB_8BIT)] * 2)[0], 1)


@pytest.mark.parametrize(("side", "border"), [(175, 0), (183, 4)])
def test_ms_ssim_refuses_an_image_too_small_for_five_scales(side: int, border: int) -> None:
    image = flat_image(0.5, side)
    text = r"^an image of 175×175 is smaller than the 176×176 that MS-SSIM needs"
    with pytest.raises(DataError, match=text):
        ms_ssim(image, image, convention=find_convention("rgb-8bit", border))
