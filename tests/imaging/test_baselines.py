import numpy as np
import pytest

from dropstudy.config.task import TaskSetting
from dropstudy.imaging.baselines import describe_baseline, restore_classically
from dropstudy.imaging.degradations import degrade
from dropstudy.imaging.evaluation import prepare_evaluation
from dropstudy.imaging.metrics import psnr
from dropstudy.imaging.sources import Picture
from tests.imaging.examples import (
    APPLIED_KINDS,
    KINDS,
    all_pictures,
    bundled_split,
    flat_image,
    make_task,
    random_image,
)

TASKS = [make_task(kind) for kind in KINDS] + [
    make_task("compose", steps=[{"kind": "pixelate"}, {"kind": "gaussian"}]),
    make_task("compose", steps=[{"kind": "blur"}, {"kind": "gaussian", "sigma": [5.0, 50.0]}]),
]


def _bring_degraded(picture: Picture) -> Picture:
    """As a source of pairs would, with what a median is good for: dead and hot pixels."""
    clean = (picture.clean / 255).astype(np.float32)
    return Picture(
        picture.name, clean, degrade(clean, make_task("salt_pepper"), np.random.default_rng(0))
    )


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
def test_the_classical_method_beats_the_identity_on_every_photograph(task: TaskSetting) -> None:
    pictures = map(_bring_degraded, all_pictures(bundled_split("tiny")))
    for image in prepare_evaluation(pictures, task, largest=128, multiple=8):
        assert psnr(image.baseline, image.clean) > psnr(image.degraded, image.clean), image.name


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_image_is_shaped_as_the_degraded_one(kind: str, channels: int) -> None:
    degraded = random_image(21, 34, channels)
    restored = restore_classically(degraded, make_task(kind))
    assert restored.shape == degraded.shape
    assert restored.dtype == np.float32
    assert np.isfinite(restored).all()


@pytest.mark.parametrize(
    "task",
    [
        make_task("pixelate", block=64),
        make_task("gaussian", sigma=0.0),
        make_task("speckle", sigma=0.0),
        make_task("grain", sigma=0.0),
        make_task("jpeg", quality=100),
        make_task("poisson", peak=1e6),
        make_task("blur", sigma=0.1),
        make_task("blur", sigma=20.0),
    ],
    ids=str,
)
def test_the_weakest_and_strongest_tasks_are_restored_to_an_image(task: TaskSetting) -> None:
    degraded = degrade(random_image(16, 24), task, np.random.default_rng(0))
    restored = restore_classically(degraded, task)
    assert restored.shape == degraded.shape
    assert np.isfinite(restored).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_flat_image_is_left_alone(kind: str) -> None:
    flat = flat_image(0.4, 24)
    assert np.allclose(restore_classically(flat, make_task(kind)), flat, atol=0.5 / 255)


def test_photon_noise_below_other_noise_is_restored_in_the_dark_too() -> None:
    task = make_task("compose", steps=[{"kind": "poisson"}, {"kind": "gaussian"}])
    for seed in range(4):
        dark = degrade(flat_image(0, 16), task, np.random.default_rng(seed))
        assert np.isfinite(restore_classically(dark, task)).all()


def test_cubic_interpolation_of_pixelated_ramps_and_bowls_gives_them_back_inside() -> None:
    """Of a bowl x² a mean over 4 pixels is higher by the variance of their places, 15/12."""
    rows, columns = np.mgrid[0:64, 0:96] - 32.0
    clean = (np.stack([rows, rows + columns, rows**2], axis=-1) / 2048).astype(np.float32)
    task = make_task("pixelate", block=4)
    restored = restore_classically(degrade(clean, task, np.random.default_rng(0)), task)
    expected = clean + np.array([0, 0, 15 / 12], np.float32) / 2048
    inside = np.s_[20:-20, 20:-20]
    assert np.abs(restored - expected)[inside].max() < 1e-4


def test_a_composition_is_undone_last_degradation_first() -> None:
    steps = [{"kind": "pixelate"}, {"kind": "salt_pepper"}]
    degraded = random_image(24, 24)
    expected = degraded
    for step in steps[::-1]:
        expected = restore_classically(expected, make_task(**step))
    restored = restore_classically(degraded, make_task("compose", steps=steps))
    assert np.array_equal(restored, expected)


def test_of_several_degradations_the_method_of_the_one_that_was_applied_is_used() -> None:
    choices = [{"kind": "pixelate"}, {"kind": "gaussian"}]
    task = make_task("one_of", choices=choices)
    pictures = all_pictures(bundled_split("tiny"))
    images = prepare_evaluation(pictures, task, largest=64, multiple=8)
    by_method = [
        [np.array_equal(image.baseline, restore_classically(image.degraded, own)) for own in alone]
        for image in images
        for alone in [[make_task(**choice) for choice in choices]]
    ]
    assert all(sum(fits) == 1 for fits in by_method)
    assert {fits.index(True) for fits in by_method} == {0, 1}
    assert describe_baseline(task) == "cubic or non-local means"


def test_an_image_of_unknown_degradation_is_left_as_it_is() -> None:
    degraded = random_image(16, 16)
    assert np.array_equal(restore_classically(degraded, make_task("one_of")), degraded)


def test_a_median_removes_single_pixels_and_mixes_no_channels() -> None:
    spotted = flat_image(0.5, 9)
    spotted[4, 4] = (0.0, 1.0, 0.5)
    restored = restore_classically(spotted, make_task("salt_pepper"))
    assert np.array_equal(restored, flat_image(0.5, 9))


@pytest.mark.parametrize("kind", APPLIED_KINDS)
def test_every_kind_of_task_names_its_classical_method(kind: str) -> None:
    assert describe_baseline(make_task(kind)).isprintable()
    assert describe_baseline(make_task(kind)) != ""


def test_a_composition_names_its_methods_last_degradation_first_and_each_once() -> None:
    steps = [{"kind": kind} for kind in ("blur", "gaussian", "poisson", "jpeg")]
    described = describe_baseline(make_task("compose", steps=steps))
    assert described == "total variation, non-local means, Richardson-Lucy"
