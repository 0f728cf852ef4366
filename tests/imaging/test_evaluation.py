import math

import numpy as np
import pytest

from dropstudy.errors import DataError
from dropstudy.imaging.arrays import to_floats
from dropstudy.imaging.evaluation import mean_scores, prepare_evaluation, score_all
from dropstudy.imaging.metrics import Scores
from dropstudy.imaging.sources import Picture
from tests.imaging.examples import APPLIED_KINDS, flat_image, make_task, random_image

NOISE = make_task("gaussian")


def _picture(name: str, height: int = 32, width: int = 32, seed: int = 0) -> Picture:
    return Picture(name, random_image(height, width, seed=seed))


@pytest.mark.parametrize(
    ("size", "largest", "multiple", "kept", "start"),
    [
        ((70, 45), 64, 8, (64, 40), (3, 2)),
        ((20, 33), 512, 16, (16, 32), (2, 0)),
        ((32, 32), 32, 8, (32, 32), (0, 0)),
        ((50, 50), 30, 8, (24, 24), (13, 13)),
    ],
)
def test_the_window_is_central_and_its_sides_are_multiples(
    size: tuple[int, int],
    largest: int,
    multiple: int,
    kept: tuple[int, int],
    start: tuple[int, int],
) -> None:
    picture = _picture("a", *size)
    (image,) = prepare_evaluation([picture], NOISE, largest=largest, multiple=multiple)
    window = np.s_[start[0] : start[0] + kept[0], start[1] : start[1] + kept[1]]
    assert np.array_equal(image.clean, picture.clean[window])
    assert image.clean.shape == image.degraded.shape == image.baseline.shape == (*kept, 3)


def test_a_picture_smaller_than_the_multiple_is_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"^thumb\.png: smaller than 64 pixels"):
        prepare_evaluation([_picture("thumb.png")], NOISE, largest=512, multiple=64)


@pytest.mark.parametrize("kind", APPLIED_KINDS)
def test_a_pictures_degradation_depends_on_its_name_alone(kind: str) -> None:
    task = make_task(kind)
    first, second, third = _picture("a"), _picture("b", seed=1), _picture("c", seed=2)
    together = prepare_evaluation([first, second, third], task, largest=32, multiple=8)
    (alone,) = prepare_evaluation([second], task, largest=32, multiple=8)
    assert np.array_equal(together[1].degraded, alone.degraded)


def test_pictures_of_other_names_have_other_noise() -> None:
    pair = [Picture(name, flat_image(0.5, 16)) for name in ("a", "b")]
    first, second = prepare_evaluation(pair, NOISE, largest=16, multiple=8)
    noises = [(image.degraded - image.clean).ravel() for image in (first, second)]
    assert abs(np.corrcoef(noises)[0, 1]) < 0.2


def test_given_degraded_images_are_cut_as_the_clean_ones() -> None:
    clean = (255 * random_image(20, 28)).astype(np.uint8)
    picture = Picture("a", clean, 255 - clean)
    (image,) = prepare_evaluation([picture], make_task("given"), largest=16, multiple=8)
    assert np.array_equal(image.clean, to_floats(clean[2:18, 6:22]))
    assert np.allclose(image.degraded, 1 - image.clean, atol=1e-6)


def test_degraded_images_that_the_task_does_not_ask_for_are_left_aside() -> None:
    clean = random_image(16, 16)
    with_degraded = Picture("a", clean, flat_image(0.0, 16))
    (image,) = prepare_evaluation([with_degraded], make_task("pixelate"), largest=16, multiple=8)
    assert image.degraded.mean() == pytest.approx(clean.mean(), abs=1e-6)


def test_the_task_given_needs_degraded_images() -> None:
    with pytest.raises(DataError, match="the data have no degraded images"):
        prepare_evaluation([_picture("a")], make_task("given"), largest=32, multiple=8)


def test_the_mean_of_psnrs_is_not_the_psnr_of_the_mean_error() -> None:
    """Off by 51 levels and by 1: 13.98 and 48.13 dB, 31.06 on average; pooled, 16.99."""
    pictures = [Picture("a", flat_image(0, 16)), Picture("b", flat_image(0, 16))]
    images = prepare_evaluation(pictures, make_task("gaussian"), largest=16, multiple=8)
    offsets = {"a": 51 / 255, "b": 1 / 255}
    scores = score_all(images, lambda image: image.clean + np.float32(offsets[image.name]))
    assert [item.psnr for item in scores] == pytest.approx([13.9794, 48.1308], abs=1e-4)
    assert mean_scores(scores)["psnr"] == pytest.approx((13.9794 + 48.1308) / 2, abs=1e-4)


def test_an_image_without_any_error_is_left_out_of_the_mean_psnr_alone() -> None:
    means = mean_scores([Scores(30.0, 0.8, 0.5), Scores(math.inf, 1.0, 1.0)])
    assert means == {"psnr": 30.0, "ssim": pytest.approx(0.9), "accuracy": 0.75}


def test_the_mean_psnr_is_infinite_only_where_all_images_are_without_error() -> None:
    assert mean_scores([Scores(math.inf, 1.0, 1.0)] * 2)["psnr"] == math.inf


def test_an_image_that_the_task_does_not_change_is_refused_by_name() -> None:
    flat = Picture("black", flat_image(0, 16))
    with pytest.raises(DataError, match="black: the task leaves nothing of it to restore"):
        prepare_evaluation([_picture("a"), flat], make_task("pixelate"), largest=16, multiple=8)
