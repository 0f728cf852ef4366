"""Measurements that take turns, and ratios of those that stand beside one another in time.

A shared machine is slow for seconds and minutes at a time. What is compared is measured in
turns, and a ratio divides neighbours alone, so that a slow minute slows both of its parts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from statistics import fmean, median


@dataclass(frozen=True)
class Turn:
    """What one of those that take turns took.

    Attributes:
        name: Whose turn it was.
        seconds: Of each step or epoch of the turn.
    """

    name: str
    seconds: tuple[float, ...]

    @property
    def typical(self) -> float:
        """The median of the turn."""
        return median(self.seconds)


@dataclass(frozen=True)
class Spread:
    """A median and how far the values lie from it.

    Attributes:
        median: Of all values.
        deviation: The median of their distances from it.
        lowest: The lowest value.
        highest: The highest value.
        count: How many there are.
        interval: In which the median of all that could have been measured lies, with 95 %
            confidence, by order statistics; None for fewer than six values.
    """

    median: float
    deviation: float
    lowest: float
    highest: float
    count: int
    interval: tuple[float, float] | None = None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of at least one value."""
        middle = median(values)
        deviation = median(abs(value - middle) for value in values)
        return cls(
            middle,
            deviation,
            min(values),
            max(values),
            len(values),
            _find_interval(sorted(values)),
        )


def _find_interval(ordered: Sequence[float], level: float = 0.95) -> tuple[float, float] | None:
    """The narrowest pair of values at equal ranks that holds the median with that confidence."""
    count, beyond, outside = len(ordered), 0, 0.0
    while True:
        outside += 2 * comb(count, beyond) / 2**count
        if outside > 1 - level:
            break
        beyond += 1
    return (ordered[beyond - 1], ordered[count - beyond]) if beyond else None


def order_turns(reference: str, others: Sequence[str], *, number: int) -> list[str]:
    """Who takes turns in round ``number`` (from 0): the reference before and after each other.

    The others begin one place later in each round, so that none keeps the same neighbours.
    """
    shift = number % len(others)
    order = [reference]
    for name in [*others[shift:], *others[:shift]]:
        order += [name, reference]
    return order


def take_turns(
    steps: Mapping[str, Callable[[], float]], order: Sequence[str], *, count: int
) -> list[Turn]:
    """Lets each name of ``order`` make ``count`` steps, of which each returns its seconds."""
    return [Turn(name, tuple(steps[name]() for _ in range(count))) for name in order]


def neighbour_ratios(turns: Sequence[Turn], name: str, reference: str) -> list[float]:
    """For each turn of ``name``, its seconds over those of the reference's turns beside it.

    A turn with the reference on both sides is held against the mean of the two; one with
    the reference on neither is left out.
    """
    ratios = []
    for place, turn in enumerate(turns):
        beside = [*turns[max(place - 1, 0) : place], *turns[place + 1 : place + 2]]
        held_against = [other.typical for other in beside if other.name == reference]
        if turn.name == name and held_against:
            ratios.append(turn.typical / fmean(held_against))
    return ratios


def typical_seconds(turns: Sequence[Turn], name: str) -> float:
    """The median over all turns of ``name``."""
    return median(turn.typical for turn in turns if turn.name == name)
