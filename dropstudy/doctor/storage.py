"""Whether runs can be kept where they are wanted."""

import errno
import os
import shlex
import shutil
import tempfile
from pathlib import Path

from dropstudy.doctor.finding import Finding
from dropstudy.errors import DropstudyError
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.process import hold, is_held

PLENTY_BYTES = 1_000_000_000
"""About ten runs of the shipped UNets: network, checkpoints and pictures of each."""
LEAST_BYTES = 50_000_000
"""Less than one such run."""
CONTENT = b"\x00dropstudy\n" * 10_000
"""A hundred kilobytes, more than any file system keeps without a block of the disk."""
ELSEWHERE = "dropstudy run FILE --runs-dir DIR, with a DIR on another disk"


def check_storage(runs: Path) -> list[Finding]:
    """Looks at the place of a runs directory, which need not be there, and leaves it as it was."""
    folder = nearest_existing(runs)
    try:
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        space = Finding("disk", "fail", f"{folder}: {error.strerror}", ELSEWHERE)
    else:
        space = judge_space(free_bytes, folder)
    return [space, *check_writing(folder)]


def nearest_existing(path: Path) -> Path:
    """The path itself, or the nearest one above it that is there."""
    absolute = path.absolute()
    places = (absolute, *absolute.parents)
    return next((place for place in places if os.path.lexists(place)), absolute)


def judge_space(free_bytes: int, folder: Path) -> Finding:
    """Whether a disk has room for runs."""
    found = f"{_size(free_bytes)} free for {folder}"
    if free_bytes < LEAST_BYTES:
        found += f"; a run of the shipped UNets takes more than {_size(LEAST_BYTES)}"
        return Finding("disk", "fail", found, ELSEWHERE)
    if free_bytes < PLENTY_BYTES:
        found += "; a run of the shipped UNets takes about 100 MB"
        return Finding("disk", "warn", found, ELSEWHERE)
    return Finding("disk", "ok", found)


def check_writing(folder: Path) -> list[Finding]:
    """Whether a folder can be written to, and its file system does all that a run needs."""
    try:
        with tempfile.TemporaryDirectory(prefix=".dropstudy-doctor-", dir=folder) as place:
            file_system = check_file_system(Path(place))
    except OSError as error:
        found = f"{folder}: nothing can be made here: {error.strerror}"
        return [Finding("runs directory", "fail", found, _allow_writing(folder, error))]
    return [Finding("runs directory", "ok", f"{folder} can be written to"), file_system]


def check_file_system(folder: Path) -> Finding:
    """Whether a folder's file system does what a run asks of it.

    Args:
        folder: An empty one; some files stay in it.
    """
    try:
        fault = _find_fault(folder)
        if fault is None:
            directory = RunDirectory(folder)
            with hold(directory):
                return judge_locks(is_held(directory))
    except DropstudyError as error:
        fault = str(error)
    return Finding("file system", "fail", fault, ELSEWHERE)


def judge_locks(is_seen: bool | None) -> Finding:
    """Whether a run can be kept to one process.

    Args:
        is_seen: Whether a claim that was made is noticed; None where there are no locks.
    """
    if is_seen:
        found = "files can be written, synced, renamed and locked"
        return Finding("file system", "ok", found)
    found = "files cannot be locked: nothing keeps two processes from writing one run"
    return Finding("file system", "warn", found, ELSEWHERE)


def _find_fault(folder: Path) -> str | None:
    old, new, doing = folder / "old", folder / "new", "written"
    try:
        old.write_bytes(b"old")
        with new.open("wb") as stream:
            stream.write(CONTENT)
            stream.flush()
            doing = "synced"
            os.fsync(stream.fileno())
        doing = "renamed"
        new.replace(old)
        if old.read_bytes() != CONTENT:
            return "a file that was renamed is not what was written"
    except OSError as error:
        return f"files cannot be {doing}: {error.strerror}"
    return None


def _allow_writing(folder: Path, error: OSError) -> str:
    if not folder.is_dir():
        return "dropstudy run FILE --runs-dir DIR, with a DIR that is a folder"
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"chmod u+w {shlex.quote(str(folder))}, "
            "or dropstudy run FILE --runs-dir DIR, with a DIR of your own"
        )
    return ELSEWHERE


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= PLENTY_BYTES else f"{count / 1e6:,.0f} MB"
