"""What a file of claims says: outcomes of a study that are expected, and when each is borne out."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field, Strict

from dropstudy.config.setting import Allowed, Positive, Rate, Setting
from dropstudy.config.study import PROBED, Probed, Text

MOST_CLAIMS = 1000

QualityMetric = Literal[
    "val_psnr", "val_ssim", "test_psnr", "test_ssim", "val_copy_ratio", "val_identity_gain"
]
CostMetric = Literal["step_seconds", "epoch_seconds", "first_step_seconds"]
CountMetric = Literal["parameters", "multiply_adds", "draws_per_step"]
Metric = Literal[QualityMetric, CostMetric, CountMetric]
COSTS: tuple[CostMetric, ...] = ("step_seconds", "epoch_seconds", "first_step_seconds")
COUNTS: tuple[CountMetric, ...] = ("parameters", "multiply_adds", "draws_per_step")

_Number = Annotated[float, Allowed("a number")]


@dataclass(frozen=True)
class Region:
    """The numbers with which a claim holds.

    Attributes:
        low: The least of them.
        high: The greatest.
        is_open: Whether the ends themselves are left out.
    """

    low: float
    high: float
    is_open: bool

    def holds(self, low: float, high: float) -> bool:
        """Whether all from ``low`` to ``high`` is within."""
        return self._is_within(low) and self._is_within(high)

    def excludes(self, low: float, high: float) -> bool:
        """Whether nothing from ``low`` to ``high`` is within."""
        if self.is_open:
            return high <= self.low or low >= self.high
        return high < self.low or low > self.high

    def _is_within(self, number: float) -> bool:
        if self.is_open:
            return self.low < number < self.high
        return self.low <= number <= self.high


class Bound(Setting):
    """Where a number shall lie: one of the four."""

    below: _Number | None = None
    """It shall be less."""
    above: _Number | None = None
    """It shall be more."""
    within: Positive | None = None
    """How far a difference may be from 0; the share by which a ratio may be off 1."""
    between: (
        Annotated[
            Annotated[tuple[float, float], Strict(False)],
            Allowed("a list of two numbers, the lower one first"),
        ]
        | None
    ) = None
    """The two ends between which it shall lie."""

    def region(self, *, of_ratio: bool) -> Region:
        """The numbers with which the claim holds."""
        if self.between is not None:
            return Region(*self.between, is_open=False)
        if self.within is not None and of_ratio:
            return Region(1 / (1 + self.within), 1 + self.within, is_open=False)
        if self.within is not None:
            return Region(-self.within, self.within, is_open=False)
        low = -math.inf if self.above is None else self.above
        return Region(low, math.inf if self.below is None else self.below, is_open=True)


class Claim(Setting):
    """One expected outcome: of an arm's numbers, or of those of two arms, paired by seed."""

    say: Text
    """The claim in words."""
    metric: Annotated[
        Metric | Probed, Allowed(f"{', '.join(get_args(Metric))}, or {PROBED}NAME of a probe")
    ]
    """What it is about; ``probe.NAME``: what a probe of the study measured."""
    arm: Text
    """The arm that it is about."""
    against: Text | None = None
    """The arm that it is held against; null: none, for a ``value``."""
    ratio: Bound | None = None
    """Of the arm's number to the other's; for costs and counts."""
    difference: Bound | None = None
    """The arm's number less the other's, in the metric's unit; not for costs."""
    value: Bound | None = None
    """The arm's own mean over its seeds; not for costs."""

    @property
    def form(self) -> Literal["ratio", "difference", "value"]:
        """Which of the three it states."""
        if self.ratio is not None:
            return "ratio"
        return "value" if self.difference is None else "difference"

    @property
    def bound(self) -> Bound:
        """Where that shall lie."""
        return self.ratio or self.difference or self.value or Bound()

    @property
    def region(self) -> Region:
        """The numbers with which it holds."""
        return self.bound.region(of_ratio=self.ratio is not None)


class Claims(Setting):
    """All that is claimed of one study."""

    level: Annotated[Rate, Field(gt=0), Allowed("a fraction above 0 and below 1")] = 0.05
    """How often any claim may be judged wrongly, over all of them together."""
    claims: Annotated[tuple[Claim, ...], Strict(False), Field(min_length=1, max_length=MOST_CLAIMS)]
    """Each is judged at the level over their number (Bonferroni)."""
