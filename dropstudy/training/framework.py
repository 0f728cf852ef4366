"""Starts TensorFlow: with the right backend, soon, and with its chatter out of sight."""

import gc
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dropstudy.errors import DropstudyError
from dropstudy.runs.directory import storing

_UNUSED = ("matplotlib", "pandas")
"""What Keras imports where it is installed, for functions that dropstudy does not call."""


def choose_backend(backend: str) -> None:
    """Names the backend that Keras shall start with; too late once Keras is imported."""
    os.environ["KERAS_BACKEND"] = backend


def import_framework() -> None:
    """Imports Keras and TensorFlow, in about two thirds of the seconds of a plain import.

    Keras is told that Matplotlib and pandas are missing; who imports them later gets them.
    What is imported stays, so that the garbage collector need not go through it: neither
    now, nor at the end of the process, where that alone would take most of a second.
    """
    if "keras" in sys.modules:
        return
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        with _hiding(*_UNUSED):
            import keras  # noqa: F401
            import tensorflow as tf  # noqa: F401
    finally:
        gc.freeze()
        if was_collecting:
            gc.enable()


def describe_crash(error: Exception) -> str:
    """An unforeseen error in a line: its type and what it says first."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:300]}"


@contextmanager
def quiet_framework(backend: str) -> Iterator[None]:
    """Keeps what TensorFlow has to say in a file, which stays after an unforeseen error alone.

    Raises:
        DropstudyError: Instead of an unforeseen error; the text names the file.
    """
    choose_backend(backend)
    folder = Path(tempfile.mkdtemp(prefix="dropstudy-"))
    log = folder / "log.txt"
    is_foreseen = True
    try:
        with divert_stderr(log):
            try:
                yield
            except DropstudyError:
                raise
            except Exception as error:
                is_foreseen = False
                with log.open("a", encoding="utf-8") as stream:
                    traceback.print_exc(file=stream)
                raise DropstudyError(f"{describe_crash(error)} (in full in {log})") from error
    finally:
        if is_foreseen:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def divert_stderr(path: Path) -> Iterator[None]:
    """Sends all that is written to standard error, by C++ too, to the end of a file.

    TensorFlow writes to the file descriptor itself, past ``sys.stderr``.

    Raises:
        StorageError: The file cannot be written.
    """
    sys.stderr.flush()
    with storing(path):
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    saved = os.dup(2)
    try:
        os.dup2(target, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)
        os.close(target)


@contextmanager
def _hiding(*packages: str) -> Iterator[None]:
    """Lets imports of packages fail in the block as if they were not installed."""
    hidden = [package for package in packages if package not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None stands for missing
    try:
        yield
    finally:
        for package in hidden:
            del sys.modules[package]
