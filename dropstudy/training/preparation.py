"""The images that a run is scored on, and what the classical methods make of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dropstudy.config import Experiment
from dropstudy.imaging.baselines import describe_baseline
from dropstudy.imaging.evaluation import (
    EvaluationImage,
    mean_scores,
    prepare_evaluation,
    score_all,
)
from dropstudy.imaging.metrics import Scores
from dropstudy.imaging.sources import Split


@dataclass(frozen=True)
class ScoredImages:
    """What is restored whole, with dropout off.

    Attributes:
        validation: Chooses the best epoch.
        test: Is looked at once, at the end; may be empty.
        training: Some fixed training images, for the generalisation gap.
    """

    validation: list[EvaluationImage]
    test: list[EvaluationImage]
    training: list[EvaluationImage]


@dataclass(frozen=True)
class PreparedData:
    """All images of a run, read and ready.

    Attributes:
        split: As they are.
        images: Those that are scored, degraded and classically restored.
    """

    split: Split
    images: ScoredImages


def prepare_images(experiment: Experiment, split: Split) -> ScoredImages:
    """Crops, degrades and classically restores all images that will be scored."""
    count = min(experiment.training.evaluation_images, len(split.training))
    spread = np.linspace(0, len(split.training) - 1, count).astype(int)
    parts = split.validation, split.test, [split.training[index] for index in spread]
    validation, test, training = (
        prepare_evaluation(
            part,
            experiment.task,
            largest=experiment.data.evaluation_size,
            multiple=experiment.architecture.size_multiple,
        )
        for part in parts
    )
    return ScoredImages(validation, test, training)


@dataclass(frozen=True)
class ReferenceScores:
    """What a network's scores are held against, image by image.

    Attributes:
        identity: The scores of the degraded images themselves.
        classical: The scores of the classical method.
    """

    identity: list[Scores]
    classical: list[Scores]


def score_references(images: Sequence[EvaluationImage]) -> ReferenceScores:
    """Scores the degraded images and what the classical method made of them."""
    return ReferenceScores(
        identity=score_all(images, lambda image: image.degraded),
        classical=score_all(images, lambda image: image.baseline),
    )


def mean_baselines(
    experiment: Experiment, *, validation: ReferenceScores, test: ReferenceScores
) -> dict[str, dict[str, Any]]:
    """The scores of returning the input (``identity``) and of the ``classical`` method.

    Returns:
        For each of the two its means by name, such as ``val_psnr`` and ``test_ssim``, and
        for the latter the ``method``.
    """
    baselines: dict[str, dict[str, Any]] = {
        "identity": {},
        "classical": {"method": describe_baseline(experiment.task)},
    }
    for prefix, references in (("val", validation), ("test", test)):
        for name in baselines:
            scores = getattr(references, name)
            if scores:
                means = mean_scores(scores)
                baselines[name] |= {f"{prefix}_{key}": value for key, value in means.items()}
    return baselines
