"""What is drawn of a study: every seed, paired differences, curves, cost, time."""

from collections.abc import Iterator
from statistics import fmean

from dropstudy.analysis import cells
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.study_account import StudyAccount
from dropstudy.reports.drawing import Figure, drawing_rules
from dropstudy.reports.figures import reference_levels
from dropstudy.reports.study.cost import draw_cost
from dropstudy.reports.study.curves import draw_bands
from dropstudy.reports.study.rows import Row, RowChart, draw_rows, row_of
from dropstudy.reports.study.timing import draw_timing


def study_figures(account: StudyAccount) -> list[Figure]:
    """All that there are numbers for, in the order of a report."""
    with drawing_rules():
        timed = draw_timing(account.timing) if account.timing else ()
        return [*_draw_quality(account), *timed]


def _draw_quality(account: StudyAccount) -> Iterator[Figure]:
    comparison = account.comparison
    if comparison is None:
        return
    yield _draw_seeds(comparison)
    if comparison.contrasts:
        yield _draw_differences(comparison)
    yield from draw_cost(account, comparison)
    yield draw_bands(comparison)


def _draw_seeds(comparison: Comparison) -> Figure:
    measure = comparison.measure
    rows = [
        row_of(arm.label, place, list(arm.values(measure).values()), level=1 - comparison.level)
        for place, arm in enumerate(comparison.arms)
        if arm.values(measure)
    ]
    levels = reference_levels(comparison) if measure.key == "val_psnr" else {}
    unit = f", {measure.unit}" if measure.unit else ""
    chart = RowChart(
        "seeds",
        f"{measure.label[0].upper()}{measure.label[1:]} of every run{unit}",
        "A circle for each seed; the diamond is their mean, the line its "
        f"{cells.percent(1 - comparison.level)} interval.",
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
        f"{cells.percent(1 - comparison.level)}, each for its arm alone; verdicts account for all "
        "arms.",
        measure.unit or measure.label,
        measure.unit,
        measure.decimals,
        band=(-margin, margin),
        zero=0.0,
    )
    return draw_rows(chart, rows)
