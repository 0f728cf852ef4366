"""Trainings that are left and gone on with, and all that must be the same in the end."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import keras
import numpy as np

from dropstudy.config import Experiment
from dropstudy.imaging.sources import load_split
from dropstudy.runs.checkpoints import load_checkpoint
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.manifests import STEP_SECONDS, list_manifests
from dropstudy.runs.reading import Run
from dropstudy.runs.records import RunResult
from dropstudy.runs.resumption import Resumption, plan_resumption
from dropstudy.runs.settings import settings_files
from dropstudy.runs.tensors import Tensors, hash_tensors
from dropstudy.training.experiment_run import Job, run_experiment
from dropstudy.training.fitting import Fit
from dropstudy.training.interruption import Interruption
from dropstudy.training.preparation import PreparedData, prepare_images
from dropstudy.training.state import capture_network, capture_optimizer
from tests.training.tiny import Witness, tiny_experiment

METRICS = ("loss", "psnr", "ssim", "accuracy", "gap", "rate", "epoch")


class ImpatientInterruption(Interruption):
    """A signal that comes as the training looks for one for the n-th time."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._looks = looks

    @property
    def is_wanted(self) -> bool:
        self._looks -= 1
        return self._looks <= 0


@dataclass
class Leaver(Witness):
    """Interrupts a run at a stage; notes when its steps ended."""

    leave_at: str = ""
    step_times: list[float] = field(default_factory=list)

    def on_stage(self, text: str) -> None:
        if text == self.leave_at:
            raise KeyboardInterrupt

    def on_step(self, epoch: int, step: int) -> None:
        super().on_step(epoch, step)
        self.step_times.append(perf_counter())


def stateful_experiment(folder: Path) -> Experiment:
    """With everything that has a state: averages, masks, moments, a schedule, a best epoch."""
    return tiny_experiment(
        folder,
        architecture={"normalization": "batch"},
        dropout={"bottleneck": {"kind": "dropout", "rate": 0.3}},
        training={"schedule": {"kind": "cosine", "warmup_epochs": 0.5}},
        samples={"count": 0, "images": 1, "size": 16},
        recovery={"keep": 99},
    )


def capture_training(fit: Fit) -> Tensors:
    """All that a checkpoint holds of a network and its optimizer."""
    return {**capture_network(fit), **capture_optimizer(fit)}


def new_directory(folder: Path, experiment: Experiment) -> RunDirectory:
    files = settings_files(experiment)
    return RunDirectory.create(folder / "runs", experiment.name, files=files)


def train(
    directory: RunDirectory,
    experiment: Experiment,
    witness: Witness | None = None,
    *,
    resumption: Resumption | None = None,
    interruption: Interruption | None = None,
) -> RunResult:
    """Trains, from the beginning or as ``resumption`` says."""
    split = load_split(experiment.data)
    data = PreparedData(split, prepare_images(experiment, split))
    job = Job(experiment, directory, data, resumption, interruption or Interruption())
    return run_experiment(job, witness or Witness())


def resume(
    directory: RunDirectory,
    *overrides: str,
    witness: Witness | None = None,
    interruption: Interruption | None = None,
) -> RunResult:
    """Goes on with a run, as ``dropstudy run --resume`` does."""
    plan = plan_resumption(Run(directory), overrides)
    return train(directory, plan.experiment, witness, resumption=plan, interruption=interruption)


def read_rows(directory: RunDirectory) -> list[dict[str, Any]]:
    """The rows of ``epochs.jsonl``."""
    return [json.loads(line) for line in directory.epochs.read_text().splitlines()]


def outcome(directory: RunDirectory) -> dict[str, Any]:
    """All of a finished run that is no time and no memory."""
    checkpoint, damaged = load_checkpoint(directory)
    assert checkpoint is not None
    assert checkpoint.best is not None
    assert damaged == []
    result = json.loads(directory.result.read_text())
    network = keras.models.load_model(directory.model)
    state = {name: checkpoint.state[name] for name in checkpoint.state if name != STEP_SECONDS}
    return {
        "status": result["status"],
        "rows": [_numbers(row) for row in read_rows(directory)],
        "best": (_numbers(result["best"]), checkpoint.best.epoch, checkpoint.best.hashes),
        "last": (checkpoint.place, hash_tensors(state)),
        "model": [np.asarray(weights).tobytes() for weights in network.get_weights()],
        "images": directory.image_scores.read_text().splitlines(),
        "test": result["test"],
        "kept": {path.name: path.read_bytes() for path in directory.images.glob("*")},
    }


def newest(directory: RunDirectory) -> str:
    """The name of the newest checkpoint; empty without any."""
    manifests = list_manifests(directory)
    return manifests[0].stem if manifests else ""


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in row if key.split("_")[-1] in METRICS}
