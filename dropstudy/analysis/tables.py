"""A comparison as tables of words."""

from dataclasses import replace

from dropstudy.analysis import cells
from dropstudy.analysis.cells import NOTHING, number
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.contrasts import Contrast
from dropstudy.analysis.measures import MEASURES, Measure
from dropstudy.analysis.run_tables import tabulate_cost, tabulate_progress, tabulate_quality
from dropstudy.analysis.table import Table

MOST_EXTREME = 20
"""Of many images, so many of the largest gains and as many of the largest losses are listed."""


def comparison_tables(comparison: Comparison) -> list[Table]:
    """All tables of a comparison that have rows, the answer's first."""
    tables = [
        _tabulate_contrasts(comparison),
        _tabulate_differences(comparison),
        tabulate_quality(comparison),
        *(_tabulate_images(comparison, contrast) for contrast in comparison.contrasts),
        tabulate_progress(comparison),
        tabulate_cost(comparison),
    ]
    return [_without_empty_columns(table) for table in tables if table.rows]


def _without_empty_columns(table: Table) -> Table:
    kept = [
        place
        for place in range(len(table.columns))
        if any(row[place] not in ("", NOTHING) for row in table.rows)
    ]
    return replace(
        table,
        columns=tuple(table.columns[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in table.rows),
        words=sum(place < table.words for place in kept),
    )


def _tabulate_contrasts(comparison: Comparison) -> Table:
    rows: list[tuple[str, ...]] = []
    for contrast in comparison.contrasts:
        rows.append(_primary_row(comparison.measure, contrast))
        rows += [
            _secondary_row(contrast, measure)
            for measure in MEASURES.values()
            if measure.key != comparison.measure.key
            and measure.key in contrast.means
            and not contrast.obstacle
        ]
    level = cells.percent(1 - comparison.level)
    margin = cells.margin(comparison.measure, comparison.margin)
    return Table(
        f"Against {comparison.baseline.label}",
        (
            "arm",
            "measure",
            "verdict",
            "difference",
            f"{level} interval",
            "p",
            "p equal",
            "d_z",
            "won",
            "seeds",
            "more",
        ),
        tuple(rows),
        words=3,
        remark=f"The verdict is by {comparison.measure.label}, equivalent within ±{margin}; the "
        "measures below it are not adjusted for looking at several.",
        legend={
            "p": "of the sign-flip test, adjusted for several arms",
            "p equal": "of two one-sided tests against the margin",
            "d_z": "the difference over its own spread",
            "won": "share of seeds",
            "more": "further seeds that a verdict takes, were the difference as small as the "
            "margin",
        },
    )


def _primary_row(measure: Measure, contrast: Contrast) -> tuple[str, ...]:
    judgement = contrast.judgement
    difference = measure.write(judgement.mean, signed=True)
    if contrast.obstacle:
        verdict = f"none: {contrast.obstacle}"
        return (contrast.arm.label, measure.label, verdict, *(NOTHING,) * 8)
    several = judgement.count > 1
    return (
        contrast.arm.label,
        measure.label,
        contrast.verdict,
        difference,
        cells.measure_ends(measure, judgement.interval),
        cells.p_value(judgement.adjusted_p) if several else NOTHING,
        cells.p_value(judgement.equivalence_p) if several else NOTHING,
        number(judgement.effect_size, "+.1f"),
        number(judgement.share_won if several else None, ".0%"),
        str(judgement.count),
        cells.seeds(judgement.seeds_needed),
    )


def _secondary_row(contrast: Contrast, measure: Measure) -> tuple[str, ...]:
    mean, interval = contrast.means[measure.key]
    difference = measure.write(mean, signed=True)
    blank = ("",) * 6
    return ("", measure.label, "", difference, cells.measure_ends(measure, interval), *blank)


def _tabulate_differences(comparison: Comparison) -> Table:
    labels = [arm.label for arm in comparison.arms]
    return Table(
        "What differs",
        ("setting", *labels, "may explain a difference as well"),
        tuple(
            (difference.key, *difference.values, difference.confounds)
            for difference in comparison.differences
        ),
        words=len(labels) + 2,
    )


def _tabulate_images(comparison: Comparison, contrast: Contrast) -> Table:
    measure, images = comparison.measure, contrast.images
    title = f"The same images: {contrast.arm.label} against {contrast.baseline.label}"
    columns = ("image", "part", contrast.baseline.label, contrast.arm.label, "difference")
    if images is None:
        return Table(title, columns, ())
    pattern = f".{measure.decimals}f"
    ordered = sorted(images.images, key=lambda image: image.gain, reverse=True)
    rows: list[tuple[str, ...]] = [
        (
            image.image,
            image.part,
            number(image.before, pattern),
            number(image.after, pattern),
            number(image.gain, f"+{pattern}"),
        )
        for image in ordered
    ]
    if len(rows) > 2 * MOST_EXTREME:
        left_out = cells.count_of(len(rows) - 2 * MOST_EXTREME, "image")
        between = (f"… {left_out} between, in --json", "", "", "", "")
        rows = [*rows[:MOST_EXTREME], between, *rows[-MOST_EXTREME:]]
    around = cells.measure_ends(measure, images.interval)
    counted = sum(image.part == images.part for image in images.images)
    over_both = (
        f" Over other seeds and other {measure.part} images: "
        f"{cells.measure_ends(measure, contrast.over_images)}."
        if contrast.over_images
        else ""
    )
    return Table(
        title,
        columns,
        tuple(rows),
        words=2,
        remark=f"{images.score.upper()}{_over_seeds(len(images.seeds), len(contrast.seeds))}. Over "
        f"the {images.part} images: mean {measure.write(images.mean, signed=True)}, interval over "
        f"images like these {around}; better on {images.won:.0%} of {counted}, sign-flip p = "
        f"{cells.p_value(images.p)}. Of these networks alone, not of training.{over_both}",
    )


def _over_seeds(scored: int, paired: int) -> str:
    if scored < 2 and scored == paired:
        return ""
    kept = "" if scored == paired else f" of {paired}"
    return f", means over {scored}{kept} seeds"
