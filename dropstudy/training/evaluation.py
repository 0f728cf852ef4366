"""Restores whole images and scores them, while the next ones are restored."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import fmean

from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.evaluation import EvaluationImage, mean_scores
from dropstudy.imaging.identity import copy_ratio
from dropstudy.imaging.metrics import Scores, score
from dropstudy.runs.environment import available_cores
from dropstudy.training.steps import Evaluate


@dataclass(frozen=True)
class Evaluation:
    """A network's work on some images.

    Attributes:
        loss: Mean over the images.
        image_scores: The scores of each image.
        copy_ratios: The share of its degradation that each image keeps.
        restored: The network's output for each image.
    """

    loss: float
    image_scores: list[Scores]
    copy_ratios: list[float]
    restored: list[Floats]

    @property
    def scores(self) -> dict[str, float]:
        """The mean of each score over the images, by name."""
        return mean_scores(self.image_scores)


def evaluate_images(
    evaluate: Evaluate,
    images: Sequence[EvaluationImage],
    *,
    on_image: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Restores and scores each of ``images``, of which there is at least one.

    An image is scored, on another thread, while the next ones are restored; ``on_image``
    is called after each.
    """
    outputs = []
    with ThreadPoolExecutor(available_cores()) as pool:
        pending = []
        for image in images:
            restored, loss = evaluate(image.degraded, image.clean)
            outputs.append((restored, loss))
            pending.append(pool.submit(_score_image, restored, image))
            on_image()
        scored = [future.result() for future in pending]
    return Evaluation(
        loss=fmean(loss for _, loss in outputs),
        image_scores=[scores for scores, _ in scored],
        copy_ratios=[ratio for _, ratio in scored],
        restored=[restored for restored, _ in outputs],
    )


def _score_image(restored: Floats, image: EvaluationImage) -> tuple[Scores, float]:
    """The scores of one image, and its copy ratio."""
    ratio = copy_ratio(restored, image.degraded, image.clean)
    return score(restored, image.clean), ratio
