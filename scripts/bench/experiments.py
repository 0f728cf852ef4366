"""The network and the data that all parts of the benchmark share."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dropstudy.config import Experiment, load_experiment
from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.patches import PatchSampler
from dropstudy.imaging.sources import load_split
from dropstudy.training.preparation import PreparedData, prepare_images

ROOT = Path(__file__).parent.parent.parent
UNET = ROOT / "configs" / "unet_plain.yaml"
PLACES = ("encoder", "bottleneck", "decoder", "skip")
"""Groups that drop: every block, and every skip connection."""
RATE = 0.1
FLOAT32 = "float32"
BFLOAT16 = "mixed_bfloat16"


@dataclass(frozen=True)
class Subject:
    """What is timed.

    Attributes:
        kind: Of dropout; ``none``: without.
        precision: As ``runtime.precision`` has it.
        kernel: What computes the dropout.
        places: The groups that drop.
        overrides: Further settings, such as ``architecture.filters=16``.
        config: What they are changes of.
    """

    kind: str = "none"
    precision: str = "auto"
    kernel: str = "fast"
    places: Sequence[str] = PLACES
    overrides: Sequence[str] = ()
    config: Path = UNET

    def experiment(self) -> Experiment:
        """The experiment that trains it, and neither stops early nor saves within an epoch."""
        changes = [
            "training.epochs=1000",
            "training.early_stopping=null",
            # Its clock would go on while others take their turns.
            "recovery.every_seconds=null",
            f"runtime.precision={self.precision}",
            f"dropout.kernel={self.kernel}",
            *self.overrides,
        ]
        if self.kind != "none":
            setting = f"{{kind: {self.kind}, rate: {RATE}}}"
            changes += [f"dropout.{place}={setting}" for place in self.places]
        return load_experiment(self.config, changes)


@dataclass(frozen=True)
class Arrays:
    """Patches degraded beforehand, all ``(patches, size, size, channels)``, float32.

    Attributes:
        degraded: To train on, one epoch.
        clean: Their targets.
        validation_degraded: The validation images, cut into patches without overlap.
        validation_clean: Their targets.
    """

    degraded: Floats
    clean: Floats
    validation_degraded: Floats
    validation_clean: Floats


def prepare_data(experiment: Experiment) -> PreparedData:
    """Its images, read and ready."""
    split = load_split(experiment.data)
    return PreparedData(split, prepare_images(experiment, split))


def prepare_arrays(experiment: Experiment, data: PreparedData) -> Arrays:
    """What a script that keeps everything in memory would train on."""
    size = experiment.training.batch_size
    sampler = PatchSampler(
        data.split.training, experiment.data, task=experiment.task, seed=experiment.seed
    )
    steps = experiment.training.steps_per_epoch or sampler.steps_per_epoch(size)
    batches = [sampler.batch(1, step, size) for step in range(steps)]
    side, scored = experiment.data.patch_size, data.images.validation
    return Arrays(
        degraded=np.concatenate([batch.degraded for batch in batches]),
        clean=np.concatenate([batch.clean for batch in batches]),
        validation_degraded=np.concatenate([_cut(image.degraded, side) for image in scored]),
        validation_clean=np.concatenate([_cut(image.clean, side) for image in scored]),
    )


def _cut(image: Floats, side: int) -> Floats:
    height, width = (length // side * side for length in image.shape[:2])
    rows = np.split(image[:height, :width], height // side)
    return np.stack([patch for row in rows for patch in np.split(row, width // side, axis=1)])
