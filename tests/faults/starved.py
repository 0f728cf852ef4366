"""Runs out of memory in earnest: each job below is trained under a limit on this process.

The limit is set when nearly all is in place and leaves less than the job's next large array, so
that the arrays fail and not the small things between them. Prints a JSON object for each job.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from dropstudy.errors import OutOfMemoryError
from dropstudy.runs.records import EpochRecord
from dropstudy.training.observing import Plan
from tests.faults.acting import attempt, go_on, new_directory
from tests.training.tiny import Witness, tiny_experiment, waves


@dataclass
class Starver(Witness):
    """Limits the memory from some moment on, until the run starts over; only then interrupts it.

    Attributes:
        spare_bytes: What is left of it.
        before_steps: Whether already before the first batch is made, or after the first epoch.
    """

    spare_bytes: int = 0
    before_steps: bool = False
    has_acted: bool = field(default=False, init=False)

    def on_start(self, plan: Plan) -> None:
        super().on_start(plan)
        if self.before_steps:
            self._starve()

    def on_epoch(self, record: EpochRecord, *, is_best: bool) -> None:
        if self.has_acted:
            super().on_epoch(record, is_best=is_best)
        else:
            self._starve()

    def on_note(self, text: str) -> None:
        super().on_note(text)
        feed()

    def _starve(self) -> None:
        if not self.has_acted:
            self.has_acted = True
            _limit(_settled_bytes() + self.spare_bytes)


def feed() -> None:
    """Takes the limit away."""
    _limit(resource.RLIM_INFINITY)


@dataclass(frozen=True)
class Load:
    """How much memory a job wants: its first layer returns ``activation_bytes`` for a batch.

    More than 64 MB, which the C library may hold in reserve for each thread.
    """

    batch_size: int = 18
    side: int = 256
    filters: int = 16

    @property
    def activation_bytes(self) -> int:
        return self.batch_size * self.side**2 * self.filters * 4


def train(load: Load, folder: Path, witness: Witness, *, policy: str = "stop") -> dict[str, Any]:
    """Trains, with ``witness`` in the way, and says what came of it."""
    folder.mkdir()
    np.savez(folder / "images.npz", clean=waves(5, side=load.side))
    experiment = tiny_experiment(
        folder,
        data={
            "path": str(folder / "images.npz"),
            "patch_size": load.side,
            "evaluation_size": load.side,
        },
        task={"kind": "pixelate", "block": 4},  # whose classical method is a fast one
        architecture={"filters": load.filters},
        training={"batch_size": load.batch_size, "steps_per_epoch": 1},
        recovery={"out_of_memory": policy},
    )
    directory = new_directory(folder / "runs", experiment)
    error, cause, status = None, None, None
    try:
        status = attempt(experiment, directory, witness).status
        if status == "interrupted":
            status = go_on(directory)[0].status
    except OutOfMemoryError as caught:
        error, cause = str(caught), type(caught.__context__).__name__
    finally:
        feed()
    return {
        "status": status,
        "error": error,
        "cause": cause,
        "notes": witness.notes,
        "steps": witness.steps,
        "run": str(directory.path),
    }


def _settled_bytes() -> int:
    """What is in use once the thread that makes batches has made all it may."""
    before = 0
    while (now := _used_bytes()) != before:
        before = now
        time.sleep(0.5)
    return now


def _used_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmSize")]
    return int(line.split()[1]) * 1024


def _limit(most_bytes: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, hard))


def main(folder: Path) -> None:
    load, large = Load(), Load(batch_size=128)
    half = load.activation_bytes // 2
    # A large batch needs room of its own; small ones can lie where others were.
    little = Starver(spare_bytes=2**20, before_steps=True)
    jobs: dict[str, Callable[[Path], dict[str, Any]]] = {
        "stopped": lambda path: train(load, path, Starver(spare_bytes=half)),
        "halved": lambda path: train(
            load, path, Starver(spare_bytes=half, interrupt_after=1), policy="halve_batch"
        ),
        "begun with half": lambda path: train(replace(load, batch_size=9), path, Witness()),
        "batch": lambda path: train(large, path, little),
    }
    for name, job in jobs.items():
        sys.stdout.write(json.dumps({"job": name, **job(folder / name)}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
