"""What a Ray cluster holds one of for each run that trains at the same time."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from dropstudy.runs.environment import CORES, RUNS_BESIDE
from dropstudy.studies.jobs import ENDS, Event, Job
from dropstudy.studies.local import WORKER


@dataclass(frozen=True)
class Way:
    """How a worker's process is started on a node.

    Attributes:
        cores: How many threads it has.
        has_gpu: Whether it may use the GPUs that Ray gave it.
        beside: How many others of the study there are.
        folder: From where, if there is one, as relative paths of images count from it.
        log: Where its standard error goes.
    """

    cores: int
    has_gpu: bool
    beside: int
    folder: str
    log: str


class Trainer:
    """A worker process on a node of the cluster; Ray keeps resources for it and calls it."""

    def __init__(self, way: Way) -> None:
        """Starts nothing yet."""
        self._way = way
        self._process: subprocess.Popen[str] | None = None
        self._is_ended = False

    def begin(self) -> str:
        """Starts the process; returns what its machine is called."""
        self._process = self._start()
        return socket.gethostname()

    def train(self, line: str) -> Iterator[str]:
        """Has the process train the job of a line, and tells its events in lines up to the end."""
        job = Job.from_line(line)
        if self._process is None or (self._process.poll() is not None and not self._is_ended):
            self.begin()
        process = cast("subprocess.Popen[str]", self._process)
        orders, events = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
        with suppress(OSError, ValueError):  # its end, or the study's, is heard all the same
            orders.write(line)
            orders.flush()
        path = job.resume
        for said in events:
            try:
                event = Event.from_line(said)
            except ValueError:  # it died in the middle of a line
                break
            path = event.path or path
            yield said
            if event.stage in ENDS:
                return
        if self._is_ended:
            yield Event(job.number, "interrupted", path).to_line()
            return
        error = (
            f"its process on {socket.gethostname()} ended with {process.wait()}; "
            f"see {self._way.log}"
        )
        yield Event(job.number, "crashed", path, error=error).to_line()

    def end(self) -> None:
        """Has the process save, if it trains, and waits for its end."""
        self._is_ended = True
        if self._process is not None:
            with suppress(OSError):
                cast("IO[str]", self._process.stdin).close()
            self._process.wait()

    def _start(self) -> "subprocess.Popen[str]":
        way = self._way
        own = {RUNS_BESIDE: str(way.beside), CORES: str(way.cores)}
        if not way.has_gpu:
            own["CUDA_VISIBLE_DEVICES"] = ""
        with Path(way.log).open("a", encoding="utf-8") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **own},
                cwd=way.folder if Path(way.folder).is_dir() else None,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )
