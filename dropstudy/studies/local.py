"""Trains a study's runs in processes of this machine."""

import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, cast

from dropstudy.runs.environment import RUNS_BESIDE, available_cores
from dropstudy.studies.jobs import ENDS, Event, Job

WORKER = "dropstudy.studies.worker"


class LocalExecutor:
    """Some worker processes, each with cores of its own, that live as long as the study."""

    def __init__(self, workers: int, *, log: Path) -> None:
        """Starts nothing yet.

        Args:
            workers: How many train at the same time; none has less than a core.
            log: What they say that belongs to no run is added to this file.
        """
        self.workers = min(workers, available_cores())
        self._log = log

    @contextmanager
    def run(self, jobs: Sequence[Job]) -> Iterator[Iterator[Event]]:
        """Begins the jobs in order; a worker that dies takes its own run with it alone."""
        heard: queue.Queue[tuple[_Worker, Event | None]] = queue.Queue()
        shares = share_cores(min(self.workers, len(jobs)))
        ways = [_Way(cores, len(shares) - 1, self._log) for cores in shares]
        workers = [_Worker(way, heard, way.start()) for way in ways]
        for worker in workers:
            worker.listen()
        try:
            yield _follow(deque(jobs), workers, heard)
        finally:
            for worker in workers:
                worker.end()


@dataclass(frozen=True)
class _Way:
    """How a worker's process is started.

    Attributes:
        cores: Its own; none: all.
        beside: How many others there are.
        log: Where its standard error goes.
    """

    cores: list[int]
    beside: int
    log: Path

    def start(self) -> "subprocess.Popen[str]":
        """A new process that waits for jobs."""
        with self.log.open("a", encoding="utf-8") as log:
            return subprocess.Popen(
                # Not from the working folder, whose files could pass for modules.
                [sys.executable, "-P", "-m", WORKER, *map(str, self.cores)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, RUNS_BESIDE: str(self.beside)},
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is for the study, which then ends its workers
            )


@dataclass(eq=False)
class _Worker:
    """A process and what it is doing.

    Attributes:
        way: How its process is started.
        heard: Where its events go; None: it has died.
        process: Itself.
        job: What it trains; None: nothing.
    """

    way: _Way
    heard: "queue.Queue[tuple[_Worker, Event | None]]"
    process: "subprocess.Popen[str]"
    job: Job | None = None

    def restart(self) -> None:
        """Takes the place of a process that has died."""
        self.process = self.way.start()
        self.listen()

    def listen(self) -> None:
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()

    def give(self, job: Job) -> None:
        """Has the process train; if it has died, its end is heard all the same."""
        self.job = job
        with suppress(OSError):
            self.orders.write(job.to_line())
            self.orders.flush()

    def end(self) -> None:
        """Has the process save, if it trains, and waits for its end."""
        with suppress(OSError):
            self.orders.close()
        self.process.wait()

    @property
    def orders(self) -> IO[str]:
        """Where the process takes its jobs from."""
        return cast("IO[str]", self.process.stdin)

    def _read(self, process: "subprocess.Popen[str]") -> None:
        try:
            for line in cast("IO[str]", process.stdout):
                self.heard.put((self, Event.from_line(line)))
        except ValueError:  # it died in the middle of a line
            pass
        finally:
            self.heard.put((self, None))


def share_cores(workers: int) -> list[list[int]]:
    """The cores that this process may use, in that many shares; none where no one can say."""
    if not hasattr(os, "sched_getaffinity"):
        return [[] for _ in range(workers)]
    cores = sorted(os.sched_getaffinity(0))
    bounds = [len(cores) * number // workers for number in range(workers + 1)]
    return [cores[low:high] for low, high in pairwise(bounds)]


def _follow(
    waiting: deque[Job],
    workers: list[_Worker],
    heard: "queue.Queue[tuple[_Worker, Event | None]]",
) -> Iterator[Event]:
    """All events of all jobs, while each worker that is free gets the next one."""
    for worker in workers:
        worker.give(waiting.popleft())
    while any(worker.job for worker in workers):
        worker, event = heard.get()
        if event is not None and event.stage not in ENDS:
            yield event
            continue
        job = worker.job
        if job is None:  # it has died after the end of its job
            continue
        worker.job = None
        if event is None:
            code = worker.process.wait()
            error = f"its process ended with {code}; see {worker.way.log}"
            event = Event(job.number, "crashed", job.resume, error=error)
            if waiting:
                worker.restart()
        if waiting:
            worker.give(waiting.popleft())
        yield event
