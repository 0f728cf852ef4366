"""Finds runs by directory, by name, by the beginning of a name."""

import difflib
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.directory import RunDirectory, legible
from dropstudy.runs.reading import Run

LATEST = "@latest"
SHOWN = 8
"""The most names that an error lists."""


def load_run(path: Path | str) -> Run:
    """Opens the run in the directory ``path``; its files are read when they are asked for.

    Raises:
        RunDirectoryError: ``path`` is no run directory.
    """
    directory = RunDirectory(Path(path))
    if not _is_run(directory):
        raise RunDirectoryError(f"{path}: not a run directory: it has no {directory.config.name}")
    return Run(directory)


def find_runs(runs: Path | str) -> list[Run]:
    """All runs right below the directory ``runs``, by name.

    What begins with a dot is passed over: a run directory is made under such a name.

    Raises:
        RunDirectoryError: There is no such directory, or it cannot be read.
    """
    try:
        with os.scandir(runs) as entries:
            paths = sorted(
                entry.path for entry in entries if not entry.name.startswith(".") and entry.is_dir()
            )
    except OSError as error:
        raise RunDirectoryError(
            f"{runs}: no runs can be read here: {error.strerror}; train one with dropstudy run "
            "FILE, or name their directory with --runs-dir"
        ) from None
    directories = (RunDirectory(Path(path)) for path in paths)
    return [Run(directory) for directory in directories if _is_run(directory)]


def find_run(name: str, runs: Path) -> Run:
    """The run that ``name`` means.

    Args:
        name: A run's directory, its name below ``runs``, the beginning of one name alone,
            or ``@latest`` for the one started last.
        runs: Where runs are looked for by name.

    Raises:
        RunDirectoryError: It means none, or several.
    """
    if name and name != LATEST:
        for path in (Path(name), runs / name):
            if _is_run(RunDirectory(path)):
                return load_run(path)
    found = find_runs(runs)
    if not found:
        raise RunDirectoryError(f"{runs}: has no runs; name their directory with --runs-dir")
    if name == LATEST:
        return max(found, key=_start_of)
    matches = [run for run in found if run.name.startswith(legible(name))]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise RunDirectoryError(
            f"{name}: the beginning of {len(matches)} runs: {_some(run.name for run in matches)}; "
            "give more of the name"
        )
    names = [run.name for run in found]
    likely = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {likely[0]}?" if likely else f"there are: {_some(names)}"
    raise RunDirectoryError(f"{name}: neither a run directory nor a run in {runs}; {hint}")


def _is_run(directory: RunDirectory) -> bool:
    try:
        return directory.config.is_file()
    except OSError:  # a name too long for a file, a folder that may not be entered
        return False


def _start_of(run: Run) -> tuple[str, float]:
    """When it started, also where that was not noted yet, and finer than to the second."""
    written = run.directory.config.stat().st_mtime
    try:
        noted = run.started
    except RunDirectoryError:
        noted = ""
    return noted or datetime.fromtimestamp(written, UTC).isoformat(timespec="seconds"), written


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:SHOWN]) + (", …" if len(listed) > SHOWN else "")
