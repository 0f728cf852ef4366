"""Lets a signal end a training where nothing is lost."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

DOUBLE_SECONDS = 0.5
"""Within which two signals count as one."""


class Interruption:
    """Turns signals into ``KeyboardInterrupt``, at once or where the training can be left.

    While it is ``deferred``, the first signal is only noted; a second one interrupts at once,
    unless it comes with the first: terminals, shells and wrappers send some signals twice.
    """

    def __init__(
        self,
        on_deferred: Callable[[], None] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Heeds no signal yet.

        Args:
            on_deferred: Called when a signal is only noted.
            clock: Tells the time in seconds.
        """
        self.signal: int | None = None
        self._on_deferred = on_deferred
        self._clock = clock
        self._came_at = 0.0
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

    @contextmanager
    def insisted_on(self) -> Iterator[None]:
        """Interrupts after the block, should that swallow the interrupt or make it an error.

        The import of an extension module may: what is raised while such a module starts
        can come out as an ``ImportError``, which others take to mean that it is missing.
        """
        try:
            yield
        except Exception:
            self.interrupt_if_wanted()
            raise
        self.interrupt_if_wanted()

    def interrupt_if_wanted(self) -> None:
        """Raises ``KeyboardInterrupt`` if a signal has come."""
        if self.is_wanted:
            raise KeyboardInterrupt

    def _note(self, number: int, _frame: FrameType | None) -> None:
        now = self._clock()
        if self.signal is None:
            self.signal, self._came_at = number, now
            if self._is_deferred:
                if self._on_deferred is not None:
                    self._on_deferred()
                return
        elif self._is_deferred and now - self._came_at < DOUBLE_SECONDS:
            return
        raise KeyboardInterrupt
