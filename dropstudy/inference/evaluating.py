"""Scores a trained network on pictures, beside their degraded and classical forms."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Literal

from dropstudy.config.description import describe_task
from dropstudy.config.task import TaskSetting
from dropstudy.errors import DataError
from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.evaluation import mean_finite, mean_scores, prepare_image
from dropstudy.imaging.metrics import Scores, score
from dropstudy.imaging.pairing import list_some
from dropstudy.imaging.sources import Picture
from dropstudy.inference.tiling import Tiling
from dropstudy.runs.directory import legible
from dropstudy.runs.environment import available_cores

Form = Literal["restored", "identity", "classical"]
FORMS: tuple[Form, ...] = ("restored", "identity", "classical")
"""The network's work, the degraded image itself, and what the classical method makes of it."""


@dataclass(frozen=True)
class EvaluatedImage:
    """One picture under one task.

    Attributes:
        name: The picture's, fit to be printed.
        height: Its height in pixels.
        width: Its width in pixels.
        scores: Of each form.
    """

    name: str
    height: int
    width: int
    scores: dict[Form, Scores]

    def gain(self, over: Form) -> float:
        """PSNR of the restored image less that of another form, in dB."""
        return self.scores["restored"].psnr - self.scores[over].psnr


@dataclass(frozen=True)
class TaskEvaluation:
    """All pictures under one task.

    Attributes:
        task: How they were degraded.
        images: One for each picture, in its order.
        left_out: Names of the pictures that the task does not change, so that they have no PSNR.
    """

    task: TaskSetting
    images: tuple[EvaluatedImage, ...]
    left_out: tuple[str, ...] = ()

    def mean(self, form: Form) -> dict[str, float]:
        """The mean of each score over the pictures, by name."""
        return mean_scores([image.scores[form] for image in self.images])

    def mean_gain(self, over: Form) -> float:
        """The mean gain over the pictures; those restored without any error are left out."""
        return mean_finite([image.gain(over) for image in self.images])


@dataclass(frozen=True)
class Evaluation:
    """What a trained network made of some pictures, and how.

    Attributes:
        run: The run's directory.
        pictures: What was restored, in words.
        own_task: What the network was trained on.
        precision: Keras' name of what it computed in.
        device: What it ran on.
        tiling: How large images were cut.
        tasks: One for each variation.
    """

    run: Path
    pictures: str
    own_task: TaskSetting
    precision: str
    device: str
    tiling: Tiling
    tasks: tuple[TaskEvaluation, ...]

    @property
    def tiled(self) -> int:
        """How many of the pictures were cut into tiles."""
        sizes = {
            image.name: (image.height, image.width) for task in self.tasks for image in task.images
        }
        return sum(self.tiling.cuts(height, width) for height, width in sizes.values())


def evaluate_pictures(
    pictures: Iterable[Picture],
    tasks: Sequence[TaskSetting],
    *,
    restore: Callable[[Floats], Floats],
    save: Callable[[Floats, str, int], None] | None = None,
    on_image: Callable[[], None] = lambda: None,
) -> list[TaskEvaluation]:
    """Degrades every picture by every task, restores it and scores it.

    Some images are degraded, classically restored and scored on other threads while the
    network restores one; no more than those are in memory at once.

    Args:
        pictures: Taken one by one.
        tasks: Each is a variation; a picture's noise depends on its name alone.
        restore: The network; called for one image at a time.
        save: Called with a restored image, its name and the index of its task.
        on_image: Called after every image, from the thread that called this.

    Raises:
        DataError: A task changes none of the pictures.
    """
    taking_turns = Lock()

    def work(picture: Picture, index: int) -> EvaluatedImage | str:
        image = prepare_image(picture, tasks[index])
        if image is None:
            return legible(picture.name)
        with taking_turns:
            restored = restore(image.degraded)
        if save is not None:
            save(restored, picture.name, index)
        height, width = image.clean.shape[:2]
        forms: dict[Form, Floats] = {
            "restored": restored,
            "identity": image.degraded,
            "classical": image.baseline,
        }
        scores = {form: score(pixels, image.clean) for form, pixels in forms.items()}
        return EvaluatedImage(legible(picture.name), height, width, scores)

    done: list[EvaluatedImage | str] = []
    workers = available_cores() + 1  # one of them waits for the network
    with ThreadPoolExecutor(workers) as pool:
        jobs = (
            pool.submit(work, picture, index) for picture in pictures for index in range(len(tasks))
        )
        for scores in _in_order(jobs, ahead=workers):
            done.append(scores)
            on_image()
    return [_gather(task, done[index :: len(tasks)]) for index, task in enumerate(tasks)]


def _gather(task: TaskSetting, done: Sequence[EvaluatedImage | str]) -> TaskEvaluation:
    """One task's pictures; of one that it left unchanged there is the name alone."""
    images = tuple(image for image in done if isinstance(image, EvaluatedImage))
    left_out = tuple(name for name in done if isinstance(name, str))
    if not images:
        raise DataError(
            f"the task {describe_task(task)} leaves nothing to restore of {list_some(left_out)}; "
            "choose other images or another task"
        )
    return TaskEvaluation(task, images, left_out)


def _in_order(
    jobs: Iterator["Future[EvaluatedImage | str]"], *, ahead: int
) -> Iterator[EvaluatedImage | str]:
    """Results in the jobs' order, of which at most ``ahead`` are under way."""
    waiting = deque(islice(jobs, ahead))
    while waiting:
        yield waiting.popleft().result()
        waiting.extend(islice(jobs, 1))
