"""dropstudy's own training, as ``dropstudy run`` does it, and what its checkpoints take."""

import tempfile
import time
from pathlib import Path
from typing import Any

from dropstudy.config import Experiment
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.records import EpochRecord, RunResult
from dropstudy.runs.settings import settings_files
from dropstudy.training.assembly import assemble_fit
from dropstudy.training.checkpointing import Checkpointer
from dropstudy.training.experiment_run import Job, run_experiment
from dropstudy.training.fitting import Progress
from dropstudy.training.observing import Plan
from dropstudy.training.preparation import PreparedData
from dropstudy.training.runtime import configure_runtime
from scripts.bench.trainings import ThreadedTraining


class _TurnTaker:
    """Watches a run and has it wait at each epoch's end, when all of it is saved."""

    def __init__(self, training: ThreadedTraining) -> None:
        self._training = training

    def on_stage(self, text: str) -> None:
        """Nothing to do."""

    def on_note(self, text: str) -> None:
        """Nothing to do."""

    def on_start(self, plan: Plan) -> None:
        """Nothing to do."""

    def on_step(self, epoch: int, step: int) -> None:
        """Nothing to do."""

    def on_epoch(self, record: EpochRecord, *, is_best: bool) -> None:
        self._training.end_epoch(train=record.train_seconds, recorded=record.total_seconds)

    def on_end(self, result: RunResult) -> None:
        """Nothing to do."""


def start_run(experiment: Experiment, data: PreparedData) -> ThreadedTraining:
    """A run with all that belongs to one: validation, grids, checkpoints, rows, the model."""

    def train(training: ThreadedTraining) -> None:
        with tempfile.TemporaryDirectory(prefix="dropstudy-bench-") as folder:
            directory = _make_directory(experiment, folder)
            run_experiment(Job(experiment, directory, data), _TurnTaker(training))

    return ThreadedTraining(train)


def measure_checkpoint(experiment: Experiment, data: PreparedData, *, repeats: int) -> list[float]:
    """Seconds to save the best network and a checkpoint, as after an epoch that is the best."""
    runtime = configure_runtime(experiment.runtime)
    fit = assemble_fit(experiment, data=data, runtime=runtime)
    seconds = []
    with tempfile.TemporaryDirectory(prefix="dropstudy-bench-") as folder:
        directory = _make_directory(experiment, folder)
        saver = Checkpointer(experiment, directory, fit, runtime.precision, time.perf_counter)
        progress = Progress()
        for _ in range(repeats):
            start = time.perf_counter()
            saver.keep_best(progress.epoch)
            progress.epoch += 1
            saver.save(progress)
            seconds.append(time.perf_counter() - start)
    return seconds


def _make_directory(experiment: Experiment, folder: Any) -> RunDirectory:
    files = settings_files(experiment)
    return RunDirectory.create(Path(folder), experiment.name, files=files)
