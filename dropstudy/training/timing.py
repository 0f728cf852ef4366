"""Where an epoch's seconds go."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

Clock = Callable[[], float]


class EpochTimer:
    """Times one epoch after another without a gap: what is not measured is ``other``."""

    def __init__(self, clock: Clock = time.perf_counter) -> None:
        """Starts the first epoch."""
        self._clock = clock
        self.started = clock()
        self._measured: dict[str, float] = {}
        self.steps: list[float] = []

    @contextmanager
    def measure(self, part: str) -> Iterator[None]:
        """Adds the time that the block takes to ``part`` of the epoch."""
        start = self._clock()
        try:
            yield
        finally:
            self._measured[part] = self.seconds(part) + self._clock() - start

    @contextmanager
    def measure_step(self) -> Iterator[None]:
        """Notes the time that one training step takes."""
        start = self._clock()
        yield
        self.steps.append(self._clock() - start)

    def seconds(self, part: str) -> float:
        """What ``part`` has taken in this epoch so far."""
        return self._measured.get(part, 0.0)

    def other_seconds(self) -> float:
        """What the epoch has taken so far beside training and validation."""
        return self._clock() - self.started - self.seconds("train") - self.seconds("val")

    @property
    def first_step_seconds(self) -> float:
        """The epoch's first step."""
        return self.steps[0]

    @property
    def steady_steps(self) -> list[float]:
        """The steps after the first, or the first where it is the only one."""
        return self.steps[1:] or self.steps

    @property
    def step_seconds(self) -> float:
        """The median of the steady steps."""
        return median(self.steady_steps)

    def next_epoch(self, *, other_seconds: float) -> None:
        """Starts the next epoch where ``other_seconds`` ended this one.

        What has happened since then, such as writing the epoch's row, belongs to the next.
        """
        self.started += self.seconds("train") + self.seconds("val") + other_seconds
        self._measured, self.steps = {}, []
