"""Where the command line writes."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, cast

from rich.console import Console


class _LastingConsole(Console):
    """A console whose reader may leave, as ``| head`` does, without ending the training.

    So may its terminal, and the disk of the file that it is redirected to may fill.
    """

    @property  # type: ignore[misc]  # nobody sets it
    def file(self) -> IO[str]:
        """Where it writes."""
        return cast("IO[str]", _LastingStream(super().file, self.on_broken_pipe))

    def on_broken_pipe(self) -> None:
        """Falls silent."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class _LastingStream:
    """A stream that is left where it cannot be written any more."""

    def __init__(self, stream: IO[str], on_loss: Callable[[], None]) -> None:
        self._stream = stream
        self._on_loss = on_loss

    def write(self, text: str) -> int:
        """Writes ``text``, if it can."""
        with self._leaving():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Passes on what is written, if it can."""
        with self._leaving():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _leaving(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self._on_loss()


console = _LastingConsole(highlight=False, emoji=False, soft_wrap=True)
"""Standard output; colours and bars only on a terminal."""


_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f"
    r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # lines end, and run from right to left
    r"\ud800-\udfff]"
)


def printable(text: object, *, keep: str = "") -> str:
    """Text on one line without control signs, which a terminal might obey, but for ``keep``."""
    return _CONTROL.sub(
        lambda found: found[0] if found[0] in keep else _spell_out(found[0]), str(text)
    )


def print_error(text: str) -> None:
    """Prints each line of ``text`` to standard error, the first marked as an error."""
    errors = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
    errors.print("error: ", style="bold red", end="")
    errors.print(printable(text, keep="\n"), markup=False)


def align_columns(rows: Sequence[Sequence[str]], *, left: int) -> list[str]:
    """Rows of cells as lines of aligned columns; the first ``left`` columns start alike."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if index < left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _spell_out(sign: str) -> str:
    return sign.encode("unicode_escape").decode()
