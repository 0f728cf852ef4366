"""The seconds of one arm over those of another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median, stdev
from typing import Literal

from dropstudy.analysis.arms import Arm, pair_runs
from dropstudy.analysis.cost import measure_cost, steady_epoch_seconds
from dropstudy.analysis.judgement import Judgement, Verdict, judge
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
    """

    ratio: float
    interval: Interval | None
    over: Literal["seeds", "epochs"]
    verdict: CostVerdict
    seeds_needed: int
    noise: str


def contrast_costs(
    arms: Sequence[Arm], *, baseline: Arm, level: float
) -> list[CostContrast | None]:
    """Holds each arm's seconds against the baseline's; None where one has a single epoch.

    All of them are one family of tests.
    """
    ratios = [_log_ratios(arm, baseline) for arm in arms]
    judged = judge(ratios, margin=math.log1p(TIME_MARGIN), level=level, higher_is_better=False)
    return [
        _contrast_seeds(arm, baseline, judgement, level)
        if judgement.count > 1
        else _contrast_epochs(arm, baseline, judgement, level)
        for arm, judgement in zip(arms, judged, strict=True)
    ]


def _contrast_seeds(arm: Arm, baseline: Arm, judgement: Judgement, level: float) -> CostContrast:
    logs = judgement.differences
    ratio, interval = math.exp(fmean(logs)), mean_interval(logs, level=1 - level)
    if interval is not None:
        low, high = math.exp(interval.low), math.exp(interval.high)
        interval = replace(interval, low=low, high=high)
    noise = _find_noise([arm.runs, baseline.runs], ratio)
    words: dict[Verdict, CostVerdict] = {
        "better": "faster",
        "worse": "slower",
        "equivalent": "equivalent",
        "inconclusive": "inconclusive",
    }
    verdict = "inconclusive" if noise else words[judgement.verdict]
    return CostContrast(ratio, interval, "seeds", verdict, judgement.seeds_needed, noise)


def _contrast_epochs(
    arm: Arm, baseline: Arm, judgement: Judgement, level: float
) -> CostContrast | None:
    """Of one run each: the interval holds for these two runs alone, so there is no verdict."""
    after, before = (pair_runs(arm, baseline) or [(arm.runs[0], baseline.runs[0])])[0]
    seconds = steady_epoch_seconds(after), steady_epoch_seconds(before)
    if not all(seconds):
        return None
    ratio, interval = median_ratio_interval(*seconds, level=1 - level)
    noise = _find_noise([[after], [before]], ratio)
    return CostContrast(ratio, interval, "epochs", "inconclusive", judgement.seeds_needed, noise)


def _log_ratios(arm: Arm, baseline: Arm) -> list[float]:
    """The logarithm of the ratio of seconds, for each common seed."""
    after, before = _seconds_by_seed(arm), _seconds_by_seed(baseline)
    return [math.log(after[seed] / before[seed]) for seed in after if seed in before]


def _seconds_by_seed(arm: Arm) -> dict[int, float]:
    """Median seconds per epoch: a seed's mean, where it has several runs."""
    seconds = {}
    for seed in arm.seeds:
        medians = [measure_cost(run).epoch_seconds for run in arm.of_seed(seed)]
        known = [value for value in medians if value]
        if known:
            seconds[seed] = fmean(known)
    return seconds


def _find_noise(arms: Sequence[Sequence[Run]], ratio: float) -> str:
    """What moves the seconds of single runs by more than the arms differ; empty if nothing does.

    Drift counts where more than half of an arm's runs have it: of many runs one drifts by
    chance. Runs of one arm differ in nothing that costs time, so their spread is the noise
    floor of an A/A comparison.
    """
    effect = max(abs(math.log(ratio)), math.log1p(TIME_MARGIN))
    largest = max((_typical_drift(runs) for runs in arms), key=lambda value: abs(math.log(value)))
    if abs(math.log(largest)) > effect:
        return f"epochs drifted by {_change(largest)} within runs, more than the arms differ"
    spread = math.exp(max(_spread(runs) for runs in arms))
    if math.log(spread) > effect:
        return f"runs of one arm differ by {_change(spread)} among themselves, more than the arms"
    return ""


def _typical_drift(runs: Sequence[Run]) -> float:
    """Last third over first, the median of an arm's runs; 1 unless most of them drift."""
    costs = [measure_cost(run) for run in runs]
    if 2 * sum(cost.drifts for cost in costs) <= len(costs):
        return 1.0
    return median(cost.drift.last_to_first_third for cost in costs if cost.drift)


def _spread(runs: Sequence[Run]) -> float:
    """Standard deviation of the logarithm of the runs' seconds; 0 for a single run."""
    seconds = [measure_cost(run).epoch_seconds for run in runs]
    logs = [math.log(value) for value in seconds if value]
    return stdev(logs) if len(logs) > 1 else 0.0


def _change(factor: float) -> str:
    return f"{factor - 1:+.0%}".replace("-", "−")
