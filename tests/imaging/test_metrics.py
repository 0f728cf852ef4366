import math
from dataclasses import asdict
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from dropstudy.imaging.arrays import Bytes, Floats, to_bytes, to_floats
from dropstudy.imaging.conventions import PAPER_DENOISE, RGB_8BIT, Convention, find_convention
from dropstudy.imaging.metrics import (
    FullScores,
    Scores,
    accuracy,
    mae,
    ms_ssim,
    psnr,
    rmse,
    score,
    score_fully,
    ssim,
)
from dropstudy.imaging.reading import read_image
from tests.imaging.examples import flat_image, random_image

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


def test_accuracy_counts_exactly_the_values_within_8_levels() -> None:
    clean = flat_image(100 * LEVEL, 10, 1)
    offsets = np.array([-100, -9, -8, -1, 0, 1, 8, 9, 100, 155]).reshape(1, 10, 1)
    restored = clean + (offsets * LEVEL).astype(np.float32)
    assert accuracy(restored, clean) == 0.5
    assert accuracy(clean, restored) == 0.5


def test_accuracy_of_floats_counts_a_difference_of_exactly_8_levels() -> None:
    """32-bit floats hold 8/255 as a little more or less than 8 levels."""
    levels = np.arange(248, dtype=np.float32).reshape(8, 31, 1)
    clean, restored = levels * np.float32(LEVEL), (levels + 8) * np.float32(LEVEL)
    assert accuracy(restored, clean, convention=PAPER_DENOISE) == 1
    assert accuracy(restored + LEVEL, clean, convention=PAPER_DENOISE) == 0


def test_errors_are_told_in_levels_of_255() -> None:
    clean = flat_image(0.5, 10, 1)
    restored = clean.copy()
    restored[:5] += 10 * LEVEL
    restored[5:] -= 20 * LEVEL
    assert mae(restored, clean) == pytest.approx(15)
    assert rmse(restored, clean) == pytest.approx(math.sqrt((100 + 400) / 2))


CONVENTIONS = [RGB_8BIT, PAPER_DENOISE, find_convention("paper-sr", 2)]


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda convention: convention.name)
def test_every_metric_takes_the_convention(convention: Convention) -> None:
    clean = random_image(180, 182)
    restored = clean + 0.2 * random_image(180, 182, seed=1) - 0.1
    whole = FullScores(
        *(
            metric(restored, clean, convention=convention)
            for metric in (psnr, ssim, ms_ssim, mae, rmse, accuracy)
        )
    )
    assert score_fully(restored, clean, convention=convention) == whole
    part = Scores(whole.psnr, whole.ssim or 0, whole.accuracy)
    assert score(restored, clean, convention=convention) == part


def test_no_two_conventions_agree_on_pixels_that_leave_the_range() -> None:
    clean = random_image(180, 180)
    restored = clean + 0.4 * random_image(180, 180, seed=1) - 0.2
    found = [score_fully(restored, clean, convention=convention) for convention in CONVENTIONS]
    for name in ("psnr", "ssim", "ms_ssim", "mae", "rmse", "accuracy"):
        assert len({round(getattr(scores, name), 4) for scores in found}) == 3, name


def test_an_image_too_small_for_a_similarity_has_none() -> None:
    sides = {
        side: score_fully(flat_image(0, side), flat_image(0.1, side), convention=RGB_8BIT)
        for side in (10, 11, 175, 176)
    }
    assert [scores.ssim is None for scores in sides.values()] == [True, False, False, False]
    assert [scores.ms_ssim is None for scores in sides.values()] == [True, True, True, False]
    assert len({scores.psnr for scores in sides.values()}) == 1


pairs_of_bytes = arrays(np.uint8, (2, 11, 12, 3))


@given(pairs_of_bytes)
def test_scores_are_symmetric_bounded_and_tied_to_each_other(pair: Bytes) -> None:
    for convention in CONVENTIONS[:2]:
        there = score_fully(*pair, convention=convention)
        back = score_fully(*pair[::-1], convention=convention)
        assert asdict(there) == pytest.approx(asdict(back))
        assert there.mae <= there.rmse * (1 + 1e-12) <= 255 * (1 + 1e-12)
        assert there.ssim is not None
        assert -1 <= there.ssim <= 1
        assert math.isinf(there.psnr) == (there.rmse == 0) == np.array_equal(*pair)
        if there.rmse:
            assert there.psnr == pytest.approx(20 * math.log10(255 / there.rmse))


@given(pairs_of_bytes)
def test_pixels_of_8_bits_score_the_same_rounded_or_not(pair: Bytes) -> None:
    rounded = score_fully(*pair, convention=RGB_8BIT)
    assert score_fully(*pair, convention=PAPER_DENOISE) == rounded
    assert asdict(score_fully(*map(to_floats, pair), convention=RGB_8BIT)) == asdict(rounded)


@given(
    arrays(np.int16, (6, 5, 3), elements=st.integers(-255, 255)).filter(lambda error: error.any()),
    st.floats(1.01, 10),
)
def test_a_larger_error_has_a_lower_psnr_by_its_ratio_in_db(
    error: NDArray[np.int16], ratio: float
) -> None:
    clean = np.zeros(error.shape)
    small, large = (
        psnr(error * factor, clean, convention=PAPER_DENOISE) for factor in (LEVEL, LEVEL * ratio)
    )
    assert small - large == pytest.approx(20 * math.log10(ratio), abs=1e-9)
