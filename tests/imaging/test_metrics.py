import math
from importlib import resources

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import convolve2d
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from dropstudy.errors import DataError
from dropstudy.imaging.arrays import Floats, to_bytes, to_floats
from dropstudy.imaging.metrics import (
    PAPER_DENOISE,
    Convention,
    Scores,
    accuracy,
    luma,
    psnr,
    score,
    ssim,
)
from dropstudy.imaging.reading import read_image
from tests.imaging.examples import flat_image, random_image

ON_LUMA = Convention("y", rounded=False, luma=True)
LEVEL = 1 / 255


def test_psnr_of_a_constant_difference_of_one_level() -> None:
    assert psnr(flat_image(0.4), flat_image(0.4 + LEVEL)) == pytest.approx(48.1308, abs=5e-5)


def test_psnr_of_black_against_white_is_zero() -> None:
    assert psnr(flat_image(0), flat_image(1)) == 0


def test_psnr_of_the_noisy_cameraman_is_that_of_ipol() -> None:
    """22.409353363576034 dB, to which scikit-image holds its own function."""
    with resources.as_file(resources.files("dropstudy") / "assets/photos/camera_g.webp") as path:
        camera = read_image(path, "grey")
    noise = np.random.RandomState(5).randn(*camera.shape)
    noisy = np.clip(camera + 20 * noise, 0, 255).astype(np.uint8)
    assert psnr(to_floats(noisy), to_floats(camera)) == pytest.approx(22.409353, abs=1e-6)


def test_psnr_is_infinite_for_equal_images_and_for_less_than_half_a_level_between_them() -> None:
    clean = flat_image(101 * LEVEL)
    assert psnr(clean, clean) == math.inf
    # Truncated instead of rounded, 100.6 would be 100: a whole level off, 48.13 dB.
    assert psnr(flat_image(100.6 * LEVEL), clean) == math.inf


def test_psnr_clips_what_leaves_the_range_unless_the_convention_leaves_it() -> None:
    assert psnr(flat_image(1.5), flat_image(1)) == math.inf
    assert psnr(flat_image(1.1), flat_image(1), convention=PAPER_DENOISE) == pytest.approx(
        20, abs=1e-4
    )


def test_psnr_leaves_a_border_out_when_the_convention_says_so() -> None:
    restored, clean = random_image(20, 20), random_image(20, 20)
    restored[:3] = restored[:, -3:] = 0
    assert psnr(restored, clean) < 30
    assert psnr(restored, clean, convention=Convention("border", border=3)) == math.inf


def _kair_noise(sigma: float, side: int) -> Floats:
    """As KAIR's tests add it: the generator is seeded with 0 for each image."""
    noise = np.random.RandomState(0).normal(0, sigma / 255, (side, side, 1))
    return noise.astype(np.float32)


@pytest.mark.parametrize(("side", "level"), [(256, 20.213), (512, 20.186)])
def test_kairs_grey_noise_of_sigma_25_has_its_level_whatever_the_image(
    side: int, level: float
) -> None:
    for clean in (flat_image(0.5, side, 1), random_image(side, side, 1)):
        noisy = clean + _kair_noise(25, side)
        assert psnr(noisy, clean, convention=PAPER_DENOISE) == pytest.approx(level, abs=5e-4)


@pytest.mark.parametrize(("sigma", "published"), [(15, 24.639), (25, 20.202), (50, 14.181)])
def test_kairs_noise_on_set12_has_its_published_mean_levels(sigma: float, published: float) -> None:
    """Set12 holds seven images of 256×256 and five of 512×512."""
    small, large = (
        psnr(_kair_noise(sigma, side), flat_image(0, side, 1), convention=PAPER_DENOISE)
        for side in (256, 512)
    )
    assert (7 * small + 5 * large) / 12 == pytest.approx(published, abs=1e-3)


def test_independent_noise_gains_4_819_db_when_it_is_read_on_luma() -> None:
    """Luma takes 65.481 R + 128.553 G + 24.966 B over 255, so variances by the squares."""
    gain = -10 * math.log10((65.481**2 + 128.553**2 + 24.966**2) / 255**2)
    assert gain == pytest.approx(4.819, abs=5e-4)
    clean = flat_image(0.5, 512)
    noise = np.random.default_rng(0).normal(0, 0.1, clean.shape).astype(np.float32)
    on_rgb, on_luma = (
        psnr(clean + noise, clean, convention=convention) for convention in (PAPER_DENOISE, ON_LUMA)
    )
    assert on_luma - on_rgb == pytest.approx(gain, abs=0.03)


def test_luma_takes_nothing_from_an_image_that_is_grey_already() -> None:
    noisy, clean = random_image(16, 16, 1), random_image(16, 16, 1, seed=1)
    assert psnr(noisy, clean, convention=ON_LUMA) == psnr(noisy, clean, convention=PAPER_DENOISE)


@pytest.mark.parametrize(("colour", "level"), [(1.0, 235), (0.0, 16)])
def test_luma_runs_from_16_to_235(colour: float, level: int) -> None:
    y = luma(flat_image(colour, 2))
    assert y.shape == (2, 2, 1)
    assert y == pytest.approx(level * LEVEL)


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
    assert ssim(restored, clean) == pytest.approx(np.mean(by_hand), abs=1e-6)


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
    similarity = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float(np.mean(similarity / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))))


@pytest.mark.parametrize("shape", [(16, 16, 1), (40, 23, 3)])
def test_scores_agree_with_scikit_image(shape: tuple[int, int, int]) -> None:
    first, second = random_image(*shape), random_image(*shape, seed=1)
    scores = score(first, second)
    pixels = to_bytes(second), to_bytes(first)
    assert scores.psnr == pytest.approx(peak_signal_noise_ratio(*pixels), abs=1e-6)
    reference = structural_similarity(
        *pixels, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, channel_axis=-1
    )
    assert scores.ssim == pytest.approx(reference, abs=1e-6)


def test_equal_images_have_the_highest_scores() -> None:
    image = random_image(16, 16)
    assert score(image, image) == Scores(psnr=math.inf, ssim=1.0, accuracy=1.0)


def test_ssim_refuses_an_image_smaller_than_its_window() -> None:
    image = random_image(10, 40)
    with pytest.raises(DataError, match=r"an image of 40×10 is smaller than the SSIM window of 11"):
        ssim(image, image)


def test_accuracy_counts_exactly_the_values_within_8_levels() -> None:
    clean = flat_image(100 * LEVEL, 10, 1)
    offsets = np.array([-100, -9, -8, -1, 0, 1, 8, 9, 100, 155]).reshape(1, 10, 1)
    restored = clean + (offsets * LEVEL).astype(np.float32)
    assert accuracy(restored, clean) == 0.5
    assert accuracy(clean, restored) == 0.5
