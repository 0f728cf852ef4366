"""What is drawn of a timing session: ratios within the noise, the drift, and turn by turn."""

from collections.abc import Iterator
from math import isfinite
from statistics import median

from dropstudy.analysis import cells
from dropstudy.analysis.timing_findings import DRIFT_LEVEL, TimingContrast, TimingFindings
from dropstudy.reports.drawing import Figure
from dropstudy.reports.study.curves import draw_turns
from dropstudy.reports.study.rows import Row, RowChart, draw_rows


def draw_timing(timing: TimingFindings) -> Iterator[Figure]:
    """All that there are turns enough for; within `drawing_rules`."""
    if timing.contrasts:
        yield _draw_ratios(timing)
        if all(isfinite(own.drift.high - own.drift.low) for own in timing.contrasts):
            yield _draw_drift(timing)
    if all(len(arm.turn_milliseconds) > 1 for arm in timing.arms):
        yield draw_turns({arm.name: arm.turn_milliseconds for arm in timing.arms})


def _draw_ratios(timing: TimingFindings) -> Figure:
    noises = {noise.baseline: (noise.low, noise.high) for noise in timing.noises}
    rows = [
        Row(
            label,
            place,
            own.repeat_ratios,
            own.ratio,
            (own.low, own.high),
            noises.get(own.baseline),
        )
        for label, place, own in _contrasts(timing)
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
    for label, place, own in _contrasts(timing):
        repeats, middle = len(own.repeat_ratios) - 1, median(own.repeat_ratios)
        rows.append(
            Row(
                label,
                place,
                [100 * (ratio / middle - 1) for ratio in own.repeat_ratios],
                repeats * own.drift.percent,
                (repeats * own.drift.low, repeats * own.drift.high),
            )
        )
    chart = RowChart(
        "drift",
        "Drift of that multiple over the session, percent",
        "The diamond is the Theil–Sen slope from the first repeat to the last, the line its "
        f"{cells.percent(DRIFT_LEVEL)} interval; a circle for each repeat is how far it was from "
        "the median. What slows down both networks leaves it where it is.",
        "percent",
        "percent",
        1,
        zero=0.0,
    )
    return draw_rows(chart, rows)


def _contrasts(timing: TimingFindings) -> Iterator[tuple[str, int, TimingContrast]]:
    """Each with its label and its arm's place in the session, which gives its style."""
    many = len(timing.baselines) > 1
    places = {arm.name: place for place, arm in enumerate(timing.arms)}
    for own in timing.contrasts:
        label = f"{own.arm} / {own.baseline}" if many else own.arm
        yield label, places[own.arm], own
