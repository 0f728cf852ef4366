"""Lets a signal end a training where nothing is lost."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Interruption:
    """Turns signals into ``KeyboardInterrupt``, at once or where the training can be left.

    While it is ``deferred``, the first signal is only noted; a second one interrupts at once.
    """

    def __init__(self) -> None:
        """Heeds no signal yet."""
        self.signal: int | None = None
        self._is_deferred = False

    @property
    def is_wanted(self) -> bool:
        """Whether a signal has come."""
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """What the process exits with, as shells have it: 128 and the signal's number."""
        return 128 + (self.signal or signal.SIGINT)

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Takes the signals over; those that the process was told to ignore stay ignored."""
        before = {number: signal.getsignal(number) for number in SIGNALS}
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, self._note)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Leaves it to the block to look whether a signal has come."""
        self._is_deferred = True
        try:
            yield
        finally:
            self._is_deferred = False

    def _note(self, number: int, _frame: FrameType | None) -> None:
        is_first, self.signal = self.signal is None, self.signal or number
        if not (self._is_deferred and is_first):
            raise KeyboardInterrupt
