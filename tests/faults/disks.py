"""Disks and limits that are real, and fill at a word."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Disk:
    """A small disk, mounted for one test.

    Attributes:
        path: Where.
    """

    path: Path

    @property
    def ballast(self) -> Path:
        """What fills it."""
        return self.path / "ballast"

    def fill(self) -> None:
        """Leaves no space on it."""
        with self.ballast.open("ab", buffering=0) as stream:
            try:
                while stream.write(b"\0" * 4096):
                    pass
            except OSError:
                return

    def free(self) -> None:
        """Makes space again."""
        self.ballast.unlink()


@contextmanager
def longest_file(length: int) -> Iterator[None]:
    """Lets this process write no file beyond ``length`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (length, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def heeds_permissions(folder: Path) -> bool:
    """Whether this process is kept from writing where it may not, as root mostly is not."""
    guarded = folder / "guarded"
    guarded.mkdir(mode=0o555)
    return not os.access(guarded, os.W_OK)
