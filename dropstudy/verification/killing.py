"""Trains in processes of their own, which are killed and gone on with."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dropstudy.errors import TrainingError
from dropstudy.runs.checkpoints import Place, list_manifests, place_of
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.store import find_runs

POLL_SECONDS = 0.02
SHARE_AT_START = 0.2
"""Of the kills, that fall before the training has begun."""


@dataclass(frozen=True)
class Life:
    """How long an uninterrupted run took.

    Attributes:
        start: Seconds from the start of its process to the end of the first epoch.
        rest: Seconds from there to its end.
    """

    start: float
    rest: float


@dataclass(frozen=True)
class Kill:
    """One SIGKILL.

    Attributes:
        number: Which it was, from 1.
        seconds: After the start of its process.
        place: Of the newest checkpoint then; None: there was none.
        directory: Of the run; None: there was none yet.
    """

    number: int
    seconds: float
    place: Place | None
    directory: RunDirectory | None


def run_whole(command: Sequence[str], runs: Path) -> tuple[RunDirectory, Life]:
    """Runs to the end and tells how long its parts took.

    Args:
        command: The arguments of ``dropstudy run`` but for ``--runs-dir``.
        runs: A directory without runs.

    Raises:
        TrainingError: The run failed.
    """
    started = time.monotonic()
    with _Training([*command, "--runs-dir", str(runs)], runs) as training:
        first = None
        while training.is_alive():
            directory = _only_run(runs)
            if first is None and directory is not None and directory.epochs.exists():
                first = time.monotonic() - started
            time.sleep(POLL_SECONDS)
        training.check()
    whole = time.monotonic() - started
    directory = _only_run(runs)
    if directory is None or first is None:
        raise TrainingError(f"{runs}: the run left no epoch behind")
    return directory, Life(start=first, rest=whole - first)


def run_with_kills(
    command: Sequence[str],
    runs: Path,
    delays: Iterator[float],
    on_kill: Callable[[Kill], None],
) -> RunDirectory:
    """Runs to the end although it is killed again and again.

    Args:
        command: The arguments of ``dropstudy run`` but for ``--runs-dir``.
        runs: A directory without runs.
        delays: Seconds after which each process in turn is killed; the last one is not. A
            process that ends before its kill leaves the other delays untouched.
        on_kill: Called after each kill.

    Raises:
        TrainingError: A process failed otherwise.
    """
    number = 0
    while True:
        directory = _only_run(runs)
        how = command if directory is None else ["--resume", str(directory.path)]
        delay = next(delays, None)
        with _Training([*how, "--runs-dir", str(runs)], runs) as training:
            is_killed = training.kill_after(delay)
            if not is_killed:
                training.check()
                break
        number += 1
        directory = _only_run(runs)
        manifests = list_manifests(directory) if directory else []
        place = place_of(manifests[0]) if manifests else None
        on_kill(Kill(number, delay or 0.0, place, directory))
    if directory is None:
        directory = _only_run(runs)
    if directory is None:
        raise TrainingError(f"{runs}: the run left nothing behind")
    return directory


def draw_delays(life: Life, kills: int, chance: random.Random) -> Iterator[float]:
    """Moments for kills that together fall all over a run's life."""
    for _ in range(kills):
        if chance.random() < SHARE_AT_START:
            yield chance.uniform(0, life.start)
        else:
            yield life.start * 0.8 + chance.uniform(0, 2 * life.rest / kills)


class _Training:
    """A process that trains; its output goes to a file beside the runs."""

    def __init__(self, arguments: Sequence[str], runs: Path) -> None:
        runs.mkdir(parents=True, exist_ok=True)
        self._output = runs / "output.txt"
        self._arguments = arguments

    def __enter__(self) -> "_Training":
        """Starts it."""
        with self._output.open("w", encoding="utf-8") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dropstudy", "run", *self._arguments],
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves no process behind."""
        self._process.kill()
        self._process.wait()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill_after(self, seconds: float | None) -> bool:
        """Kills it after some seconds; whether it was still alive."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait() != 0
        return False

    def check(self) -> None:
        """Raises TrainingError with its last words unless it ended well."""
        if self._process.returncode:
            words = self._output.read_text(encoding="utf-8", errors="replace").strip()
            raise TrainingError(
                f"a training ended with exit code {self._process.returncode}:\n"
                + "\n".join(words.splitlines()[-8:])
            )


def _only_run(runs: Path) -> RunDirectory | None:
    found = find_runs(runs) if runs.exists() else []
    return found[0].directory if found else None
