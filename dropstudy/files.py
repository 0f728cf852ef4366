"""Reads a file that someone else may have put there: plain ones alone, and up to a bound."""

import errno
import os
import stat
from pathlib import Path
from typing import IO

_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


CHUNK_BYTES = 1 << 20


def open_plain(path: Path) -> IO[bytes]:
    """Opens a file for reading; what else may bear its name is refused at once.

    A pipe would wait for a writer, a device need have no end.

    Raises:
        OSError: It cannot be opened, or is a folder, a pipe, a device or the like; its
            ``strerror`` says which.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_WAITING)
    except ValueError:  # a null byte in the name, or a sign that no name can have
        raise OSError(errno.EINVAL, "no file can have this name") from None
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is a pipe or a device, not a file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_plain(path: Path, *, most_bytes: int) -> bytes:
    """What a file holds.

    Raises:
        OSError: As for ``open_plain``; or it has more than ``most_bytes``.
    """
    with open_plain(path) as stream:
        content = b""  # not all at once: a read sets aside as much memory as it may need
        while chunk := stream.read(min(CHUNK_BYTES, most_bytes + 1 - len(content))):
            content += chunk
        if len(content) > most_bytes:
            size = os.fstat(stream.fileno()).st_size
            raise OSError(
                errno.EFBIG, f"it has {max(size, len(content)):,} bytes, more than {most_bytes:,}"
            )
    return content
