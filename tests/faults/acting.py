"""Tiny runs to which something happens at a chosen step, and how they go on."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dropstudy.config import Experiment
from dropstudy.imaging.sources import load_split
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.process import hold
from dropstudy.runs.records import EpochRecord, RunResult
from dropstudy.runs.resumption import plan_resumption
from dropstudy.runs.settings import settings_files
from dropstudy.runs.store import load_run
from dropstudy.training.experiment_run import Job, run_experiment
from dropstudy.training.preparation import PreparedData, prepare_images
from tests.training.tiny import Witness

MEASURED: dict[str, Any] = {
    "training": {"epochs": 3},
    "dropout": {"encoder": {"kind": "dropout", "rate": 0.2}},
    "samples": {"count": 1, "every": 2, "images": 1},
}
"""What a tiny experiment is changed to: each kind of file is written."""


@dataclass
class Culprit(Witness):
    """Does ``act`` once, after a step or an epoch."""

    act: Callable[[], object] = lambda: None
    at: tuple[int, int] | int = (1, 1)
    has_acted: bool = False

    def on_step(self, epoch: int, step: int) -> None:
        super().on_step(epoch, step)
        if self.at == (epoch, step) and not self.has_acted:
            self.has_acted = True
            self.act()

    def on_epoch(self, record: EpochRecord, *, is_best: bool) -> None:
        if self.at == record.epoch and not self.has_acted:
            self.has_acted = True
            self.act()
        super().on_epoch(record, is_best=is_best)


def rows(directory: RunDirectory) -> list[dict[str, float]]:
    """What ``epochs.jsonl`` has but for what measures the machine."""
    text = directory.epochs.read_text(encoding="utf-8") if directory.epochs.exists() else ""
    measured = ("seconds", "memory_bytes", "per_second")
    return [
        {key: value for key, value in json.loads(line).items() if not key.endswith(measured)}
        for line in text.splitlines()
    ]


def new_directory(runs: Path, experiment: Experiment) -> RunDirectory:
    return RunDirectory.create(runs, experiment.name, files=settings_files(experiment))


def attempt(
    experiment: Experiment,
    directory: RunDirectory,
    witness: Witness | None = None,
    *,
    held: bool = True,
) -> RunResult:
    """What ``dropstudy run`` does, in this process."""
    data = _read(experiment)
    with hold(directory) if held else nullcontext():
        return run_experiment(Job(experiment, directory, data), witness or Witness())


def go_on(directory: RunDirectory, *changes: str) -> tuple[RunResult, Witness]:
    """What ``dropstudy run --resume`` does, in this process."""
    witness = Witness()
    with hold(directory):
        resumption = plan_resumption(load_run(directory.path), changes)
        experiment = resumption.experiment
        job = Job(experiment, directory, _read(experiment), resumption)
        return run_experiment(job, witness), witness


def noted(directory: RunDirectory) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(directory.environment.read_text(encoding="utf-8"))
    return content


def only_run(runs: Path) -> RunDirectory:
    [path] = runs.iterdir()
    return RunDirectory(path)


def leftovers(directory: RunDirectory) -> list[str]:
    """Hidden files, which none may be once a run has ended well."""
    return [path.name for path in directory.path.rglob(".*")]


def _read(experiment: Experiment) -> PreparedData:
    split = load_split(experiment.data)
    return PreparedData(split, prepare_images(experiment, split))
