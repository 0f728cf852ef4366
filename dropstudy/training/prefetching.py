"""Makes batches in a thread of its own, ahead of the training step that uses them."""

import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType

from dropstudy.imaging.patches import Batch, PatchSampler

DEPTH = 4
"""Batches that may lie ready."""
_POLL_SECONDS = 0.1
_JOIN_SECONDS = 2.0


class Prefetcher:
    """Hands out the batches of consecutive epochs in order; a context that ends its thread.

    Every batch is a function of its epoch and step, so that the thread's pace changes nothing.
    """

    def __init__(
        self,
        sampler: PatchSampler,
        *,
        batch_size: int,
        steps_per_epoch: int,
        epochs: range,
        first_step: int = 0,
    ) -> None:
        """Starts making the batches of ``epochs``, of the first from ``first_step`` (from 0) on."""
        self._queue: queue.Queue[Batch | Exception] = queue.Queue(DEPTH)
        self._closed = threading.Event()
        places = (
            (epoch, step)
            for epoch in epochs
            for step in range(first_step if epoch == epochs.start else 0, steps_per_epoch)
        )
        self._thread = threading.Thread(
            target=self._fill, args=(sampler, batch_size, places), name="batches", daemon=True
        )
        self._thread.start()

    def __enter__(self) -> "Prefetcher":
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ends the thread."""
        self._closed.set()
        self._thread.join(_JOIN_SECONDS)  # an interrupt need not wait for a huge batch

    def next(self, on_wait: Callable[[], None] = lambda: None) -> Batch:
        """The next batch; waits until it is ready and calls ``on_wait`` now and then meanwhile.

        Raises:
            Exception: Whatever went wrong while it was made.
        """
        while True:
            try:
                item = self._queue.get(timeout=_POLL_SECONDS)
                break
            except queue.Empty:
                on_wait()
        if isinstance(item, Exception):
            raise item
        return item

    def _fill(
        self, sampler: PatchSampler, batch_size: int, places: Iterator[tuple[int, int]]
    ) -> None:
        try:
            for epoch, step in places:
                if not self._put(sampler.batch(epoch, step, batch_size)):
                    return
        except Exception as error:
            self._put(error)

    def _put(self, item: Batch | Exception) -> bool:
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False
