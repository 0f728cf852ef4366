import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from dropstudy.config import Experiment
from dropstudy.config.task import Gaussian, Given, Pixelate, TaskSetting
from dropstudy.errors import DataError
from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.evaluation import prepare_evaluation
from dropstudy.imaging.sources import Picture
from dropstudy.inference.evaluating import evaluate_pictures
from dropstudy.inference.pictures import own_pictures
from dropstudy.inference.restoring import open_restorer
from dropstudy.inference.tiling import plan_tiling
from dropstudy.runs.environment import available_cores
from dropstudy.runs.records import RunResult
from tests.training.tiny import waves

NOISE = Gaussian(kind="gaussian", sigma=20.0)


def _pictures(count: int) -> list[Picture]:
    return [Picture(f"{index}.png", image) for index, image in enumerate(waves(count))]


@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_runs_own_images_get_the_scores_that_the_run_recorded(
    experiment: Experiment, result: RunResult, model: Path, part: str
) -> None:
    restorer = open_restorer(model, experiment, tiling=plan_tiling(experiment.architecture))
    source = own_pictures(experiment, "test" if part == "test" else "validation")
    [task] = evaluate_pictures(source.read(), [experiment.task], restore=restorer.restore)
    assert result.best is not None
    recorded = result.test if part == "test" else asdict(result.best)
    prefix = "" if part == "test" else "val_"
    reference = "test_" if part == "test" else "val_"
    for name in ("psnr", "ssim", "accuracy"):
        # A level of 255 may round to its neighbour where convolutions add in another order.
        expected = recorded[f"{prefix}{name}"]
        assert task.mean("restored")[name] == pytest.approx(expected, rel=1e-4)
        for form in ("identity", "classical"):
            expected = result.baselines[form][f"{reference}{name}"]
            assert task.mean(form)[name] == pytest.approx(expected, rel=1e-9)


def test_every_picture_is_scored_under_every_task_in_order() -> None:
    tasks: list[TaskSetting] = [NOISE, Pixelate(kind="pixelate", block=4)]
    done: list[int] = []
    first, second = evaluate_pictures(
        _pictures(7), tasks, restore=lambda image: image, on_image=lambda: done.append(1)
    )
    assert [task.task for task in (first, second)] == tasks
    for task in (first, second):
        assert [image.name for image in task.images] == [f"{index}.png" for index in range(7)]
    assert len(done) == 14
    assert first.images[0].scores != second.images[0].scores


def test_noise_depends_on_a_pictures_name_alone_and_grows_with_its_strength() -> None:
    seen: dict[tuple[str, int], Floats] = {}
    pictures = _pictures(3)
    tasks = [Gaussian(kind="gaussian", sigma=sigma) for sigma in (10.0, 40.0)]

    def save(restored: Floats, name: str, task_index: int) -> None:
        seen[name, task_index] = restored

    evaluate_pictures(pictures[::-1], tasks, restore=lambda image: image, save=save)
    (alone,) = prepare_evaluation([pictures[1]], tasks[0], largest=16, multiple=8)
    assert np.array_equal(seen["1.png", 0], alone.degraded)
    weak, strong = (seen["1.png", index] - alone.clean for index in (0, 1))
    assert np.allclose(strong, 4 * weak, atol=1e-5)


def test_gains_are_over_what_stands_beside() -> None:
    (task,) = evaluate_pictures(_pictures(2), [NOISE], restore=lambda image: image)
    image = task.images[0]
    assert image.gain("identity") == task.mean_gain("identity") == 0
    expected = image.scores["identity"].psnr - image.scores["classical"].psnr
    assert image.gain("classical") == pytest.approx(expected)
    gains = [image.gain("classical") for image in task.images]
    assert task.mean_gain("classical") == pytest.approx(sum(gains) / 2)


def test_an_image_restored_without_error_is_left_out_of_the_mean_gain() -> None:
    clean = waves(2)
    pictures = [Picture(name, image, image * 0.9) for name, image in zip("ab", clean, strict=True)]

    def restore(degraded: Floats) -> Floats:
        is_first = np.allclose(degraded, clean[0] * 0.9)
        return clean[0] if is_first else degraded

    (task,) = evaluate_pictures(pictures, [Given(kind="given")], restore=restore)
    assert task.images[0].gain("identity") == float("inf")
    assert task.mean_gain("identity") == 0


def test_few_images_are_under_way_at_once_and_the_network_has_one_at_a_time() -> None:
    read, done, most, inside = 0, 0, 0, threading.Semaphore(1)

    def pictures() -> Iterator[Picture]:
        nonlocal read, most
        for picture in _pictures(1) * 60:
            read += 1
            most = max(most, read - done)
            yield picture

    def restore(image: Floats) -> Floats:
        assert inside.acquire(blocking=False)
        time.sleep(0.002)
        inside.release()
        return image

    def on_image() -> None:
        nonlocal done
        done += 1

    evaluate_pictures(pictures(), [NOISE], restore=restore, on_image=on_image)
    assert done == 60
    assert most <= available_cores() + 3


FLAT = Picture("flat.png", np.full((16, 16, 3), 0.5, dtype=np.float32))


def test_what_a_task_does_not_change_is_left_out_and_listed() -> None:
    first, second = _pictures(2)
    saved: list[tuple[str, int]] = []
    done: list[int] = []
    pixels, noise = evaluate_pictures(
        [first, FLAT, second],
        [Pixelate(kind="pixelate", block=4), NOISE],
        restore=lambda image: image,
        save=lambda _, name, index: saved.append((name, index)),
        on_image=lambda: done.append(1),
    )
    assert [image.name for image in pixels.images] == ["0.png", "1.png"]
    assert pixels.left_out == ("flat.png",)
    assert [image.name for image in noise.images] == ["0.png", "flat.png", "1.png"]
    assert noise.left_out == ()
    assert len(done) == 6
    assert ("flat.png", 0) not in saved
    assert len(saved) == 5
    alone = evaluate_pictures([first, second], [pixels.task], restore=lambda image: image)
    assert pixels.mean("classical") == alone[0].mean("classical")


def test_a_task_that_changes_no_picture_is_an_error_that_names_both() -> None:
    message = r"the task pixelate, block 4 leaves nothing to restore of flat\.png; choose other"
    with pytest.raises(DataError, match=message):
        evaluate_pictures([FLAT], [Pixelate(kind="pixelate", block=4)], restore=lambda image: image)
