"""Every path of a run directory, and the only ways in which it is written."""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dropstudy.errors import RunDirectoryError


@dataclass(frozen=True)
class RunDirectory:
    """The files of one run; their content is the contract in docs/run-directory.md.

    Attributes:
        path: The directory.
    """

    path: Path

    @classmethod
    def create(cls, runs: Path, name: str) -> "RunDirectory":
        """Makes a new directory ``NAME-DATE-SHORTID`` below ``runs``; none is ever reused.

        Raises:
            RunDirectoryError: It cannot be made or written to.
        """
        path = runs / f"{name}-{datetime.now():%Y%m%d}-{secrets.token_hex(3)}"
        try:
            path.mkdir(parents=True)
            (path / "samples").mkdir()
        except OSError as error:
            raise RunDirectoryError(
                f"{runs}: cannot make a run directory here: {error.strerror}; "
                "name another with --runs-dir"
            ) from None
        return cls(path)

    @property
    def config(self) -> Path:
        """The experiment with every default spelled out."""
        return self.path / "config.yaml"

    @property
    def settings(self) -> Path:
        """The same as JSON, which is read a hundred times as fast."""
        return self.path / "config.json"

    @property
    def environment(self) -> Path:
        """What the run ran on."""
        return self.path / "environment.json"

    @property
    def epochs(self) -> Path:
        """One JSON object a line, one line an epoch."""
        return self.path / "epochs.jsonl"

    @property
    def epochs_table(self) -> Path:
        """The same as a table."""
        return self.path / "epochs.csv"

    @property
    def model(self) -> Path:
        """The network of the best epoch."""
        return self.path / "model.keras"

    @property
    def result(self) -> Path:
        """How the run ended; there once it has ended."""
        return self.path / "result.json"

    @property
    def log(self) -> Path:
        """What TensorFlow and other libraries had to say."""
        return self.path / "log.txt"

    @property
    def image_scores(self) -> Path:
        """One JSON object a line, one line a validation or test image."""
        return self.path / "images.jsonl"

    @property
    def images(self) -> Path:
        """Whole validation images, as they were and as they were restored."""
        return self.path / "images"

    @property
    def final_samples(self) -> Path:
        """The grid of the network that the run ended with."""
        return self.path / "samples" / "final.png"

    def epoch_samples(self, epoch: int) -> Path:
        """The grid drawn after ``epoch``."""
        return self.path / "samples" / f"epoch-{epoch:04d}.png"


def legible(name: str) -> str:
    """A file's name fit to be printed: what is no UTF-8 in it is replaced."""
    return os.fsencode(name).decode(errors="replace")


def write_text(path: Path, text: str) -> None:
    """Writes a whole file or none of it: beside it first, then renamed.

    Raises:
        RunDirectoryError: The file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.partial")
    try:
        with temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):  # a file in the place of the folder
            temporary.unlink(missing_ok=True)
        raise RunDirectoryError(f"{path}: cannot be written: {error.strerror}") from None


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes ``content`` as JSON, whole or not at all."""
    write_text(path, to_json(content, indent=2) + "\n")


def to_json(content: Mapping[str, Any] | Sequence[Any], *, indent: int | None = None) -> str:
    """JSON text in which numbers that are not finite, for which JSON has no word, are null."""
    return json.dumps(_finite(content), indent=indent, ensure_ascii=False, allow_nan=False)


def append_line(path: Path, text: str) -> None:
    """Adds one line to a file and makes sure that it is on the disk.

    Raises:
        RunDirectoryError: The file cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8", newline="") as stream:
            stream.write(text + "\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise RunDirectoryError(f"{path}: cannot be written: {error.strerror}") from None


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value
