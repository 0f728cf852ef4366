"""What a timing session says of its arms, as data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from dropstudy.analysis import statistics
from dropstudy.analysis.timing_verdicts import CostVerdict

DRIFT_LEVEL = 0.95
"""Of the interval of a slope (`statistics.drift`)."""


@dataclass(frozen=True)
class Drift:
    """How a step time moves from turn to turn, or a ratio of two from repeat to repeat.

    Attributes:
        percent: Theil–Sen slope from one to the next, in percent of the median.
        low: Lower end of its 95 % interval.
        high: Upper end.
        last_third_over_first: Median of the last third of the values over that of the first.
    """

    percent: float
    low: float
    high: float
    last_third_over_first: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Drift":
        """That of positive values in order; of one or two their difference, perhaps by chance."""
        found, percent = statistics.drift(values), 100 / median(values)
        if found is None:
            change = values[-1] - values[0]
            return cls(change * percent, -math.inf, math.inf, values[-1] / values[0])
        return cls(
            found.slope * percent,
            found.low * percent,
            found.high * percent,
            found.last_to_first_third,
        )

    @property
    def is_sure(self) -> bool:
        """Whether it is more than chance: the slope's interval leaves out 0."""
        return not self.low <= 0 <= self.high

    @property
    def sure_change(self) -> float:
        """Logarithm of the last third over the first; 0 where it may be chance."""
        return math.log(self.last_third_over_first) if self.is_sure else 0.0


@dataclass(frozen=True)
class ArmTiming:
    """What a step of one arm takes.

    Attributes:
        name: The arm.
        step_milliseconds: Median over the turns of each turn's median step.
        deviation: Median absolute deviation of the turns from it, in milliseconds.
        turn_milliseconds: One median for each turn, in order.
        epoch_seconds: Training steps of an epoch, without validation.
        images_per_second: Of the batch, at the median step.
        first_step_seconds: Tracing and compiling, with the step itself.
        peak_memory_bytes: The most that the process had held when the arm's last turn ended.
        drift: Over the turns.
        dropout: The kinds of its dropout; empty for none.
        layers: How many dropout layers it has.
        values: How many values of one patch go through them.
        batch_size: Patches in a step.
    """

    name: str
    step_milliseconds: float
    deviation: float
    turn_milliseconds: tuple[float, ...]
    epoch_seconds: float
    images_per_second: float
    first_step_seconds: float
    peak_memory_bytes: int | None
    drift: Drift
    dropout: str = ""
    layers: int = 0
    values: int = 0
    batch_size: int = 1


@dataclass(frozen=True)
class TimingContrast:
    """An arm's step against its baseline's.

    Attributes:
        arm: The arm.
        baseline: What it is held against.
        ratio: Its step over the baseline's: geometric mean over the repeats.
        low: Lower end of the ratio's interval.
        high: Upper end.
        repeat_ratios: One ratio for each repeat.
        verdict: What can be said of its cost.
        reason: Why that, in words.
        dropout_share: What part of the arm's step the baseline's does without: 1 − 1 / ratio.
        drift: Of the ratio, from repeat to repeat: what slows down both leaves it as it is.
    """

    arm: str
    baseline: str
    ratio: float
    low: float
    high: float
    repeat_ratios: tuple[float, ...]
    verdict: CostVerdict
    reason: str
    dropout_share: float
    drift: Drift

    @property
    def reach(self) -> float:
        """How far from 1 the ratio may be by its interval, as a logarithm."""
        return max(-math.log(self.low), math.log(self.high)) if self.low > 0 else math.inf


@dataclass(frozen=True)
class TimingFindings:
    """All that a timing session says.

    Attributes:
        arms: In the session's order.
        baseline: The first baseline's name.
        contrasts: Of each other arm with its baseline.
        noise: The baseline against itself; of several, the one that differs most.
        level: Chance that any interval of a contrast misses, over all of them (Bonferroni).
        margin: Share of the time by which arms may differ and still be equivalent.
        noises: Each baseline against itself.
        repeats: Complete ones, of which each gives a ratio.
        others_share: Of the cores, what other programs used during the turns; NaN where unknown.
    """

    arms: tuple[ArmTiming, ...]
    baseline: str
    contrasts: tuple[TimingContrast, ...]
    noise: TimingContrast
    level: float
    margin: float
    noises: tuple[TimingContrast, ...] = ()
    repeats: int = 0
    others_share: float = math.nan

    @property
    def baselines(self) -> tuple[str, ...]:
        """All arms that others are held against."""
        return tuple(dict.fromkeys(contrast.baseline for contrast in self.contrasts))
