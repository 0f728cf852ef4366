"""Whole images, degraded once and for all, that every run of the same data is scored on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

import numpy as np

from dropstudy.config.task import DefiniteTask, Given, TaskSetting
from dropstudy.errors import DataError
from dropstudy.imaging.arrays import Floats, to_bytes, to_floats
from dropstudy.imaging.baselines import restore_classically
from dropstudy.imaging.degradations import choose_task, degrade
from dropstudy.imaging.metrics import Scores, score
from dropstudy.imaging.sources import Picture
from dropstudy.seeds import derive_seed

EVALUATION_SEED = 0
"""Of the noise on validation and test images: the same whatever the experiment's seed."""


@dataclass(frozen=True)
class EvaluationImage:
    """A picture to restore and be scored on; all three shaped ``(height, width, channels)``.

    Attributes:
        name: The picture's name.
        clean: The target, range [0, 1].
        degraded: The network's input.
        baseline: What the classical method makes of it.
    """

    name: str
    clean: Floats
    degraded: Floats
    baseline: Floats


def prepare_evaluation(
    pictures: Iterable[Picture], task: TaskSetting, *, largest: int, multiple: int
) -> list[EvaluationImage]:
    """Crops, degrades and classically restores pictures.

    Args:
        pictures: What to evaluate on.
        task: How to degrade; a picture's noise depends on its name alone.
        largest: Longest side, in pixels, that is kept around the centre.
        multiple: What both sides become a multiple of, for the network's sake.

    Raises:
        DataError: A picture is smaller than ``multiple``, or the task does not change it.
    """
    images = []
    for picture in pictures:
        cropped = crop_picture(picture, largest=largest, multiple=multiple)
        image = prepare_image(cropped, task)
        if image is None:
            raise DataError(
                f"{picture.name}: the task leaves nothing of it to restore, so it has no PSNR; "
                "remove it or choose another task"
            )
        images.append(image)
    return images


def prepare_image(picture: Picture, task: TaskSetting) -> EvaluationImage | None:
    """Degrades and classically restores a picture, whole.

    Returns:
        None where the task does not change the picture, so that nothing is to be restored.
    """
    degraded, applied = degrade_picture(picture, task)
    clean = to_floats(picture.clean)
    if np.array_equal(to_bytes(degraded), to_bytes(clean)):
        return None
    return EvaluationImage(picture.name, clean, degraded, restore_classically(degraded, applied))


def degrade_picture(picture: Picture, task: TaskSetting) -> tuple[Floats, DefiniteTask | Given]:
    """A picture as a network sees it, the same whenever and wherever it is evaluated.

    Returns:
        The degraded picture, and which degradation that was: of ``one_of`` several, the one
        that the picture's name chose.
    """
    if isinstance(task, Given) and picture.degraded is not None:
        return to_floats(picture.degraded), task
    rng = np.random.default_rng(derive_seed(EVALUATION_SEED, "evaluation", picture.name))
    applied = choose_task(task, rng)
    return degrade(to_floats(picture.clean), applied, rng), applied


def crop_picture(picture: Picture, *, largest: int, multiple: int) -> Picture:
    """The centre of a picture.

    Args:
        picture: What to cut.
        largest: Longest side, in pixels, that is kept.
        multiple: What both sides become a multiple of.

    Raises:
        DataError: The picture is smaller than ``multiple``.
    """
    window = _central_window(picture, largest, multiple)
    degraded = None if picture.degraded is None else picture.degraded[window]
    return Picture(picture.name, picture.clean[window], degraded)


def score_all(
    images: Sequence[EvaluationImage], restore: Callable[[EvaluationImage], Floats]
) -> list[Scores]:
    """The scores of what ``restore`` makes of each image."""
    return [score(restore(image), image.clean) for image in images]


def mean_scores(scores: Sequence[Scores]) -> dict[str, float]:
    """The mean of each score over images, by name.

    An image restored without any error has no finite PSNR: it is left out of that mean,
    which is infinite only where all images are such.
    """
    names = asdict(scores[0])
    return {name: mean_finite([getattr(item, name) for item in scores]) for name in names}


def mean_finite(values: Sequence[float]) -> float:
    """The mean of the finite values; infinite where there is none."""
    finite = [value for value in values if np.isfinite(value)]
    return fmean(finite) if finite else float("inf")


def _central_window(picture: Picture, largest: int, multiple: int) -> tuple[slice, slice]:
    slices = []
    for size in picture.clean.shape[:2]:
        kept = min(size, largest) // multiple * multiple
        if not kept:
            raise DataError(f"{picture.name}: smaller than {multiple} pixels, the least that fits")
        start = (size - kept) // 2
        slices.append(slice(start, start + kept))
    return slices[0], slices[1]
