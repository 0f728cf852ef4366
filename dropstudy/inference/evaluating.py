"""Scores a trained network on pictures, beside their degraded and classical forms."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Literal

from dropstudy.config.task import TaskSetting
from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.evaluation import mean_finite, mean_scores, prepare_image
from dropstudy.imaging.metrics import Scores, score
from dropstudy.imaging.sources import Picture
from dropstudy.inference.tiling import Tiling
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
    """

    task: TaskSetting
    images: tuple[EvaluatedImage, ...]

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
        return sum(self.tiling.cuts(image.height, image.width) for image in self.tasks[0].images)


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
        DataError: A task does not change a picture.
    """
    taking_turns = Lock()

    def work(picture: Picture, index: int) -> EvaluatedImage:
        image = prepare_image(picture, tasks[index])
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
        printable = os.fsencode(picture.name).decode(errors="replace")
        return EvaluatedImage(printable, height, width, scores)

    done = []
    workers = available_cores() + 1  # one of them waits for the network
    with ThreadPoolExecutor(workers) as pool:
        jobs = (
            pool.submit(work, picture, index) for picture in pictures for index in range(len(tasks))
        )
        for scores in _in_order(jobs, ahead=workers):
            done.append(scores)
            on_image()
    return [
        TaskEvaluation(task, tuple(done[index :: len(tasks)])) for index, task in enumerate(tasks)
    ]


def _in_order(jobs: Iterator["Future[EvaluatedImage]"], *, ahead: int) -> Iterator[EvaluatedImage]:
    """Results in the jobs' order, of which at most ``ahead`` are under way."""
    waiting = deque(islice(jobs, ahead))
    while waiting:
        yield waiting.popleft().result()
        waiting.extend(islice(jobs, 1))
