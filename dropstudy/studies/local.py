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
from typing import IO, cast

from dropstudy.runs.environment import RUNS_BESIDE, available_cores
from dropstudy.studies.jobs import ENDS, Event, Job

WORKER = "dropstudy.studies.worker"


class LocalExecutor:
    """Some worker processes, each with cores of its own, that live as long as the study."""

    def __init__(self, workers: int) -> None:
        """Starts nothing yet.

        Args:
            workers: How many train at the same time; none has less than a core.
        """
        self.workers = min(workers, available_cores())

    @contextmanager
    def run(self, jobs: Sequence[Job]) -> Iterator[Iterator[Event]]:
        """Begins the jobs in order; a worker that dies takes its own run with it alone."""
        heard: queue.Queue[tuple[_Worker, Event | None]] = queue.Queue()
        shares = share_cores(min(self.workers, len(jobs)))
        workers = [_Worker.start(cores, len(shares) - 1, heard) for cores in shares]
        try:
            yield _follow(deque(jobs), workers, heard)
        finally:
            for worker in workers:
                worker.end()


@dataclass(eq=False)
class _Worker:
    """A process and what it is doing.

    Attributes:
        cores: Its own.
        beside: How many others there are.
        heard: Where its events go; None: it has died.
        process: Itself.
        job: What it trains; None: nothing.
    """

    cores: list[int]
    beside: int
    heard: "queue.Queue[tuple[_Worker, Event | None]]"
    process: "subprocess.Popen[str]"
    job: Job | None = None

    @classmethod
    def start(
        cls, cores: list[int], beside: int, heard: "queue.Queue[tuple[_Worker, Event | None]]"
    ) -> "_Worker":
        worker = cls(cores, beside, heard, _start_process(cores, beside))
        worker.listen()
        return worker

    def restart(self) -> None:
        """Takes the place of a process that has died."""
        self.process.wait()
        self.process = _start_process(self.cores, self.beside)
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
        for line in cast("IO[str]", process.stdout):
            self.heard.put((self, Event.from_line(line)))
        self.heard.put((self, None))


def share_cores(workers: int) -> list[list[int]]:
    """The cores that this process may use, in that many shares; none where no one can say."""
    if not hasattr(os, "sched_getaffinity"):
        return [[] for _ in range(workers)]
    cores = sorted(os.sched_getaffinity(0))
    bounds = [len(cores) * number // workers for number in range(workers + 1)]
    return [cores[low:high] for low, high in pairwise(bounds)]


def _start_process(cores: list[int], beside: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", WORKER, *map(str, cores)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, RUNS_BESIDE: str(beside)},
        text=True,
        encoding="utf-8",
        start_new_session=True,  # Ctrl-C is for the study, which then ends its workers
    )


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
            event = Event(job.number, "crashed", job.resume, error=f"its process ended with {code}")
            if waiting:
                worker.restart()
        if waiting:
            worker.give(waiting.popleft())
        yield event
