"""When a study will be done, from what its runs have told so far."""

import heapq
import math
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from dropstudy.studies.jobs import ENDS, Event
from dropstudy.studies.progress import Place

Clock = Callable[[], float]


@dataclass(frozen=True)
class Work:
    """A run that is to be made, or to be gone on with.

    Attributes:
        arm: Its arm's name.
        epochs: How many it has at most.
        done: How many of them are done before.
        is_left: Whether anything of it is left.
        limit_seconds: Of training, after which no further epoch begins; None: no limit.
    """

    arm: str
    epochs: int
    done: int = 0
    is_left: bool = True
    limit_seconds: float | None = None

    def most_epochs(self, seconds: float) -> int:
        """How many it has if each takes so many seconds."""
        if self.limit_seconds is None or seconds <= 0:
            return self.epochs
        return min(self.epochs, math.ceil(self.limit_seconds / seconds))


@dataclass
class _Training:
    """A run that is being made.

    Attributes:
        epoch: How many epochs are done.
        heard: When it was last heard of.
        is_first: Whether the epoch it is in is the first of this process, which compiles.
    """

    epoch: int
    heard: float
    is_first: bool = True


@dataclass(frozen=True)
class _Pace:
    """What the parts of a run typically take, in seconds.

    Attributes:
        epochs: An epoch of each arm that is known.
        first: What the first epoch takes longer.
        before: From a worker's being free to the first epoch's beginning.
        after: From the last epoch's end to the run's.
    """

    epochs: dict[str, float]
    first: float
    before: float
    after: float

    def count(self, work: Work, done: int, *, is_first: bool) -> float:
        """Of a run's epochs beyond ``done``, and of what comes after them."""
        seconds = self.epochs.get(work.arm, fmean(self.epochs.values()))
        left = max(0, work.most_epochs(seconds) - done)
        return left * seconds + (self.first if is_first and left else 0.0) + self.after


class TimeLeft:
    """Hears how the runs go and says how many seconds all of them will still take.

    What is left of a run: its epochs, at the median seconds of its arm's; what its first one
    takes longer; and what comes before and after its epochs. An arm of which no epoch is known
    is taken to be as the mean of the others. Whoever is free takes the next run.
    """

    def __init__(
        self, work: Sequence[Work], *, workers: int, clock: Clock = time.monotonic
    ) -> None:
        """Begins now.

        Args:
            work: Every run of the plan, in its order.
            workers: How many train at a time.
            clock: Tells the time in seconds.
        """
        self._work = work
        self._clock = clock
        self._waiting = [number for number, own in enumerate(work) if own.is_left]
        self._workers = max(1, min(workers, len(self._waiting)))
        self._training: dict[int, _Training] = {}
        self._free = deque([clock()] * self._workers)
        self._epochs: dict[str, list[float]] = defaultdict(list)
        self._firsts: dict[str, list[float]] = defaultdict(list)
        self._before: list[float] = []
        self._after: list[float] = []

    @classmethod
    def of_places(
        cls, places: Sequence[Place], *, workers: int, clock: Clock = time.monotonic
    ) -> "TimeLeft":
        """Of a study that has come so far."""
        return cls(
            [
                Work(
                    arm=place.planned.arm,
                    epochs=place.planned.experiment.training.epochs,
                    done=len(place.run.epochs) if place.run and place.state != "failed" else 0,
                    is_left=place.state != "finished",
                    limit_seconds=place.planned.experiment.training.seconds,
                )
                for place in places
            ],
            workers=workers,
            clock=clock,
        )

    def hear(self, event: Event) -> None:
        """Takes in what has happened to a run; it has happened now."""
        now, number = self._clock(), event.number
        training = self._training.get(number)
        if training is None:
            training = self._begin(number, now)
        if event.stage == "epoch":
            arm, seconds = self._work[number].arm, now - training.heard
            (self._firsts if training.is_first else self._epochs)[arm].append(seconds)
            self._training[number] = _Training(event.epoch, now, is_first=False)
        elif event.stage in ENDS:
            if event.stage == "finished":
                self._after.append(now - training.heard)
            del self._training[number]
            self._free.append(now)

    def seconds(self) -> float | None:
        """Until the last run ends, as if none ended early; None until that is known."""
        pace = self._find_pace()
        if pace is None:
            return None if self._waiting or self._training else 0.0
        now = self._clock()
        free = [-min(now - since, pace.before) for since in self._free]
        for number, own in self._training.items():
            left = pace.count(self._work[number], own.epoch, is_first=own.is_first)
            free.append(max(0.0, left - (now - own.heard)))
        heapq.heapify(free)
        for number in self._waiting:
            work = self._work[number]
            whole = pace.before + pace.count(work, work.done, is_first=True)
            heapq.heappush(free, heapq.heappop(free) + whole)
        return max(0.0, *free)

    def _find_pace(self) -> _Pace | None:
        # Where runs have one epoch alone, their first is all there is.
        known = self._epochs or (self._firsts if self._after else {})
        if not known:
            return None
        epochs = {arm: median(own) for arm, own in known.items()}
        longer = [
            seconds - epochs[arm]
            for arm, own in self._firsts.items()
            for seconds in own
            if arm in epochs
        ]
        return _Pace(epochs, *map(_median_or_zero, (longer, self._before, self._after)))

    def _begin(self, number: int, now: float) -> _Training:
        """A run has begun, or has ended before it was heard of."""
        if number in self._waiting:
            self._waiting.remove(number)
        # Which worker has it does not matter: the sum over all of them is the same.
        self._before.append(now - self._free.popleft() if self._free else 0.0)
        self._training[number] = _Training(self._work[number].done, now)
        return self._training[number]


def _median_or_zero(seconds: Sequence[float]) -> float:
    return median(seconds) if seconds else 0.0
