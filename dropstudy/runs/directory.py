"""Every path of a run directory, and the only ways in which it is written."""

import errno
import json
import os
import secrets
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from dropstudy.errors import RunDirectoryError, StorageError

_WRITABLE = "make its folder writable again"
_REMEDIES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EFBIG: "free some space, or raise the limit on the length of a file: ulimit -f",
    errno.ENOENT: "its folder is gone; bring it back",
    errno.ENOTDIR: "a file stands in the place of its folder; move it away",
    errno.EEXIST: "a file stands in its place; move it away",
    errno.EISDIR: "a folder stands in its place; move it away",
    errno.EROFS: _WRITABLE,
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
}


@dataclass(frozen=True)
class RunDirectory:
    """The files of one run; their content is the contract in docs/run-directory.md.

    Attributes:
        path: The directory.
    """

    path: Path

    @classmethod
    def create(
        cls, runs: Path, name: str, *, files: Mapping[str, str] | None = None
    ) -> "RunDirectory":
        """Makes a new directory ``NAME-DATE-SHORTID`` below ``runs``; none is ever reused.

        It appears with its first files in it, or not at all.

        Args:
            runs: Where it is made.
            name: What the run is called.
            files: The texts of its first files, by name.

        Raises:
            RunDirectoryError: It cannot be made or written to.
        """
        path = runs / f"{name}-{datetime.now():%Y%m%d}-{secrets.token_hex(3)}"
        hidden = path.with_name(f".{path.name}.new")
        try:
            hidden.mkdir(parents=True)
            for folder in ("samples", "checkpoints"):
                (hidden / folder).mkdir()
            for file, text in (files or {}).items():
                write_text(hidden / file, text)
            hidden.rename(path)
            _sync_folder(runs)
        except (OSError, StorageError) as error:
            shutil.rmtree(hidden, ignore_errors=True)
            cause = error if isinstance(error, OSError) else error.__cause__
            reason = cause.strerror if isinstance(cause, OSError) else error
            raise RunDirectoryError(
                f"{runs}: cannot make a run directory here: {reason}; name another with --runs-dir"
            ) from None
        return cls(path)

    @property
    def resume_command(self) -> str:
        """What goes on with the run, in a shell."""
        return f"dropstudy run --resume {shlex.quote(str(self.path))}"

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
    def probes(self) -> Path:
        """What a study's probes measured on the network."""
        return self.path / "probes.json"

    @property
    def log(self) -> Path:
        """What TensorFlow and other libraries had to say."""
        return self.path / "log.txt"

    @property
    def process(self) -> Path:
        """Which process writes the run; locked while it lives."""
        return self.path / "process.json"

    @property
    def checkpoints(self) -> Path:
        """What is needed to go on from where a run was."""
        return self.path / "checkpoints"

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


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Says what to do where the block cannot write ``path``.

    Raises:
        StorageError: Instead of an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0)
        raise StorageError(
            f"{path}: cannot be written: {error.strerror or error}"
            + (f"; {remedy}" if remedy else "")
        ) from error


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Opens a stream whose content becomes the file ``path``, all of it or nothing.

    It is written beside the file, brought to the disk, and renamed.

    Raises:
        StorageError: The file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.partial")
    try:
        with storing(path):
            with temporary.open("wb") as stream:
                yield stream
            settle(temporary, path)
    finally:
        with suppress(OSError):  # a file in the place of the folder
            temporary.unlink(missing_ok=True)


def settle(temporary: Path, path: Path) -> None:
    """Brings a file that is written to the disk and gives it its name.

    Raises:
        StorageError: It cannot.
    """
    with storing(path):
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Writes a whole file or none of it.

    Raises:
        StorageError: The file cannot be written.
    """
    with replacing(path) as stream:
        stream.write(text.encode(errors="backslashreplace"))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes ``content`` as JSON, whole or not at all."""
    write_text(path, to_json(content, indent=2) + "\n")


def to_json(content: Mapping[str, Any] | Sequence[Any], *, indent: int | None = None) -> str:
    """JSON text in which numbers that are not finite, for which JSON has no word, are null."""
    return json.dumps(_finite(content), indent=indent, ensure_ascii=False, allow_nan=False)


def append_line(path: Path, text: str) -> None:
    """Adds one line to a file, whole or not at all, and makes sure that it is on the disk.

    Raises:
        StorageError: The file cannot be written.
    """
    with storing(path), path.open("ab", buffering=0) as stream:
        length = stream.tell()
        try:
            line = memoryview(f"{text}\n".encode(errors="backslashreplace"))
            while line:
                line = line[stream.write(line) :]
            os.fsync(stream.fileno())
        except OSError:
            stream.truncate(length)
            raise
        if not length:
            _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    """Brings a folder's names to the disk; a power cut could take a new one back."""
    if os.name == "nt":  # which opens no folders
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot
            raise
    finally:
        os.close(descriptor)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value
