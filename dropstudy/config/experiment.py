"""What one YAML config says: data, task, architecture, dropout, training, runtime."""

from typing import Annotated

from pydantic import Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from dropstudy.config.architecture import Architecture
from dropstudy.config.conflicts import find_conflicts
from dropstudy.config.data import DataChoice, PatchSize
from dropstudy.config.dropout import Dropout
from dropstudy.config.recovery import Recovery
from dropstudy.config.runtime import Runtime
from dropstudy.config.setting import Allowed, CountOrZero, Setting
from dropstudy.config.task import TaskSetting
from dropstudy.config.training import Training

Name = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"),
    Allowed("1 to 64 letters, digits, '.', '_' or '-', a letter or digit first"),
]


class Samples(Setting):
    """The pictures that a run writes of its own work."""

    count: CountOrZero = 4
    """Validation images shown in each grid; 0 for no grids."""
    every: CountOrZero = 5
    """Epochs from one grid to the next; 0 for the final one alone."""
    size: PatchSize = 120
    """Side of the window shown of each image, in pixels: its most detailed part."""
    images: CountOrZero = 8
    """Validation images kept whole, restored and as they were, for comparisons; 0 for none."""


class Experiment(Setting):
    """A training, down to the last number that decides its outcome."""

    name: Name
    """What run directories and pictures are called."""
    seed: CountOrZero = 0
    """Of initial weights, data order, augmentation, training noise and dropout masks."""
    data: DataChoice
    """Where clean images come from."""
    task: TaskSetting
    """How they are degraded."""
    architecture: Architecture
    """What network restores them."""
    dropout: Dropout = Dropout()
    """Where the network drops what."""
    training: Training = Training()
    """How it is fitted."""
    runtime: Runtime = Runtime()
    """What it runs on."""
    recovery: Recovery = Recovery()
    """What it does so that a fault costs little."""
    samples: Samples = Samples()
    """Which pictures are drawn."""
    tags: Annotated[tuple[str, ...], Strict(False)] = ()
    """Words of your own, kept with the run."""
    notes: str = ""
    """The same, at length."""

    @model_validator(mode="after")
    def _check_sections_fit(self) -> "Experiment":
        conflicts = find_conflicts({name: getattr(self, name) for name in type(self).model_fields})
        if conflicts:
            raise PydanticCustomError(
                "conflicts",
                "{text}",
                {
                    "text": "; ".join(f"{c.path}: {c.message}" for c in conflicts),
                    "conflicts": conflicts,
                },
            )
        return self
