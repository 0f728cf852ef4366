"""A process that tries trainings out: a study itself never imports TensorFlow.

    python -m dropstudy.studies.trial_process [CORE ...]

Takes orders, a line each, from standard input and answers each on standard output, both in
JSON. ``rate`` compiles, says that it is ready, waits for a line, so that several processes
begin at the same time, and trains for some seconds. ``trial`` makes a short run, as a worker
does.
"""

import gc
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import IO, TYPE_CHECKING, Any

from dropstudy.config import Experiment
from dropstudy.config.training import Constant
from dropstudy.errors import DropstudyError
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.records import EpochRecord, RunResult
from dropstudy.studies.trials import Rate, Trial
from dropstudy.training.framework import import_framework, quiet_framework
from dropstudy.training.interruption import Interruption
from dropstudy.training.launching import begin_run

if TYPE_CHECKING:  # it imports TensorFlow, which `import_framework` does sooner
    from dropstudy.training.observing import Plan

TURNS = 4
"""Parts that the seconds of a rate are measured in."""
WARMUP = 2
EPOCHS = 2
"""The first compiles, the second is as all others."""
STEPS = 8
BLOCK_BYTES = 512
"""What ``st_blocks`` counts, whatever the file system's own blocks are."""


class _Listener:
    """Notes what a run tells."""

    def __init__(self) -> None:
        self.epochs: list[EpochRecord] = []
        self.patches = 0

    def on_stage(self, text: str) -> None:
        """Nothing to note."""

    def on_note(self, text: str) -> None:
        """Nothing to note."""

    def on_start(self, plan: "Plan") -> None:
        """How many patches there are."""
        self.patches = plan.patches

    def on_step(self, epoch: int, step: int) -> None:
        """Nothing to note."""

    def on_epoch(self, record: EpochRecord, *, is_best: bool) -> None:  # noqa: ARG002
        """Another epoch is done."""
        self.epochs.append(record)

    def on_end(self, result: RunResult) -> None:
        """Nothing to note."""


def main(cores: list[int]) -> None:
    """Answers order after order until there are no more.

    Args:
        cores: On which alone this process shall run; none: on all.
    """
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints must not pass for an answer
    for line in iter(sys.stdin.readline, ""):
        try:
            _tell(answers, _answer(json.loads(line), answers))
        except DropstudyError as error:
            _tell(answers, {"error": str(error)})
        gc.collect()


def _answer(order: dict[str, Any], answers: IO[str]) -> dict[str, Any]:
    experiment = Experiment.model_validate_json(json.dumps(order["settings"]))
    if order["ask"] == "trial":
        return asdict(_try_out(experiment, Path(order["folder"])))
    with quiet_framework(experiment.runtime.backend):
        import_framework()
        return asdict(_measure_rate(experiment, order["seconds"], answers))


def _tell(answers: IO[str], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _measure_rate(experiment: Experiment, seconds: float, answers: IO[str]) -> Rate:
    """Images per second of training steps, from the moment when all begin."""
    from dropstudy.timing.stepping import Material, Stepper

    stepper = Stepper(experiment, Material())
    stepper.first_step()
    before, peak = stepper.take_turn(warmup=1, steps=WARMUP)
    count = max(1, round(seconds / TURNS / fmean(before)))
    _tell(answers, {"ready": True})
    sys.stdin.readline()
    taken: list[float] = []
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        turn, peak = stepper.take_turn(warmup=1, steps=count)
        taken += turn
    return Rate(experiment.training.batch_size / fmean(taken), peak)


def _try_out(experiment: Experiment, folder: Path) -> Trial:
    """Makes a run of a few steps; measures what it took and left."""
    listener, training = _Listener(), experiment.training
    short = _shorten(experiment)
    started = time.perf_counter()
    path, _ = begin_run(short, folder, observer=listener, interruption=Interruption())
    seconds = time.perf_counter() - started
    directory, epochs = RunDirectory(path), listener.epochs
    rows, table = (file.stat().st_size for file in (directory.epochs, directory.epochs_table))
    # Each checkpoint that is kept holds all rows, too.
    epoch_bytes = ((1 + short.recovery.keep) * rows + table) // len(epochs)
    steps = short.training.steps_per_epoch or 0
    return Trial(
        seconds=seconds,
        epochs=len(epochs),
        steps=steps,
        patches=listener.patches,
        first_step_seconds=epochs[0].first_step_seconds,
        step_seconds=training.batch_size / epochs[-1].images_per_second,
        epoch_seconds=epochs[-1].total_seconds,
        disk_bytes=sum(map(_disk_bytes, path.rglob("*"))),
        epoch_bytes=epoch_bytes,
        picture_bytes=_disk_bytes(directory.final_samples),
        peak_memory_bytes=epochs[-1].peak_memory_bytes,
    )


def _shorten(experiment: Experiment) -> Experiment:
    """An experiment whose steps, validation and files are the same, but which soon ends."""
    training = experiment.training.model_copy(
        update={
            "epochs": min(EPOCHS, experiment.training.epochs),
            "steps_per_epoch": min(STEPS, experiment.training.steps_per_epoch or STEPS),
            "seconds": None,
            "schedule": Constant(),  # it costs nothing, and may be longer than this
            "early_stopping": None,
        }
    )
    samples = experiment.samples.model_copy(update={"every": 0})
    return experiment.model_copy(update={"training": training, "samples": samples})


def _disk_bytes(path: Path) -> int:
    """What a file or a folder takes of the disk, where the system tells; else its size."""
    found = path.stat()
    return getattr(found, "st_blocks", -(-found.st_size // BLOCK_BYTES)) * BLOCK_BYTES


if __name__ == "__main__":
    main([int(core) for core in sys.argv[1:]])
