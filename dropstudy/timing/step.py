"""What a training will take, from a few of its steps."""

import time
from dataclasses import dataclass
from math import prod
from statistics import median

import numpy as np

from dropstudy.config import Experiment
from dropstudy.imaging.evaluation import prepare_evaluation
from dropstudy.timing.stepping import Material, Stepper
from dropstudy.training.evaluation import evaluate_images

WARMUP = 1


@dataclass(frozen=True)
class StepMeasure:
    """A few training steps of an experiment, and what follows for its epochs.

    Attributes:
        step_seconds: Median.
        first_step_seconds: Tracing, compiling and the first step.
        steps_per_epoch: Training steps.
        validation_seconds: To restore and score all validation images once, as one of them took.
        model_bytes: Of the network's weights.
        peak_memory_bytes: The most held during the steps: of the GPU's memory, or by the
            process; None where unknown.
    """

    step_seconds: float
    first_step_seconds: float
    steps_per_epoch: int
    validation_seconds: float
    model_bytes: int
    peak_memory_bytes: int | None

    @property
    def epoch_seconds(self) -> float:
        """To train and validate an epoch."""
        return self.steps_per_epoch * self.step_seconds + self.validation_seconds


def measure_step(experiment: Experiment, *, steps: int = 5) -> StepMeasure:
    """Makes a few training steps and restores one image; trains nothing that is kept.

    Args:
        experiment: What would be trained.
        steps: How many are timed.

    Raises:
        DropstudyError: The images or the machine do not allow it, or a loss is not finite.
    """
    material = Material()
    stepper = Stepper(experiment, material)
    first = stepper.first_step()
    seconds, peak = stepper.take_turn(warmup=WARMUP, steps=steps)
    return StepMeasure(
        step_seconds=median(seconds),
        first_step_seconds=first,
        steps_per_epoch=stepper.fit.steps_per_epoch,
        validation_seconds=_estimate_validation(experiment, stepper, material),
        model_bytes=sum(
            prod(weight.shape) * np.dtype(weight.dtype).itemsize
            for weight in stepper.network.weights
        ),
        peak_memory_bytes=peak,
    )


def _estimate_validation(experiment: Experiment, stepper: Stepper, material: Material) -> float:
    """Of the first image, once the evaluation is compiled, by all images' pixels."""
    pictures = material.split(experiment).validation
    largest = experiment.data.evaluation_size
    images = prepare_evaluation(
        pictures[:1],
        experiment.task,
        largest=largest,
        multiple=experiment.architecture.size_multiple,
    )
    evaluate_images(stepper.fit.evaluate, images)
    start = time.perf_counter()
    evaluate_images(stepper.fit.evaluate, images)
    taken = time.perf_counter() - start
    pixels = [
        min(height, largest) * min(width, largest)
        for height, width in (picture.clean.shape[:2] for picture in pictures)
    ]
    return float(taken * sum(pixels) / pixels[0])
