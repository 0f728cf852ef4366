"""The seconds of one arm over those of another."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Literal

from dropstudy.analysis.arms import Arm, pair_runs
from dropstudy.analysis.confounds import FACTOR
from dropstudy.analysis.cost import Cost, steady_epoch_seconds
from dropstudy.analysis.cost_noise import find_noise, typical_drift
from dropstudy.analysis.judgement import Verdict, judge
from dropstudy.analysis.statistics import Interval, mean_interval, median_ratio_interval
from dropstudy.runs.reading import Run

TIME_MARGIN = 0.05
"""A share of the seconds that does not matter: the protocol's ±5 %."""

CostVerdict = Literal["faster", "slower", "equivalent", "inconclusive"]


@dataclass(frozen=True)
class CostContrast:
    """The seconds of training an epoch, the arm's over the baseline's.

    Attributes:
        ratio: Of the medians; the geometric mean over paired seeds.
        interval: Of the ratio; None where there are too few numbers.
        over: What the interval varies over: ``seeds``, or ``epochs`` of a single pair.
        verdict: By the margin of ±5 %; over epochs alone it is never more than inconclusive.
        seeds_needed: Further seeds that a verdict takes.
        noise: What speaks against any verdict, such as drift; empty if nothing does.
        drift: How many times the seconds of the arm's epochs grow within a run, the median of
            its runs; 1 unless most of them drift.
    """

    ratio: float
    interval: Interval | None
    over: Literal["seeds", "epochs"]
    verdict: CostVerdict
    seeds_needed: int
    noise: str
    drift: float


def contrast_costs(
    arms: Sequence[Arm],
    *,
    baseline: Arm,
    costs: Mapping[Path, Cost],
    level: float,
    factor: str = FACTOR,
) -> list[CostContrast | None]:
    """Holds each arm's seconds against the baseline's; None where one has a single epoch.

    All of them are one family of tests.

    Args:
        arms: Those that are asked about.
        baseline: What they are held against.
        costs: Of every run, by its directory.
        level: Chance of a false verdict.
        factor: The setting whose effect is asked for.
    """
    ratios = [_log_ratios(arm, baseline, costs) for arm in arms]
    judged = judge(ratios, margin=math.log1p(TIME_MARGIN), level=level, higher_is_better=False)
    found: list[CostContrast | None] = []
    for arm, judgement in zip(arms, judged, strict=True):
        over_seeds = judgement.count > 1
        after, before = (pair_runs(arm, baseline) or [(arm.runs[0], baseline.runs[0])])[0]
        ratio, interval = (
            _ratio_over_seeds(judgement.differences, level)
            if over_seeds
            else _ratio_over_epochs(after, before, level)
        )
        if ratio is None:
            found.append(None)
            continue
        sides = (arm.runs, baseline.runs) if over_seeds else ((after,), (before,))
        noise = find_noise(sides, ratio=ratio, costs=costs, margin=TIME_MARGIN, factor=factor)
        decided = over_seeds and not noise
        found.append(
            CostContrast(
                ratio=ratio,
                interval=interval,
                over="seeds" if over_seeds else "epochs",
                verdict=_VERDICTS[judgement.verdict] if decided else "inconclusive",
                seeds_needed=judgement.seeds_needed,
                noise=noise,
                drift=typical_drift([costs[run.directory.path] for run in arm.runs]),
            )
        )
    return found


_VERDICTS: dict[Verdict, CostVerdict] = {
    "better": "faster",
    "worse": "slower",
    "equivalent": "equivalent",
    "inconclusive": "inconclusive",
}


def _ratio_over_seeds(logs: Sequence[float], level: float) -> tuple[float | None, Interval | None]:
    interval = mean_interval(logs, level=1 - level)
    if interval is not None:
        low, high = math.exp(interval.low), math.exp(interval.high)
        interval = replace(interval, low=low, high=high)
    return math.exp(fmean(logs)), interval


def _ratio_over_epochs(
    after: Run, before: Run, level: float
) -> tuple[float | None, Interval | None]:
    """Of one run each: the interval holds for these two runs alone."""
    seconds = steady_epoch_seconds(after), steady_epoch_seconds(before)
    return median_ratio_interval(*seconds, level=1 - level) if all(seconds) else (None, None)


def _log_ratios(arm: Arm, baseline: Arm, costs: Mapping[Path, Cost]) -> list[float]:
    """The logarithm of the ratio of seconds, for each common seed."""
    after, before = _seconds_by_seed(arm, costs), _seconds_by_seed(baseline, costs)
    return [math.log(after[seed] / before[seed]) for seed in after if seed in before]


def _seconds_by_seed(arm: Arm, costs: Mapping[Path, Cost]) -> dict[int, float]:
    """Median seconds per epoch: a seed's mean, where it has several runs."""
    seconds = {}
    for seed in arm.seeds:
        medians = [costs[run.directory.path].epoch_seconds for run in arm.of_seed(seed)]
        known = [value for value in medians if value]
        if known:
            seconds[seed] = fmean(known)
    return seconds
