"""Tries trainings out in processes of their own: what a study will take, before it is begun."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any, cast

from dropstudy.config.experiment import Experiment
from dropstudy.errors import StudyError
from dropstudy.studies.shares import Share

PROCESS = "dropstudy.studies.trial_process"


@dataclass(frozen=True)
class Rate:
    """How fast one of several processes trained while all of them did.

    Attributes:
        images_per_second: Training patches.
        peak_memory_bytes: The most that it held; None where unknown.
    """

    images_per_second: float
    peak_memory_bytes: int | None


@dataclass(frozen=True)
class Trial:
    """What a run of two short epochs took and left.

    Attributes:
        seconds: All of it, from its images to its result.
        epochs: Those that it had; fewer if the experiment itself has fewer.
        steps: Training steps of each of them.
        patches: Of which the experiment's own epoch uses each once, unless it says otherwise.
        first_step_seconds: Tracing, compiling and the first step.
        step_seconds: Mean of the last epoch's steps after the first.
        epoch_seconds: All of the last epoch.
        disk_bytes: Of all its files, in whole blocks of the disk.
        epoch_bytes: That each further epoch adds.
        picture_bytes: Of the pictures that are drawn every ``samples.every`` epochs.
        peak_memory_bytes: The most that its process held.
    """

    seconds: float
    epochs: int
    steps: int
    patches: int
    first_step_seconds: float
    step_seconds: float
    epoch_seconds: float
    disk_bytes: int
    epoch_bytes: int
    picture_bytes: int
    peak_memory_bytes: int

    @classmethod
    def average(cls, trials: "Sequence[Trial]") -> "Trial":
        """The mean of each of their numbers."""
        means = {
            item.name: sum(getattr(own, item.name) for own in trials) / len(trials)
            for item in fields(cls)
        }
        return cls(**{key: mean if "seconds" in key else int(mean) for key, mean in means.items()})


class TrialProcess:
    """A process that tries one experiment out after another."""

    def __init__(self, share: Share, folder: Path) -> None:
        """Starts it.

        Args:
            share: Its part of the machine.
            folder: Where its runs are made; what is left there is of no use.
        """
        self._folder = folder
        self._errors = folder / f"errors-{'-'.join(map(str, share.cores))}.txt"
        with self._errors.open("w", encoding="utf-8") as errors:
            self._process = share.start(PROCESS, errors=errors)

    def ask_rate(self, experiment: Experiment, *, seconds: float) -> None:
        """Has it compile; ``wait_until_ready`` and ``begin`` follow, then ``hear_rate``."""
        self._ask({"ask": "rate", "seconds": seconds}, experiment)

    def wait_until_ready(self) -> None:
        """Until it could train at once.

        Raises:
            StudyError: It could not; the text says why.
        """
        self._hear()

    def begin(self) -> None:
        """Has it train."""
        self._write("begin\n")

    def hear_rate(self) -> Rate:
        """What it measured.

        Raises:
            StudyError: It failed; the text says why.
        """
        return Rate(**self._hear())

    def ask_trial(self, experiment: Experiment) -> None:
        """Has it make a short run."""
        self._ask({"ask": "trial", "folder": str(self._folder)}, experiment)

    def hear_trial(self) -> Trial:
        """What the run took.

        Raises:
            StudyError: It failed; the text says why.
        """
        return Trial(**self._hear())

    def end(self) -> None:
        """Ends it, whatever it does."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                cast("IO[str]", stream).close()
        self._process.wait()

    def _ask(self, order: dict[str, Any], experiment: Experiment) -> None:
        self._write(json.dumps({**order, "settings": experiment.model_dump(mode="json")}) + "\n")

    def _write(self, line: str) -> None:
        """If it has died, that is heard all the same."""
        orders = cast("IO[str]", self._process.stdin)
        with suppress(OSError):
            orders.write(line)
            orders.flush()

    def _hear(self) -> dict[str, Any]:
        line = cast("IO[str]", self._process.stdout).readline()
        if not line.endswith("\n"):
            code = self._process.wait()
            said = self._errors.read_text(encoding="utf-8", errors="replace").split("\n")
            words = [own for own in said if own.strip()][-1:]
            raise StudyError(": ".join([f"a trial's process ended with {code}", *words]))
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise StudyError(f"a trial failed: {answer['error']}")
        return answer


@contextmanager
def trial_processes(shares: Sequence[Share]) -> Iterator[list[TrialProcess]]:
    """A process on each share, for as long as the block lasts."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dropstudy-trial-"))
        processes = []
        for share in shares:
            processes.append(TrialProcess(share, Path(folder)))
            stack.callback(processes[-1].end)
        yield processes


def measure_rates(experiment: Experiment, shares: Sequence[Share], *, seconds: float) -> list[Rate]:
    """Trains an experiment on all shares at the same time, each a network of its own.

    Args:
        experiment: What is trained; nothing of it is kept.
        shares: The parts of the machine.
        seconds: How long, once all have compiled.

    Raises:
        StudyError: It could not be trained; the text says why.
    """
    with trial_processes(shares) as processes:
        for process in processes:
            process.ask_rate(experiment, seconds=seconds)
        for process in processes:
            process.wait_until_ready()
        for process in processes:
            process.begin()
        return [process.hear_rate() for process in processes]
