"""Whether an arm is better, worse or equivalent, and how many seeds would tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from dropstudy.analysis import significance
from dropstudy.analysis.statistics import Interval, Values, deviation, mean_interval

Verdict = Literal["better", "worse", "equivalent", "inconclusive"]


@dataclass(frozen=True)
class Judgement:
    """What the seeds say of one arm against the baseline.

    Attributes:
        verdict: The answer.
        differences: Arm minus baseline, one for each seed.
        margin: The smallest difference that would matter.
        level: Chance of a false verdict, of the whole family.
        higher_is_better: Whether a positive difference is a gain.
        family_size: Arms that were judged together.
        p: Of the sign-flip test; 1 below 2 seeds.
        adjusted_p: The same, adjusted for the family.
        equivalence_p: Of the two one-sided t tests, adjusted for the family; 1 below 2 seeds.
    """

    verdict: Verdict
    differences: tuple[float, ...]
    margin: float
    level: float
    higher_is_better: bool
    family_size: int
    p: float
    adjusted_p: float
    equivalence_p: float

    @property
    def count(self) -> int:
        """Seeds that both the arm and the baseline have."""
        return len(self.differences)

    @property
    def mean(self) -> float | None:
        """Mean difference; None without seeds."""
        return float(np.mean(self.differences)) if self.differences else None

    @cached_property
    def interval(self) -> Interval | None:
        """Of the mean difference, for this arm alone; None below 2 seeds."""
        return mean_interval(self.differences, level=1 - self.level)

    @cached_property
    def seeds_needed(self) -> int:
        """Further seeds for a decision, 0 when there is one; a million stands for all more.

        First those that would find a difference of the margin with a power of 0.8. Where so
        many have been run, the true difference is likely to lie between 0 and the margin: then
        those that would find half the margin, with which one of the two tests decides whatever
        the difference is. Below 2 seeds the spread is unknown, and the number is the least for
        which the sign-flip test can reach the level at all.
        """
        if self.verdict != "inconclusive":
            return 0
        spread = deviation(self.differences) or 0.0
        for detectable in (self.margin, self.margin / 2):
            total = significance.seeds_for_power(
                spread, detectable=detectable, level=self.level, tests=self.family_size
            )
            if total >= significance.MOST_SEEDS:
                return total
            if total > self.count:
                return total - self.count
        return 1

    @property
    def smallest_p(self) -> float:
        """The least that ``p`` can be with so many seeds."""
        return significance.smallest_p(self.count)

    @property
    def within_reach(self) -> bool:
        """Whether so many seeds can show a difference at all, were every arm's as clear."""
        return self.smallest_p * self.family_size <= self.level

    @property
    def effect_size(self) -> float | None:
        """Paired d_z of the difference; None where undefined."""
        return significance.effect_size(self.differences)

    @property
    def share_won(self) -> float | None:
        """Share of seeds on which the arm was the better one, ties counting half."""
        share = significance.share_won(self.differences)
        return share if share is None or self.higher_is_better else 1 - share


def judge(
    family: Sequence[Values],
    *,
    margin: float,
    level: float = 0.05,
    higher_is_better: bool = True,
) -> list[Judgement]:
    """Judges every arm of a family that was declared before the runs.

    An arm is *equivalent* if the adjusted p of the two one-sided tests is at most ``level``: its
    difference, if there is any, is smaller than what was said to matter. Else it is *better* or
    *worse* if the adjusted p of the sign-flip test is at most ``level``; else nothing is decided.
    Equivalence comes first because the margin was stated beforehand: many seeds would make any
    trifle better or worse. ``adjusted_p`` still tells whether a trifle is real. In this order or
    the other, a verdict is false no more often than its own test: over the family, *better* or
    *worse* of an arm without a difference with a chance of at most ``level``, and *equivalent* of
    an arm whose difference is the margin or more with a chance of at most ``level``. That holds
    for a number of seeds fixed beforehand, not for adding seeds until a verdict comes.

    Args:
        family: For each arm its differences to the baseline, one for each seed.
        margin: The smallest difference that would matter, positive.
        level: Chance of a false verdict.
        higher_is_better: False for losses and seconds.
    """
    raw = [significance.sign_flip_p(arm) if len(arm) > 1 else 1.0 for arm in family]
    adjusted = significance.holm(raw)
    equivalence = significance.holm([_equivalence_p(arm, margin) for arm in family])
    judgements = []
    for arm, p, adjusted_p, equivalence_p in zip(family, raw, adjusted, equivalence, strict=True):
        gain = float(np.sum(arm)) if higher_is_better else -float(np.sum(arm))
        verdict = _decide(gain, adjusted_p, equivalence_p, level)
        judgements.append(
            Judgement(
                verdict=verdict,
                differences=tuple(float(value) for value in arm),
                margin=margin,
                level=level,
                higher_is_better=higher_is_better,
                family_size=len(family),
                p=p,
                adjusted_p=adjusted_p,
                equivalence_p=equivalence_p,
            )
        )
    return judgements


def _decide(gain: float, adjusted_p: float, equivalence_p: float, level: float) -> Verdict:
    if equivalence_p <= level:
        return "equivalent"
    if adjusted_p <= level:
        return "better" if gain > 0 else "worse"
    return "inconclusive"


def _equivalence_p(arm: Values, margin: float) -> float:
    p = significance.equivalence_p(arm, margin)
    return 1.0 if p is None else p
