"""Trains a study's runs on a Ray cluster.

Ray is talked to by a process of its own (``ray_conducting``): it prints what it likes, changes how
signals are heeded, and ends its process when the cluster's head is lost.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, cast

from dropstudy.errors import StudyError
from dropstudy.studies.jobs import ENDS, Event, Job, plain_path

CONDUCTOR = "dropstudy.studies.ray_conducting"
REFUSAL = "refusal"
"""The key of a line that says why nothing is trained."""


@dataclass(frozen=True)
class Order:
    """What the process that talks to Ray is asked to do.

    Attributes:
        address: ``auto``, or the HOST:PORT of the cluster's head.
        cpus: How many cores a run gets.
        gpus: How many GPUs a run gets.
        log: Beside this file lie those that take what belongs to no run.
        jobs: What is to be done.
    """

    address: str
    cpus: int
    gpus: float
    log: str
    jobs: tuple[Job, ...]

    def to_line(self) -> str:
        """As one line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> "Order":
        """What ``to_line`` wrote."""
        content = json.loads(line)
        return cls(**{**content, "jobs": tuple(Job(**job) for job in content["jobs"])})


class RayExecutor:
    """As many workers as the cluster has room for; a run whose node is lost goes on elsewhere."""

    def __init__(self, address: str = "auto", *, cpus: int = 1, gpus: float = 0, log: Path) -> None:
        """Starts nothing yet.

        Args:
            address: ``auto``: the cluster that this machine belongs to; or its head's HOST:PORT.
            cpus: How many cores a run gets.
            gpus: How many GPUs a run gets; a fraction where several share one.
            log: What Ray says is added to this file; what the workers say that belongs to no
                run, to one for each beside it.

        Raises:
            StudyError: Ray is not installed, or the address is none of these.
        """
        if find_spec("ray") is None:
            raise StudyError(
                '--executor ray: Ray is not installed; install it: pip install "dropstudy[ray]"'
            )
        if address != "auto" and ("://" in address or not address.rpartition(":")[2].isdigit()):
            raise StudyError(
                f"--ray-address: got {address}; give auto, or HOST:PORT of the head of a cluster "
                "that this machine belongs to"
            )
        self._address, self._cpus, self._gpus = address, cpus, gpus
        self._log = log

    @contextmanager
    def run(self, jobs: Sequence[Job]) -> Iterator[Iterator[Event]]:
        """Begins the jobs in order, once every node is known to reach the runs' directory.

        Raises:
            StudyError: Later, by the iterator: the cluster cannot be used as it is; the text
                names the nodes and what to do.
        """
        log = plain_path(self._log)
        order = Order(self._address, self._cpus, self._gpus, log, tuple(jobs))
        process = self._start()
        orders, events = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
        try:
            with suppress(OSError):  # its end is heard all the same
                orders.write(order.to_line())
                orders.flush()
            yield self._follow(process, events, {job.number for job in jobs})
        finally:
            with suppress(OSError):
                orders.close()  # what still trains saves and ends
            for _ in events:
                pass
            process.wait()

    def _start(self) -> "subprocess.Popen[str]":
        with self._log.open("a", encoding="utf-8") as log:
            return subprocess.Popen(
                # Not from the working folder, whose files could pass for modules.
                [sys.executable, "-P", "-m", CONDUCTOR],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is for the study, which then ends its workers
            )

    def _follow(
        self, process: "subprocess.Popen[str]", events: IO[str], left: set[int]
    ) -> Iterator[Event]:
        """All events, until each job has had its end."""
        for line in events:
            said = json.loads(line)
            if REFUSAL in said:
                raise StudyError(said[REFUSAL])
            event = Event(**said)
            if event.stage in ENDS:
                left.discard(event.number)
            yield event
            if not left:
                return
        code = process.wait()
        raise StudyError(
            f"the connection to the Ray cluster ended with {code}; see {self._log}; once the "
            "cluster is back, go on from the last checkpoints with --resume"
        )
