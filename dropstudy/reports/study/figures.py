"""What is drawn of a study: every seed, paired differences, curves, cost, drift."""

from collections.abc import Iterator
from math import isfinite
from statistics import fmean, median

from dropstudy.analysis.arms import Arm
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.statistics import mean_interval
from dropstudy.analysis.study_account import StudyAccount
from dropstudy.analysis.timing import TimingFindings
from dropstudy.reports.drawing import Figure, drawing_rules
from dropstudy.reports.figures import reference_levels
from dropstudy.reports.study.curves import draw_bands
from dropstudy.reports.study.points import Point, PointChart, draw_points
from dropstudy.reports.study.rows import Row, RowChart, draw_rows


def study_figures(account: StudyAccount) -> list[Figure]:
    """All that there are numbers for, in the order of a report."""
    with drawing_rules():
        return [*_draw_quality(account), *_draw_timing(account)]


def why_no_cost(account: StudyAccount) -> str:
    """Why quality cannot be drawn against cost; empty where it can."""
    if account.comparison is None:
        return "no runs are finished"
    if _seconds_by_arm(account):
        return ""
    return "runs were trained side by side, whose seconds are no measure, and the arms not timed"


def _draw_quality(account: StudyAccount) -> Iterator[Figure]:
    comparison = account.comparison
    if comparison is None:
        return
    yield _draw_seeds(comparison)
    if comparison.contrasts:
        yield _draw_differences(comparison)
    seconds = _seconds_by_arm(account)
    if seconds:
        yield _draw_cost(comparison, seconds, is_timed=account.timing is not None)
    yield draw_bands(comparison)


def _draw_seeds(comparison: Comparison) -> Figure:
    measure = comparison.measure
    rows = [
        _row(arm.label, place, list(arm.values(measure).values()))
        for place, arm in enumerate(comparison.arms)
        if arm.values(measure)
    ]
    levels = reference_levels(comparison) if measure.key == "val_psnr" else {}
    unit = f", {measure.unit}" if measure.unit else ""
    chart = RowChart(
        "seeds",
        f"{measure.label[0].upper()}{measure.label[1:]} of every run{unit}",
        "A circle for each seed; the diamond is their mean, the line its 95 % interval.",
        measure.unit or measure.label,
        measure.unit,
        measure.decimals,
    )
    return draw_rows(chart, rows, levels=levels)


def _draw_differences(comparison: Comparison) -> Figure:
    measure, margin = comparison.measure, comparison.margin
    rows = []
    for place, contrast in enumerate(comparison.contrasts, 1):
        if not contrast.differences:
            continue
        interval = contrast.judgement.interval
        rows.append(
            Row(
                contrast.arm.label,
                place,
                contrast.differences,
                fmean(contrast.differences),
                None if interval is None else (interval.low, interval.high),
            )
        )
    better = "right" if measure.higher_is_better else "left"
    chart = RowChart(
        "differences",
        f"Difference to {comparison.baseline.label}, seed by seed",
        f"Of the {measure.label}; further {better} is better. Within the band differences do not "
        f"matter: the margin is {measure.write(margin)}. Intervals are of "
        f"{100 * (1 - comparison.level):.3g} %, each for its arm alone; verdicts account for all "
        "arms.",
        measure.unit or measure.label,
        measure.unit,
        measure.decimals,
        band=(-margin, margin),
        zero=0.0,
    )
    return draw_rows(chart, rows)


def _draw_cost(comparison: Comparison, seconds: dict[str, float], *, is_timed: bool) -> Figure:
    measure = comparison.measure
    points = []
    for place, arm in enumerate(comparison.arms):
        values = list(arm.values(measure).values())
        if values and arm.label in seconds:
            row = _row(arm.label, place, values)
            points.append(Point(arm.label, place, seconds[arm.label], row.centre, row.interval))
    how = "Timed in turns" if is_timed else "Medians of the runs' epochs"
    chart = PointChart(
        "cost-quality",
        f"{measure.label[0].upper()}{measure.label[1:]} against cost",
        f"{how}; the line through each arm is the 95 % interval of its mean over seeds.",
        "seconds to train an epoch",
        measure.unit,
        measure.decimals,
    )
    return draw_points(chart, points)


def _draw_timing(account: StudyAccount) -> Iterator[Figure]:
    timing = account.timing
    if timing is None:
        return
    if timing.contrasts:
        yield _draw_ratios(timing)
    if all(isfinite(arm.drift.high - arm.drift.low) for arm in timing.arms):
        yield _draw_drift(timing)


def _draw_ratios(timing: TimingFindings) -> Figure:
    noises = {noise.baseline: (noise.low, noise.high) for noise in timing.noises}
    many = len(timing.baselines) > 1
    places = {arm.name: place for place, arm in enumerate(timing.arms)}
    rows = [
        Row(
            f"{own.arm} / {own.baseline}" if many else own.arm,
            places[own.arm],
            own.repeat_ratios,
            own.ratio,
            (own.low, own.high),
            noises.get(own.baseline),
        )
        for own in timing.contrasts
    ]
    chart = RowChart(
        "timing",
        "Step time, as a multiple of the same network's without dropout",
        "A circle for each repeat; the diamond is their mean, the line its interval, the band "
        "behind it what the network without dropout differs by from itself.",
        "times the step",
        "",
        3,
        zero=1.0,
    )
    return draw_rows(chart, rows)


def _draw_drift(timing: TimingFindings) -> Figure:
    rows = []
    for place, arm in enumerate(timing.arms):
        turns = len(arm.turn_milliseconds) - 1
        middle = median(arm.turn_milliseconds)
        rows.append(
            Row(
                arm.name,
                place,
                [100 * (value / middle - 1) for value in arm.turn_milliseconds],
                turns * arm.drift.percent_per_turn,
                (turns * arm.drift.low, turns * arm.drift.high),
            )
        )
    chart = RowChart(
        "drift",
        "Drift of the step time over the session, percent",
        "The diamond is the Theil–Sen slope from the first turn to the last, the line its 95 % "
        "interval; a circle for each turn is how far it was from the arm's median.",
        "percent",
        "percent",
        1,
        zero=0.0,
    )
    return draw_rows(chart, rows)


def _row(label: str, place: int, values: list[float]) -> Row:
    interval = mean_interval(values)
    ends = None if interval is None else (interval.low, interval.high)
    return Row(label, place, values, fmean(values), ends)


def _seconds_by_arm(account: StudyAccount) -> dict[str, float]:
    """To train an epoch, by the arm's label; empty where no one measured it."""
    if account.timing is not None:
        return {arm.name: arm.epoch_seconds for arm in account.timing.arms}
    comparison = account.comparison
    if comparison is None or any(map(_trained_beside_others, comparison.arms)):
        return {}
    found = {}
    for arm in comparison.arms:
        seconds = [own.cost.epoch_seconds for own in comparison.of_arm(arm)]
        known = [value for value in seconds if value is not None]
        if known:
            found[arm.label] = median(known)
    return found


def _trained_beside_others(arm: Arm) -> bool:
    return any(run.environment.get("runs_beside") for run in arm.runs)
