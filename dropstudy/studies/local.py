"""Trains a study's runs in processes of this machine."""

import queue
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from dropstudy.config.runtime import Runtime
from dropstudy.runs.environment import available_cores
from dropstudy.studies.jobs import ENDS, Event, Job
from dropstudy.studies.shares import Share, share_machine

WORKER = "dropstudy.studies.worker"


class LocalExecutor:
    """Some worker processes, each with its share of the machine, that live as long as the study.

    Where there are GPUs, each worker has its own; workers beyond their number share them.
    """

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
        """Begins the jobs in order; a worker that dies takes its own run with it alone.

        Raises:
            StudyError: So many at a time need more GPUs than there are.
        """
        heard: queue.Queue[tuple[_Worker, Event | None]] = queue.Queue()
        runtimes = [Runtime.model_validate(job.settings["runtime"]) for job in jobs]
        shares = share_machine(min(self.workers, len(jobs)), runtimes)
        ways = [_Way(share, self._log) for share in shares]
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
        share: Its part of the machine.
        log: Where its standard error goes.
    """

    share: Share
    log: Path

    def start(self) -> "subprocess.Popen[str]":
        """A new process that waits for jobs."""
        with self.log.open("a", encoding="utf-8") as log:
            return self.share.start(WORKER, errors=log)


@dataclass(eq=False)
class _Worker:
    """A process and what it is doing.

    Attributes:
        way: How its process is started.
        heard: Where its events go; None: it has died.
        process: Itself.
        job: What it trains; None: nothing.
        listener: Hears what the process tells.
    """

    way: _Way
    heard: "queue.Queue[tuple[_Worker, Event | None]]"
    process: "subprocess.Popen[str]"
    job: Job | None = None
    listener: threading.Thread | None = None

    def restart(self) -> None:
        """Takes the place of a process that has died."""
        self.end()
        self.process = self.way.start()
        self.listen()

    def listen(self) -> None:
        self.listener = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self.listener.start()

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
        if self.listener is not None:
            self.listener.join()

    @property
    def orders(self) -> IO[str]:
        """Where the process takes its jobs from."""
        return cast("IO[str]", self.process.stdin)

    def _read(self, process: "subprocess.Popen[str]") -> None:
        try:
            with cast("IO[str]", process.stdout) as lines:
                for line in lines:
                    self.heard.put((self, Event.from_line(line)))
        except ValueError:  # it died in the middle of a line
            pass
        finally:
            self.heard.put((self, None))


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
