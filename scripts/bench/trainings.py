"""Trainings that take turns, an epoch at a time, each in a thread of its own."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

END_SECONDS = 60.0


@dataclass(frozen=True)
class Epoch:
    """Seconds of one epoch.

    Attributes:
        train: All of its training steps.
        whole: From the end of the epoch before it to its own.
        recorded: What dropstudy noted as training, validation and other seconds; of other
            programs what ``whole`` says.
    """

    train: float
    whole: float
    recorded: float


class Training(Protocol):
    """A training that waits until it is its turn."""

    def warm_up(self) -> None:
        """Has it do all that comes but once, such as compiling."""

    def next_epoch(self) -> Epoch:
        """Lets it train for one epoch."""

    def close(self) -> None:
        """Ends it."""


class ThreadedTraining:
    """Runs a training's own loop in a thread, which waits at the end of every epoch."""

    def __init__(self, train: Callable[["ThreadedTraining"], None]) -> None:
        """Starts nothing before the first epoch is wanted.

        Args:
            train: The whole training; calls ``end_epoch`` wherever an epoch has ended.
        """
        self.started = self.paused_seconds = 0.0
        self._may_go = threading.Semaphore(0)
        self._is_closing = False
        self._ended: queue.Queue[Epoch | Exception] = queue.Queue()
        self._thread = threading.Thread(target=self._run, args=(train,), daemon=True)
        self._thread.start()

    def warm_up(self) -> None:
        """Lets it come to its first ``end_epoch``, the seconds of which no one needs."""
        self.next_epoch()

    def next_epoch(self) -> Epoch:
        """Lets it train for one epoch.

        Raises:
            Exception: Whatever went wrong in the training.
        """
        self._may_go.release()
        ended = self._ended.get()
        if isinstance(ended, Exception):
            raise ended
        return ended

    def close(self) -> None:
        """Ends it, by an interrupt where it waits."""
        self._is_closing = True
        self._may_go.release()
        self._thread.join(END_SECONDS)

    def end_epoch(self, *, train: float, recorded: float | None = None) -> None:
        """Called by the training: hands the epoch over and waits for the next turn.

        Args:
            train: Seconds of the training steps.
            recorded: Seconds that the training noted for all of the epoch, if it notes any;
                they may hold the pause before it, which is taken off.

        Raises:
            KeyboardInterrupt: There will be no next turn.
        """
        whole = time.perf_counter() - self.started
        noted = whole if recorded is None else recorded - self.paused_seconds
        self._ended.put(Epoch(train=train, whole=whole, recorded=noted))
        self._wait()

    def _wait(self) -> None:
        since = time.perf_counter()
        self._may_go.acquire()
        if self._is_closing:
            raise KeyboardInterrupt
        self.started = time.perf_counter()
        self.paused_seconds = self.started - since

    def _run(self, train: Callable[["ThreadedTraining"], None]) -> None:
        try:
            self._wait()
            self.paused_seconds = 0.0
            train(self)
            self._ended.put(RuntimeError("the training ended by itself"))
        except KeyboardInterrupt:
            pass
        except Exception as error:
            self._ended.put(error)
