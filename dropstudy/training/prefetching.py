"""Makes batches in threads of its own, ahead of the training step that uses them."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from types import TracebackType

from dropstudy.imaging.patches import Batch, PatchSampler
from dropstudy.runs.environment import available_cores

DEPTH = 4
"""Batches that may lie ready; with more threads than that, one for each thread."""
_MOST_THREADS = 2
"""The second doubles some tasks' rate and hardly changes others': they share Python's lock."""
_POLL_SECONDS = 0.1
_JOIN_SECONDS = 2.0


def count_batch_threads() -> int:
    """How many threads make a training's batches here."""
    return min(_MOST_THREADS, available_cores())


class Prefetcher:
    """Hands out the batches of consecutive epochs in order; a context that ends its threads.

    Every batch is a function of its epoch and step, so that the threads' pace changes nothing.
    They take turns: of three threads, the first makes batches 0, 3, 6 and so on.
    """

    def __init__(
        self,
        sampler: PatchSampler,
        *,
        batch_size: int,
        steps_per_epoch: int,
        epochs: range,
        first_step: int = 0,
        threads: int = 1,
    ) -> None:
        """Starts making the batches of ``epochs``, of the first from ``first_step`` (from 0) on."""

        def places() -> Iterator[tuple[int, int]]:
            for epoch in epochs:
                first = first_step if epoch == epochs.start else 0
                yield from ((epoch, step) for step in range(first, steps_per_epoch))

        depth = -(-DEPTH // threads)
        self._queues = [queue.Queue[Batch | Exception](depth) for _ in range(threads)]
        self._handed_out = 0
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._fill,
                args=(ready, sampler, batch_size, islice(places(), turn, None, threads)),
                name="batches",
                daemon=True,
            )
            for turn, ready in enumerate(self._queues)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> "Prefetcher":
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ends the threads."""
        self._closed.set()
        deadline = time.monotonic() + _JOIN_SECONDS  # an interrupt need not wait for a huge batch
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def next(self, on_wait: Callable[[], None] = lambda: None) -> Batch:
        """The next batch; waits until it is ready and calls ``on_wait`` now and then meanwhile.

        Raises:
            Exception: Whatever went wrong while it was made.
        """
        ready = self._queues[self._handed_out % len(self._queues)]
        while True:
            try:
                item = ready.get(timeout=_POLL_SECONDS)
                break
            except queue.Empty:
                on_wait()
        self._handed_out += 1
        if isinstance(item, Exception):
            raise item
        return item

    def _fill(
        self,
        ready: "queue.Queue[Batch | Exception]",
        sampler: PatchSampler,
        batch_size: int,
        places: Iterator[tuple[int, int]],
    ) -> None:
        try:
            for epoch, step in places:
                if not self._put(ready, sampler.batch(epoch, step, batch_size)):
                    return
        except Exception as error:
            self._put(ready, error)

    def _put(self, ready: "queue.Queue[Batch | Exception]", item: Batch | Exception) -> bool:
        while not self._closed.is_set():
            try:
                ready.put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False
