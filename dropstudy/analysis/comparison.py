"""Several runs held against each other: what differs, which is better, what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from dropstudy.analysis.arms import Arm, arm_traits, form_arms
from dropstudy.analysis.confounds import FACTOR, Difference, find_differences
from dropstudy.analysis.contrasts import Contrast, contrast_arms
from dropstudy.analysis.cost import Cost, measure_cost
from dropstudy.analysis.measures import Measure, find_measure
from dropstudy.analysis.progress import Progress, Yardstick, find_yardstick, measure_progress
from dropstudy.errors import ConfigError, RunDirectoryError
from dropstudy.runs.reading import Run
from dropstudy.runs.store import load_run

LEVEL = 0.05
"""Chance of each kind of false verdict, over all arms together, unless the user says otherwise."""


@dataclass(frozen=True)
class ComparedRun:
    """One run of a comparison.

    Attributes:
        run: The run.
        arm: The arm that it is of.
        cost: What it cost.
        progress: How fast it got how good.
    """

    run: Run
    arm: Arm
    cost: Cost
    progress: Progress


@dataclass(frozen=True)
class Comparison:
    """What several runs say together.

    Attributes:
        measure: What decides.
        margin: A difference below this does not matter.
        level: Chance of each kind of false verdict, over all arms together.
        factor: The setting whose effect is asked for.
        baseline: The arm that the others are held against.
        arms: All arms, the baseline first.
        runs: Every run, arm by arm.
        yardstick: What the runs' progress is measured by.
        differences: In what the arms are not alike, confounds last.
        contrasts: Each arm but the baseline against it.
    """

    measure: Measure
    margin: float
    level: float
    factor: str
    baseline: Arm
    arms: tuple[Arm, ...]
    runs: tuple[ComparedRun, ...]
    yardstick: Yardstick
    differences: tuple[Difference, ...]
    contrasts: tuple[Contrast, ...]

    @property
    def confounds(self) -> list[Difference]:
        """The differences that could explain a gain just as well as the factor."""
        return [difference for difference in self.differences if difference.confounds]

    def of_arm(self, arm: Arm) -> list[ComparedRun]:
        """The compared runs of one arm."""
        return [compared for compared in self.runs if compared.arm is arm]


def compare(
    runs: Sequence[Run | Path | str],
    *,
    group_by: str | None = None,
    baseline: Run | Path | str | None = None,
    metric: str = "val_psnr",
    margin: float | None = None,
    level: float = LEVEL,
    target: float | None = None,
) -> Comparison:
    """Compares runs by the protocol of docs/comparing.md: arms paired by seed.

    Args:
        runs: At least one run or run directory; each counts once.
        group_by: What makes an arm, as a dotted key; None: all settings but the seed.
        baseline: The arm that the others are held against, by its label or one of its runs;
            None: the only arm without dropout, else the first.
        metric: What decides: ``val_psnr``, ``val_ssim``, ``test_psnr``, ``test_ssim`` or
            ``val_copy_ratio``.
        margin: A difference below this does not matter; None: the measure's own.
        level: Chance of each kind of false verdict, over all arms together.
        target: A validation PSNR in dB, to tell how soon each run reached it; None: the
            lowest of their best ones.

    Raises:
        ConfigError: An option that cannot be.
        RunDirectoryError: A run that cannot be read, or has no finished epoch.
    """
    measure = find_measure(metric)
    chosen = measure.margin if margin is None else margin
    if not 0 < chosen < float("inf"):
        raise ConfigError(f"margin: got {chosen:g}; give a number above 0")
    if not 0 < level < 1:
        raise ConfigError(f"level: got {level:g}; give a fraction between 0 and 1")
    if target is not None and not isfinite(target):
        raise ConfigError(f"target: got {target:g}; give a PSNR in dB")
    arms = arrange_arms(runs, group_by=group_by, baseline=baseline)
    ordered = [(arm, run) for arm in arms for run in arm.runs]
    yardstick = find_yardstick([run for _, run in ordered], target=target)
    factor = group_by or FACTOR
    costs = {run.directory.path: measure_cost(run) for _, run in ordered}
    return Comparison(
        measure=measure,
        margin=chosen,
        level=level,
        factor=factor,
        baseline=arms[0],
        arms=tuple(arms),
        runs=tuple(
            ComparedRun(run, arm, costs[run.directory.path], measure_progress(run, yardstick))
            for arm, run in ordered
        ),
        yardstick=yardstick,
        differences=tuple(find_differences(arms, factor=factor)),
        contrasts=tuple(
            contrast_arms(
                arms[1:],
                baseline=arms[0],
                costs=costs,
                measure=measure,
                margin=chosen,
                level=level,
                factor=factor,
            )
        ),
    )


def arrange_arms(
    runs: Sequence[Run | Path | str],
    *,
    group_by: str | None = None,
    baseline: Run | Path | str | None = None,
) -> list[Arm]:
    """The arms that `compare` holds against each other, the baseline first; see there."""
    opened = _open(runs)
    arms = form_arms(opened, group_by=group_by)
    if group_by is not None and len(arms) == 1 < len(opened):
        raise ConfigError(f"group_by: all runs agree in {group_by}; give what they differ in")
    reference = _find_baseline(arms, baseline)
    return [reference, *(arm for arm in arms if arm is not reference)]


def _open(runs: Sequence[Run | Path | str]) -> list[Run]:
    opened: dict[Path, Run] = {}
    for given in runs:
        run = given if isinstance(given, Run) else load_run(given)
        opened.setdefault(run.directory.path.resolve(), run)
    if not opened:
        raise ConfigError("nothing to compare; give at least one run")
    for run in opened.values():
        if not run.epochs and run.result.get("best"):
            raise RunDirectoryError(f"{run.directory.epochs}: missing; {run.name} had epochs")
    empty = [run.name for run in opened.values() if not run.epochs or run.final is None]
    if empty:
        raise RunDirectoryError(f"{', '.join(empty)}: no finished epoch to compare")
    return list(opened.values())


def _find_baseline(arms: Sequence[Arm], baseline: Run | Path | str | None) -> Arm:
    if baseline is None:
        without = [arm for arm in arms if not _drops(arm)]
        return without[0] if len(without) == 1 else arms[0]
    named = [arm for arm in arms if arm.label == baseline]
    if named:
        return named[0]
    wanted = baseline if isinstance(baseline, Run) else load_run(baseline)
    place = wanted.directory.path.resolve()
    for arm in arms:
        if any(run.directory.path.resolve() == place for run in arm.runs):
            return arm
    raise ConfigError(f"baseline: {wanted.name} is not among the runs that are compared")


def _drops(arm: Arm) -> bool:
    kinds = [
        value
        for run in arm.runs
        for key, value in arm_traits(run).items()
        if key.startswith("dropout.") and key.endswith(".kind")
    ]
    return any(kind != "none" for kind in kinds)
