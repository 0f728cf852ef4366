"""Where an epoch's seconds go."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median

Clock = Callable[[], float]
ELAPSED = "elapsed"


class EpochTimer:
    """Times one epoch after another without a gap: what is not measured is ``other``."""

    def __init__(
        self,
        clock: Clock = time.perf_counter,
        *,
        seconds: Mapping[str, float] | None = None,
        steps: Sequence[float] = (),
    ) -> None:
        """Starts the first epoch, or goes on with one.

        Args:
            clock: Tells the time in seconds.
            seconds: What ``all_seconds`` was when the epoch was left.
            steps: The times of its steps until then.
        """
        self._clock = clock
        self._measured = dict(seconds or {})
        self.started = clock() - self._measured.pop(ELAPSED, 0.0)
        self.steps = list(steps)

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

    def all_seconds(self) -> dict[str, float]:
        """What every part has taken so far, and ``elapsed`` the whole epoch."""
        return {**self._measured, ELAPSED: self._clock() - self.started}

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
