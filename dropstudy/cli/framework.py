"""Starts TensorFlow for a command: with the right backend, and its chatter out of sight."""

import os
import shutil
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dropstudy.cli.console import divert_stderr
from dropstudy.errors import DropstudyError


def choose_backend(backend: str) -> None:
    """Names the backend that Keras shall start with; too late once Keras is imported."""
    os.environ["KERAS_BACKEND"] = backend


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
