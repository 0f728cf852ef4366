"""Whom a training tells how it goes."""

from dataclasses import dataclass
from typing import Any, Protocol

from dropstudy.config.experiment import Experiment
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.records import EpochRecord, RunResult
from dropstudy.training.runtime import RuntimeChoice


@dataclass(frozen=True)
class Plan:
    """What is known before the first step.

    Attributes:
        experiment: What is trained.
        directory: Where it is noted.
        runtime: What it runs on.
        parameters: Trained numbers of the network.
        multiply_adds: Of the network for one patch.
        pictures: How many train, validate and test.
        patches: Of the training pictures' grid.
        steps_per_epoch: Training steps in an epoch.
        baselines: As in the result.
    """

    experiment: Experiment
    directory: RunDirectory
    runtime: RuntimeChoice
    parameters: int
    multiply_adds: int
    pictures: tuple[int, int, int]
    patches: int
    steps_per_epoch: int
    baselines: dict[str, dict[str, Any]]


class Observer(Protocol):
    """Is told of a training's progress; it may print, draw or keep silent."""

    def on_stage(self, text: str) -> None:
        """The run now does what ``text`` says."""

    def on_note(self, text: str) -> None:
        """Something the user should know has come up."""

    def on_start(self, plan: Plan) -> None:
        """All is ready for the first step."""

    def on_step(self, epoch: int, step: int) -> None:
        """Step ``step``, from 1, of ``epoch`` is done."""

    def on_epoch(self, record: EpochRecord, *, is_best: bool) -> None:
        """An epoch is done and noted."""

    def on_end(self, result: RunResult) -> None:
        """The run is over, well or not."""
