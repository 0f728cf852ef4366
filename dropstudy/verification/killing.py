"""Trains in processes of their own, which are killed and gone on with."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dropstudy.errors import ConfigError, TrainingError
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.manifests import Place, list_manifests, place_of
from dropstudy.runs.store import find_runs, load_run

POLL_SECONDS = 0.02
SHARE_AT_START, SHARE_AT_FIRST = 0.15, 0.2
"""Of the kills: those while the process starts, and while it compiles or makes a first epoch."""


@dataclass(frozen=True)
class Life:
    """How long an uninterrupted run took.

    Attributes:
        start: Seconds from the start of its process until it has noted what it runs on.
        first: Seconds from there to the end of the first epoch, compiling included.
        rest: Seconds from there to its end.
    """

    start: float
    first: float
    rest: float

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.start + self.first + self.rest


@dataclass(frozen=True)
class Moment:
    """When to kill a process.

    Attributes:
        seconds: How long to wait.
        is_training: Whether to count from when it has noted what it runs on, and not from
            when it started.
    """

    seconds: float
    is_training: bool

    def __str__(self) -> str:
        """In words."""
        since = "after its preparations" if self.is_training else "after its start"
        return f"{self.seconds:.1f} s {since}"


@dataclass(frozen=True)
class Kill:
    """One SIGKILL.

    Attributes:
        number: Which it was, from 1.
        moment: When.
        place: Of the newest checkpoint then; None: there was none.
        directory: Of the run; None: there was none yet.
    """

    number: int
    moment: Moment
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
        marks: list[float] = []
        while training.is_alive():
            directory = _only_run(runs)
            if directory is not None:
                awaited = (directory.environment, directory.epochs)[len(marks) :]
                marks += [time.monotonic() - started for path in awaited[:1] if path.exists()]
            time.sleep(POLL_SECONDS)
        training.check()
    whole = time.monotonic() - started
    directory = _only_run(runs)
    if directory is None or len(marks) < 2:
        raise TrainingError(f"{runs}: the run left no epoch behind")
    start, first = marks
    return directory, Life(start, first - start, whole - first)


def run_with_kills(
    command: Sequence[str],
    runs: Path,
    moments: Iterator[Moment],
    on_kill: Callable[[Kill], None],
) -> RunDirectory:
    """Runs to the end although it is killed again and again.

    Args:
        command: The arguments of ``dropstudy run`` but for ``--runs-dir``.
        runs: A directory without runs.
        moments: When each process in turn is killed; the last one is not. A process that
            ends before its kill leaves the other moments untouched.
        on_kill: Called after each kill.

    Raises:
        TrainingError: A process failed otherwise.
    """
    number = 0
    while True:
        directory = _only_run(runs)
        how = command if directory is None else ["--resume", str(directory.path)]
        moment = next(moments, None)
        with _Training([*how, "--runs-dir", str(runs)], runs) as training:
            if moment is None or not training.kill_at(moment):
                training.wait()
                training.check()
                break
        number += 1
        directory = _only_run(runs)
        manifests = list_manifests(directory) if directory else []
        place = place_of(manifests[0]) if manifests else None
        on_kill(Kill(number, moment, place, directory))
        if directory is not None and load_run(directory.path).status == "finished":
            break  # it had done all but to leave
    if directory is None:
        directory = _only_run(runs)
    if directory is None:
        raise TrainingError(f"{runs}: the run left nothing behind")
    return directory


def draw_moments(life: Life, kills: int, chance: random.Random) -> Iterator[Moment]:
    """Moments for kills that together fall all over a run's life."""
    for _ in range(kills):
        part = chance.random()
        if part < SHARE_AT_START:
            yield Moment(chance.uniform(0, life.start), is_training=False)
        elif part < SHARE_AT_START + SHARE_AT_FIRST:
            yield Moment(chance.uniform(0, life.first), is_training=True)
        else:
            later = chance.uniform(0, 2 * life.rest / kills)
            yield Moment(life.first + later, is_training=True)


class _Training:
    """A process that trains; its output goes to a file beside the runs."""

    def __init__(self, arguments: Sequence[str], runs: Path) -> None:
        runs.mkdir(parents=True, exist_ok=True)
        self._runs = runs
        self._output = runs / "output.txt"
        self._arguments = arguments

    def __enter__(self) -> "_Training":
        """Starts it."""
        self._noted = self._environment_time()
        with self._output.open("w", encoding="utf-8") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dropstudy", "run", *self._arguments],
                stdout=stream,
                stderr=subprocess.STDOUT,
                # Where TensorFlow leaves files that a kill keeps it from removing.
                env={**os.environ, "TMPDIR": str(self._runs.parent.resolve())},
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves no process behind."""
        self._process.kill()
        self._process.wait()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait(self) -> None:
        """Waits for its end."""
        self._process.wait()

    def kill_at(self, moment: Moment) -> bool:
        """Kills it; whether it was still alive."""
        while moment.is_training and self.is_alive() and self._environment_time() == self._noted:
            time.sleep(POLL_SECONDS)
        try:
            self._process.wait(moment.seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait() != 0
        return False

    def _environment_time(self) -> int:
        directory = _only_run(self._runs)
        try:
            return directory.environment.stat().st_mtime_ns if directory else 0
        except FileNotFoundError:
            return 0

    def check(self) -> None:
        """Raises an error with its last words, and of its exit code, unless it ended well."""
        if self._process.returncode:
            kind = (
                ConfigError if self._process.returncode == ConfigError.exit_code else TrainingError
            )
            words = self._output.read_text(encoding="utf-8", errors="replace").strip()
            raise kind(
                f"a training ended with exit code {self._process.returncode}:\n"
                + "\n".join(words.splitlines()[-8:])
            )


def _only_run(runs: Path) -> RunDirectory | None:
    found = find_runs(runs) if runs.exists() else []
    return found[0].directory if found else None
