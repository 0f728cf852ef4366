import io
import math

import numpy as np
import pytest
from PIL import Image

from dropstudy.errors import DataError
from dropstudy.imaging.arrays import Bytes, Floats, to_bytes, to_floats
from dropstudy.imaging.degradations import (
    block_means,
    blur,
    choose_task,
    degrade,
    pixelate,
)
from tests.imaging.examples import APPLIED_KINDS, KINDS, flat_image, make_task, random_image


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_task_has_a_test_in_this_file(kind: str) -> None:
    assert any(name.startswith(f"test_{kind}_") for name in globals())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", APPLIED_KINDS)
def test_a_degraded_image_is_a_function_of_image_task_and_generator(
    kind: str, channels: int
) -> None:
    task, clean = make_task(kind), random_image(19, 26, channels)
    untouched = clean.copy()
    first, again, other = (degrade(clean, task, _rng(seed)) for seed in (0, 0, 1))
    assert first.shape == clean.shape
    assert first.dtype == np.float32
    assert np.array_equal(first, again)
    assert np.array_equal(clean, untouched)
    assert not np.array_equal(first, clean)
    has_chance = kind not in ("pixelate", "blur", "jpeg", "compose")
    assert np.array_equal(first, other) != has_chance


@pytest.mark.parametrize(("height", "width"), [(8, 12), (10, 7), (3, 2), (4, 13)])
def test_pixelate_gives_each_square_the_mean_of_what_it_covers(height: int, width: int) -> None:
    image = random_image(height, width)
    expected = image.copy()
    for top in range(0, height, 4):
        for left in range(0, width, 4):
            square = np.s_[top : top + 4, left : left + 4]
            expected[square] = image[square].mean(axis=(0, 1))
    assert np.allclose(degrade(image, make_task("pixelate", block=4), _rng()), expected, atol=1e-6)


def test_pixelate_keeps_the_mean_and_changes_nothing_the_second_time() -> None:
    image = random_image(24, 16)
    once = pixelate(image, 8)
    assert once.mean() == pytest.approx(image.mean(), abs=1e-6)
    assert np.allclose(pixelate(once, 8), once, atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(8, 12), (9, 13)])
def test_pixelate_draws_one_value_for_each_whole_or_partial_block(height: int, width: int) -> None:
    means = block_means(random_image(height, width), 4)
    assert means.shape == (math.ceil(height / 4), math.ceil(width / 4), 3)


def test_gaussian_noise_has_mean_zero_and_its_standard_deviation_on_the_255_scale() -> None:
    noise = 255 * (degrade(flat_image(0.5, 512), make_task("gaussian", sigma=25), _rng()) - 0.5)
    assert noise.mean() == pytest.approx(0, abs=4 * 25 / math.sqrt(noise.size))
    assert noise.std() == pytest.approx(25, rel=0.003)


def test_gaussian_noise_is_not_clipped() -> None:
    noisy = degrade(flat_image(1.0), make_task("gaussian", sigma=25), _rng())
    assert np.mean(noisy > 1) == pytest.approx(0.5, abs=0.01)


def test_gaussian_noise_is_clipped_and_rounded_to_8_bits_when_quantized() -> None:
    clean, sigma = random_image(32, 32), 60.0
    noisy = degrade(clean, make_task("gaussian", sigma=sigma), _rng())
    quantized = degrade(clean, make_task("gaussian", sigma=sigma, quantize=True), _rng())
    levels = np.round(255 * np.clip(noisy, 0, 1))
    assert np.allclose(255 * quantized, levels, atol=1e-4)


@pytest.mark.parametrize("ends", [(10.0, 40.0), (40.0, 10.0)])
def test_gaussian_noise_of_a_range_draws_a_strength_for_each_image(
    ends: tuple[float, float],
) -> None:
    task = make_task("gaussian", sigma=ends)
    drawn = [255 * degrade(flat_image(0, 64), task, _rng(seed)).std() for seed in range(60)]
    assert 9.5 < min(drawn) < 13
    assert 37 < max(drawn) < 41
    assert np.mean(drawn) == pytest.approx(25, abs=4)


@pytest.mark.parametrize("value", [0.1, 0.5, 1.0])
def test_poisson_noise_counts_photons_so_that_its_variance_is_the_value_over_the_peak(
    value: float,
) -> None:
    counted = degrade(flat_image(value), make_task("poisson", peak=30), _rng())
    assert counted.mean() == pytest.approx(value, rel=0.01)
    assert counted.var() == pytest.approx(value / 30, rel=0.02)
    assert np.allclose(30 * counted, np.round(30 * counted), atol=1e-4)


def test_speckle_noise_grows_in_proportion_to_the_pixel() -> None:
    clean = np.concatenate([flat_image(value, 128) for value in (0.0, 0.2, 0.8)])
    black, dark, bright = np.split(degrade(clean, make_task("speckle", sigma=0.25), _rng()), 3)
    assert not black.any()
    assert dark.std() == pytest.approx(0.25 * 0.2, rel=0.02)
    assert bright.std() == pytest.approx(0.25 * 0.8, rel=0.02)
    assert bright.mean() == pytest.approx(0.8, rel=0.01)


def test_salt_pepper_changes_its_share_of_pixels_half_to_black_and_half_to_white() -> None:
    share, side = 0.1, 256
    clean = np.clip(random_image(side, side), 0.2, 0.8)
    noisy = degrade(clean, make_task("salt_pepper", amount=share), _rng())
    black, white = np.all(noisy == 0, axis=-1), np.all(noisy == 1, axis=-1)
    assert np.array_equal(noisy[~(black | white)], clean[~(black | white)])
    for turned in (black, white):
        deviation = math.sqrt(side**2 * share / 2 * (1 - share / 2))
        assert turned.sum() == pytest.approx(side**2 * share / 2, abs=4 * deviation)


def test_salt_pepper_of_share_one_leaves_black_and_white_alone() -> None:
    noisy = degrade(flat_image(0.5, 64), make_task("salt_pepper", amount=1.0), _rng())
    assert set(np.unique(noisy)) == {0, 1}


def _through_pillow(pixels: Bytes, quality: int) -> Floats:
    stream = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(stream, "JPEG", quality=quality, subsampling=2)
    decoded = np.asarray(Image.open(io.BytesIO(stream.getvalue())))
    return to_floats(decoded.reshape(pixels.shape))


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_what_pillow_writes_and_reads_with_halved_chroma(channels: int) -> None:
    clean = random_image(20, 33, channels)
    compressed = degrade(clean, make_task("jpeg", quality=30), _rng())
    assert np.array_equal(compressed, _through_pillow(to_bytes(clean), 30))


def test_jpeg_of_a_whole_photograph_is_what_pillow_writes_and_reads() -> None:
    clean = random_image(700, 900)
    compressed = degrade(clean, make_task("jpeg", quality=95), _rng())
    assert np.array_equal(compressed, _through_pillow(to_bytes(clean), 95))


def test_jpeg_draws_each_quality_of_a_range_both_ends_included() -> None:
    clean, task = random_image(16, 16), make_task("jpeg", quality=(10, 12))
    by_quality = {
        _through_pillow(to_bytes(clean), quality).tobytes(): quality for quality in (10, 11, 12)
    }
    drawn = {by_quality[degrade(clean, task, _rng(seed)).tobytes()] for seed in range(30)}
    assert drawn == {10, 11, 12}


@pytest.mark.parametrize("sigma", [0.8, 1.5, 3.0])
def test_blur_spreads_a_point_over_its_variance_and_loses_no_light(sigma: float) -> None:
    point = np.zeros((41, 41, 1), dtype=np.float32)
    point[20, 20] = 1
    spread = degrade(point, make_task("blur", sigma=sigma), _rng())[..., 0]
    squares = (np.arange(41) - 20) ** 2
    assert spread.sum() == pytest.approx(1, abs=1e-5)
    for axis in (0, 1):
        assert spread.sum(axis=axis) @ squares == pytest.approx(sigma**2, rel=0.01)


def test_blur_mirrors_at_the_edges_and_keeps_channels_apart() -> None:
    red = np.zeros((16, 16, 3), dtype=np.float32)
    red[..., 0] = 0.7
    assert np.allclose(blur(red, 2.0), red, atol=1e-6)


@pytest.mark.parametrize("size", [0.1, 1.0, 3.0])
def test_grain_has_its_strength_whatever_its_size(size: float) -> None:
    task = make_task("grain", sigma=15, size=size)
    noise = [255 * degrade(flat_image(0, 256, 1), task, _rng(seed)) for seed in range(4)]
    assert np.std(noise) == pytest.approx(15, rel=0.06)


@pytest.mark.parametrize("size", [1.0, 2.0])
def test_grain_of_neighbours_is_correlated_as_blurred_white_noise_is(size: float) -> None:
    """A Gaussian filter's autocorrelation is a Gaussian √2 as wide: exp(−d²/4s²)."""
    grain = degrade(flat_image(0, 256, 1), make_task("grain", size=size), _rng())[..., 0]
    for first, second in ((grain[1:], grain[:-1]), (grain[:, 1:], grain[:, :-1])):
        found = np.corrcoef(first.ravel(), second.ravel())[0, 1]
        assert found == pytest.approx(math.exp(-1 / (4 * size**2)), abs=0.02)


def test_grain_is_the_same_in_every_channel() -> None:
    clean = random_image(32, 32)
    grain = degrade(clean, make_task("grain"), _rng()) - clean
    assert np.allclose(grain, grain[..., :1], atol=1e-6)


def test_compose_applies_its_steps_in_order_with_one_generator() -> None:
    clean, rng = random_image(24, 24), _rng()
    steps = [{"kind": "gaussian"}, {"kind": "pixelate"}, {"kind": "speckle"}]
    expected = clean
    for step in steps:
        expected = degrade(expected, make_task(**step), rng)
    assert np.array_equal(degrade(clean, make_task("compose", steps=steps), _rng()), expected)


def test_compose_of_noise_then_blocks_is_made_of_blocks_and_not_the_other_way_round() -> None:
    steps = [{"kind": "gaussian"}, {"kind": "pixelate", "block": 4}]
    for order, blocky in ((steps, True), (steps[::-1], False)):
        degraded = degrade(random_image(16, 16), make_task("compose", steps=order), _rng())
        assert np.allclose(pixelate(degraded, 4), degraded, atol=1e-5) == blocky


@pytest.mark.parametrize("first", ["gaussian", "speckle", "grain"])
@pytest.mark.parametrize(
    "second", [kind for kind in APPLIED_KINDS if kind not in ("compose", "one_of")]
)
def test_compose_can_follow_unclipped_noise_by_any_other_step(first: str, second: str) -> None:
    strong = {"kind": first, "sigma": 1.0 if first == "speckle" else 60.0}
    task = make_task("compose", steps=[strong, {"kind": second}])
    assert np.isfinite(degrade(random_image(16, 16), task, _rng())).all()


ONE_OF = make_task("one_of", choices=[{"kind": kind} for kind in ("blur", "jpeg", "pixelate")])


def test_one_of_takes_each_choice_as_often_and_always_the_same_from_the_same_generator() -> None:
    clean = random_image(16, 16)
    by_pixels = {
        degrade(clean, make_task(kind), _rng()).tobytes(): kind
        for kind in ("blur", "jpeg", "pixelate")
    }
    drawn = [by_pixels[degrade(clean, ONE_OF, _rng(seed)).tobytes()] for seed in range(300)]
    again = [by_pixels[degrade(clean, ONE_OF, _rng(seed)).tobytes()] for seed in range(20)]
    assert drawn[:20] == again
    for kind in ("blur", "jpeg", "pixelate"):  # of 300 draws, 4 standard deviations of 8.2
        assert drawn.count(kind) == pytest.approx(100, abs=33)


def test_one_of_goes_on_with_the_generator_that_has_chosen() -> None:
    choices = [{"kind": "gaussian", "sigma": 5}, {"kind": "gaussian", "sigma": 50}]
    task, clean = make_task("one_of", choices=choices), random_image(16, 16)
    for seed in range(4):
        rng = _rng(seed)
        chosen = choose_task(task, rng)
        assert np.array_equal(degrade(clean, chosen, rng), degrade(clean, task, _rng(seed)))


def test_one_of_a_single_degradation_draws_nothing() -> None:
    rng = _rng()
    assert choose_task(make_task("gaussian"), rng) == make_task("gaussian")
    assert rng.random() == _rng().random()


def test_given_has_nothing_to_apply() -> None:
    with pytest.raises(DataError, match="the task is 'given', but the data have no degraded"):
        degrade(random_image(8, 8), make_task("given"), _rng())
