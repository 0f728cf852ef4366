"""Which process writes a run directory, and whether it still lives."""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.directory import RunDirectory, storing

if sys.platform != "win32":
    import fcntl

PATIENCE_SECONDS = 1.0
"""How long a claim waits for others: ``list`` and ``show`` hold the lock for an instant."""
_PAUSE_SECONDS = 0.02
_MOST_BYTES = 4096


@dataclass(frozen=True)
class Holder:
    """The process that claimed a run directory last; it may be gone.

    Attributes:
        host: The machine's name.
        pid: Its number there.
        started: When it claimed the directory, as ISO 8601 in UTC.
    """

    host: str
    pid: int
    started: str

    @property
    def is_here(self) -> bool:
        """Whether it is, or was, a process of this machine."""
        return self.host == socket.gethostname()

    @property
    def since(self) -> str:
        """When it claimed the directory, to the minute."""
        return f"{self.started[:16].replace('T', ' ')} UTC"


def describe_holder() -> str:
    """The content of ``process.json`` for this process.

    A run directory is made with it, so that a run killed before it is held has crashed.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    holder = Holder(socket.gethostname(), os.getpid(), now)
    return json.dumps(asdict(holder), indent=2) + "\n"


@contextmanager
def hold(directory: RunDirectory) -> Iterator[None]:
    """Claims a run directory for this process until the block, or the process, ends.

    The claim is a lock on a file, which the system frees however the process ends. The file
    stays; what a dead process left is taken over. On Windows, and where a file system knows no
    locks, nothing keeps a second process out.

    Raises:
        RunDirectoryError: Another living process holds it.
        StorageError: The file cannot be written.
    """
    descriptor = _claim(directory)
    try:
        yield
    finally:
        _unlock(descriptor)
        os.close(descriptor)


def is_held(directory: RunDirectory) -> bool | None:
    """Whether a living process writes to it; None where that cannot be told from here.

    That is: no file, as in runs of older versions; one that another machine wrote, whose locks
    need not be seen here; no locks on this system.
    """
    try:
        if not directory.process.is_file():  # a pipe in its place would wait for a writer
            return None
        descriptor = os.open(directory.process, os.O_RDONLY)
    except OSError:
        return None
    try:
        locked = _lock(descriptor, shared=True)
        if locked is None:
            return None
        if not locked:
            return True
        _unlock(descriptor)
    finally:
        os.close(descriptor)
    holder = read_holder(directory)
    return False if holder and holder.is_here else None


def read_holder(directory: RunDirectory) -> Holder | None:
    """Who claimed the directory last; None where the file is missing or says nothing of use."""
    try:
        if not directory.process.is_file():
            return None
        with directory.process.open("rb") as stream:
            noted = json.loads(stream.read(_MOST_BYTES))
        holder = Holder(noted["host"], noted["pid"], noted["started"])
        datetime.fromisoformat(holder.started)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    usable = isinstance(holder.host, str) and type(holder.pid) is int
    return holder if usable else None


def _claim(directory: RunDirectory) -> int:
    """Opens the file, locks it and writes this process into it."""
    with storing(directory.process):
        descriptor = os.open(directory.process, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock_patiently(descriptor, directory)
            _write_holder(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
    return descriptor


def _lock_patiently(descriptor: int, directory: RunDirectory) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _lock(descriptor, shared=False) is False:
        if time.monotonic() > deadline:
            raise RunDirectoryError(_explain(directory.path, read_holder(directory)))
        time.sleep(_PAUSE_SECONDS)


def _write_holder(descriptor: int) -> None:
    """Writes in place: a file renamed over this one would not be the locked one."""
    content = describe_holder().encode()
    os.write(descriptor, content)
    os.ftruncate(descriptor, len(content))
    os.fsync(descriptor)


def _explain(path: Path, holder: Holder | None) -> str:
    if holder is None:
        return f"{path}: another process is writing to this run; wait until it ends, or end it"
    way = f"end it with: kill {holder.pid}" if holder.is_here else "end it there"
    return (
        f"{path}: process {holder.pid} on {holder.host} has been writing to this run since "
        f"{holder.since}; wait until it ends, or {way}"
    )


def _lock(descriptor: int, *, shared: bool) -> bool | None:
    """Locks an open file if nobody else has; None where there are no locks."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return None
    return True


def _unlock(descriptor: int) -> None:
    """Frees the lock, also where a forked process has the file open still."""
    if sys.platform != "win32":
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
