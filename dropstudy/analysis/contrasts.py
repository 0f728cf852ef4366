"""One arm against another: the difference of their quality and of their cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from dropstudy.analysis.arms import Arm, common_seeds
from dropstudy.analysis.confounds import FACTOR
from dropstudy.analysis.cost import Cost
from dropstudy.analysis.cost_contrast import CostContrast, contrast_costs
from dropstudy.analysis.image_contrast import (
    ImageContrast,
    contrast_images,
    interval_over_images,
)
from dropstudy.analysis.judgement import Judgement, Verdict, judge
from dropstudy.analysis.measures import MEASURES, Measure
from dropstudy.analysis.statistics import Interval, mean_interval


@dataclass(frozen=True)
class Contrast:
    """All that is known of an arm against the baseline arm.

    Attributes:
        arm: The one that is asked about.
        baseline: The one it is held against.
        seeds: Those that both have.
        differences: Of the primary measure, arm − baseline, by seed.
        judgement: What they say.
        obstacle: Why no verdict can be given; empty where one can.
        over_images: The mean difference's interval over seeds and images; None below five seeds.
        images: The same images side by side; None where their scores were not kept, or the
            measure has none.
        means: The mean difference of each measure that both have, and its interval, by the
            measure's key.
        cost: The seconds; None where an arm has no epoch but the first.
    """

    arm: Arm
    baseline: Arm
    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    judgement: Judgement
    obstacle: str
    over_images: Interval | None
    images: ImageContrast | None
    means: dict[str, tuple[float, Interval | None]]
    cost: CostContrast | None

    @property
    def verdict(self) -> Verdict:
        """The judgement's, unless there is an obstacle."""
        return "inconclusive" if self.obstacle else self.judgement.verdict


def contrast_arms(
    arms: Sequence[Arm],
    *,
    baseline: Arm,
    costs: Mapping[Path, Cost],
    measure: Measure,
    margin: float,
    level: float,
    factor: str = FACTOR,
) -> list[Contrast]:
    """Holds each arm against ``baseline``; all of them are one family of tests.

    Args:
        arms: Those that are asked about.
        baseline: What they are held against.
        costs: Of every run, by its directory.
        measure: What decides.
        margin: A difference below this does not matter.
        level: Chance of each kind of false verdict.
        factor: The setting whose effect is asked for.
    """
    differences = [_differences(arm, baseline, measure) for arm in arms]
    judged = judge(
        [list(own.values()) for own in differences],
        margin=margin,
        level=level,
        higher_is_better=measure.higher_is_better,
    )
    timed = contrast_costs(arms, baseline=baseline, costs=costs, level=level, factor=factor)
    return [
        Contrast(
            arm=arm,
            baseline=baseline,
            seeds=tuple(own),
            differences=tuple(own.values()),
            judgement=judgement,
            obstacle=_find_obstacle(arm, baseline, measure, own),
            over_images=interval_over_images(arm, baseline, measure=measure, level=level)
            if measure.score
            else None,
            images=contrast_images(arm, baseline, measure=measure, level=level)
            if measure.score
            else None,
            means=_mean_differences(arm, baseline, level),
            cost=cost,
        )
        for arm, own, judgement, cost in zip(arms, differences, judged, timed, strict=True)
    ]


def _differences(arm: Arm, baseline: Arm, measure: Measure) -> dict[int, float]:
    after, before = arm.values(measure), baseline.values(measure)
    return {seed: after[seed] - before[seed] for seed in after if seed in before}


def _mean_differences(
    arm: Arm, baseline: Arm, level: float
) -> dict[str, tuple[float, Interval | None]]:
    means = {}
    for key, measure in MEASURES.items():
        differences = list(_differences(arm, baseline, measure).values())
        if differences:
            means[key] = fmean(differences), mean_interval(differences, level=1 - level)
    return means


def _find_obstacle(arm: Arm, baseline: Arm, measure: Measure, differences: dict[int, float]) -> str:
    runs = [*arm.runs, *baseline.runs]
    known = {run.environment.get("data_fingerprint") for run in runs} - {None}
    if len(known) > 1:
        return "the runs saw different images"
    if len({repr(run.settings["task"]) for run in runs}) > 1:
        return "the runs had different tasks"
    # The crop depends on the network's depth, too, which the fingerprint cannot know.
    key = f"{'val' if measure.part == 'validation' else 'test'}_psnr"
    identities = (run.baselines.get("identity", {}).get(key) for run in runs)
    if len({round(own, 4) for own in identities if own is not None}) > 1:
        return "the runs were scored on different pixels"
    limited = [run for run in runs if (run.settings.get("training") or {}).get("seconds")]
    if any(run.environment.get("runs_beside") for run in limited):
        return "they had equal seconds on a machine that other runs shared"
    if not common_seeds(arm, baseline):
        return "the arms have no seed in common"
    if not differences:
        return f"no seed has a {measure.label} in both arms"
    return ""
