"""The smallest experiments that still train, and who watches them."""

from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dropstudy.config import Experiment
from dropstudy.imaging.sources import load_split
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.records import EpochRecord, RunResult
from dropstudy.runs.settings import settings_files
from dropstudy.training.assembly import assemble_fit
from dropstudy.training.experiment_run import Job, run_experiment
from dropstudy.training.fitting import Fit
from dropstudy.training.observing import Plan
from dropstudy.training.preparation import PreparedData, prepare_images
from dropstudy.training.runtime import configure_runtime

SIDE = 16


def waves(count: int, *, side: int = SIDE, channels: int = 3) -> NDArray[np.float32]:
    """Images of crossing waves, each of its own direction, shape (count, side, side, channels)."""
    rows, columns = np.mgrid[:side, :side]
    turns = np.arange(1, count * channels + 1).reshape(count, 1, 1, channels)
    phase = rows[..., None] * np.sin(turns) + columns[..., None] * np.cos(turns)
    return np.asarray(0.5 + 0.4 * np.sin(phase), dtype=np.float32)


def write_arrays(folder: Path, *, channels: int = 3, given: bool = False) -> Path:
    """A ``.npz`` file of five images: three to train on, one to validate, one to test."""
    clean = waves(5, channels=channels)
    path = folder / f"images-{channels}{'-given' if given else ''}.npz"
    if given:
        np.savez(path, clean=clean, degraded=clean / 2)
    else:
        np.savez(path, clean=clean)
    return path


def tiny_experiment(folder: Path, **changes: dict[str, Any] | int) -> Experiment:
    """An experiment of 4 filters, depth 1 and patches of 16 on images made in ``folder``.

    Args:
        folder: Where the images are written.
        **changes: Sections by name; each is laid over the tiny one, or, with a kind of its
            own, stands in its place.
    """
    sections: dict[str, Any] = {
        "name": "tiny",
        "data": {"kind": "arrays", "path": str(write_arrays(folder)), "patch_size": SIDE},
        "task": {"kind": "gaussian", "sigma": 25},
        "architecture": {"kind": "autoencoder", "depth": 1, "filters": 4, "convolutions": 1},
        "training": {"epochs": 2, "batch_size": 2, "steps_per_epoch": 2},
        "runtime": {"device": "cpu", "precision": "float32"},
        "samples": {"count": 0, "size": SIDE},
    }
    for name, change in changes.items():
        laid_over = isinstance(change, dict) and name in sections and "kind" not in change
        sections[name] = sections[name] | change if laid_over else change
    return Experiment.model_validate(sections)


def assemble(experiment: Experiment) -> Fit:
    """All that the training loop needs, as a run puts it together."""
    split = load_split(experiment.data)
    data = PreparedData(split, prepare_images(experiment, split))
    return assemble_fit(experiment, data=data, runtime=configure_runtime(experiment.runtime))


@dataclass
class Witness:
    """Keeps what a run tells it; interrupts the run after an epoch if asked to."""

    interrupt_after: int | None = None
    plan: Plan | None = None
    steps: list[tuple[int, int]] = field(default_factory=list)
    records: list[EpochRecord] = field(default_factory=list)
    bests: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    result: RunResult | None = None

    def on_stage(self, text: str) -> None:
        """Not kept."""

    def on_note(self, text: str) -> None:
        self.notes.append(text)

    def on_start(self, plan: Plan) -> None:
        self.plan = plan

    def on_step(self, epoch: int, step: int) -> None:
        self.steps.append((epoch, step))

    def on_epoch(self, record: EpochRecord, *, is_best: bool) -> None:
        self.times.append(perf_counter())
        self.records.append(record)
        self.bests += [record.epoch] if is_best else []
        if record.epoch == self.interrupt_after:
            raise KeyboardInterrupt

    def on_end(self, result: RunResult) -> None:
        self.result = result


def run(
    folder: Path,
    experiment: Experiment,
    witness: Witness | None = None,
    *,
    directory: RunDirectory | None = None,
) -> tuple[RunResult, RunDirectory]:
    """Runs an experiment in a directory of its own below ``folder``."""
    split = load_split(experiment.data)
    data = PreparedData(split, prepare_images(experiment, split))
    files = settings_files(experiment)
    directory = directory or RunDirectory.create(folder / "runs", experiment.name, files=files)
    job = Job(experiment, directory, data)
    return run_experiment(job, witness or Witness()), directory
