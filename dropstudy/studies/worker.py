"""A process that trains one run after another: TensorFlow takes seconds to start.

    python -m dropstudy.studies.worker [CORE ...]

Takes a job a line from standard input and tells of it on standard output, both in JSON. When
its input ends, the study has ended: it finishes the step, saves, and ends, too.
"""

import gc
import json
import os
import queue
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dropstudy.config import Experiment
from dropstudy.config.probe import parse_probes
from dropstudy.errors import DropstudyError
from dropstudy.probes.probing import probe_run
from dropstudy.runs.reading import Run
from dropstudy.runs.records import EpochRecord, RunResult
from dropstudy.runs.store import load_run
from dropstudy.studies.jobs import Event, Job
from dropstudy.training.interruption import Interruption
from dropstudy.training.launching import begin_run, go_on_with_run

if TYPE_CHECKING:  # it imports TensorFlow, which `import_framework` does sooner
    from dropstudy.training.observing import Plan


class _Reporter:
    """Tells the study how a job goes."""

    def __init__(self, number: int, events: IO[str]) -> None:
        self._number = number
        self._events = events
        self.path: str | None = None
        self.epoch = 0
        self.value: float | None = None

    def tell(self, event: Event) -> None:
        """Writes a line; a study that is gone does not hear it."""
        try:
            self._events.write(event.to_line())
            self._events.flush()
        except OSError:
            pass

    def recall(self, run: Run) -> str:
        """Takes over how a run has ended; returns that."""
        self.path, self.epoch = str(run.directory.path), len(run.epochs)
        self.value = run.best_psnr
        return run.status

    def on_stage(self, text: str) -> None:
        """Nothing to tell."""

    def on_note(self, text: str) -> None:
        """The run's own log has it."""

    def on_start(self, plan: "Plan") -> None:
        """The run has a directory and a network."""
        self.path = str(plan.directory.path)
        self.tell(Event(self._number, "begun", self.path))

    def on_step(self, epoch: int, step: int) -> None:
        """Nothing to tell."""

    def on_epoch(self, record: EpochRecord, *, is_best: bool) -> None:
        """Another epoch is noted."""
        self.epoch = record.epoch
        if is_best:
            self.value = record.val_psnr
        self.tell(Event(self._number, "epoch", self.path, self.epoch, self.value))

    def on_end(self, result: RunResult) -> None:
        """``main`` tells of it, once the directory is free."""


def main(cores: list[int]) -> None:
    """Trains job after job until there are no more.

    Args:
        cores: On which alone this process shall run; none: on all.
    """
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints must not pass for an event
    jobs: queue.Queue[Job | None] = queue.Queue()
    interruption = Interruption()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    with interruption.heeding_signals(), suppress(KeyboardInterrupt):
        while (job := jobs.get()) is not None and not interruption.is_wanted:
            _train(job, events, interruption)
            gc.collect()


def _listen(jobs: "queue.Queue[Job | None]") -> None:
    for line in sys.stdin:
        jobs.put(Job.from_line(line))
    jobs.put(None)
    os.kill(os.getpid(), signal.SIGTERM)


def _train(job: Job, events: IO[str], interruption: Interruption) -> None:
    reporter = _Reporter(job.number, events)
    path, error = job.resume, None
    try:
        if job.resume is not None:
            found = load_run(job.resume)
            if found.status == "finished":  # and was ended before it was probed
                status = reporter.recall(found)
            else:
                _, status = go_on_with_run(found, [], observer=reporter, interruption=interruption)
        else:
            experiment = Experiment.model_validate_json(json.dumps(job.settings))
            made, status = begin_run(
                experiment, Path(job.runs), observer=reporter, interruption=interruption
            )
            path = str(made)
        if status == "finished" and path and job.probes:
            probe_run(load_run(path), parse_probes(job.probes))
    except DropstudyError as caught:
        status, error = "failed", str(caught)
    except KeyboardInterrupt:
        status = "interrupted"
    reporter.tell(
        Event(
            job.number,
            "finished" if status == "finished" else "failed" if error else "interrupted",
            path or reporter.path,
            reporter.epoch,
            reporter.value,
            error,
        )
    )


if __name__ == "__main__":
    main([int(core) for core in sys.argv[1:]])
