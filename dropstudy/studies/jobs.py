"""What a study asks of a worker, and what it hears of it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

Stage = Literal["begun", "epoch", "finished", "interrupted", "failed", "crashed"]
"""What has become of a job; the last four are its end."""
ENDS = frozenset({"finished", "interrupted", "failed", "crashed"})


@dataclass(frozen=True)
class Job:
    """One run to be made, or to be gone on with.

    Attributes:
        number: Its place in the plan, from 0.
        runs: Where its directory is made.
        settings: The experiment as JSON has it.
        resume: The directory of the run to go on with; None: a new run.
        probes: What is asked of the network once it is trained, as JSON has it.
    """

    number: int
    runs: str
    settings: dict[str, Any]
    resume: str | None = None
    probes: list[dict[str, Any]] = field(default_factory=list)

    def to_line(self) -> str:
        """As one line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> "Job":
        """What ``to_line`` wrote."""
        return cls(**json.loads(line))


@dataclass(frozen=True)
class Event:
    """What has happened to a job.

    Attributes:
        number: The job's.
        stage: What has become of it.
        path: Its run directory, once there is one.
        epoch: How many epochs are done.
        value: The best epoch's validation PSNR so far, in dB.
        error: Why it failed.
    """

    number: int
    stage: Stage
    path: str | None = None
    epoch: int = 0
    value: float | None = None
    error: str | None = None

    def to_line(self) -> str:
        """As one line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> "Event":
        """What ``to_line`` wrote."""
        return cls(**json.loads(line))


class Executor(Protocol):
    """Has jobs done, here or elsewhere; a context that ends its workers."""

    def run(self, jobs: Sequence[Job]) -> AbstractContextManager[Iterator[Event]]:
        """Begins the jobs in order, as many at once as it has workers.

        Each job has one end. When the context is left, what still trains saves and ends.
        """


def plain_path(path: Path) -> str:
    """A path that means the same in another process."""
    return str(path.resolve())
