"""A comparison as tables of words, the same on a terminal, in Markdown and in a report."""

from dataclasses import dataclass
from statistics import fmean, stdev

from dropstudy.analysis import cells
from dropstudy.analysis.cells import NOTHING, number
from dropstudy.analysis.comparison import ComparedRun, Comparison
from dropstudy.analysis.contrasts import Contrast
from dropstudy.analysis.measures import MEASURES, Measure
from dropstudy.analysis.progress import Yardstick


@dataclass(frozen=True)
class Table:
    """Rows of words under a heading.

    Attributes:
        title: What the table is about.
        columns: One heading for each column.
        rows: As many cells in each as there are columns.
        words: How many columns, from the left, are words; the others are numbers.
        note: What a reader must know of it; may be empty.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    note: str = ""


def comparison_tables(comparison: Comparison) -> list[Table]:
    """All tables of a comparison that have rows, the answer's first."""
    tables = [
        _tabulate_contrasts(comparison),
        _tabulate_differences(comparison),
        _tabulate_quality(comparison),
        *(_tabulate_images(comparison, contrast) for contrast in comparison.contrasts),
        _tabulate_progress(comparison),
        _tabulate_cost(comparison),
    ]
    return [table for table in tables if table.rows]


def _tabulate_contrasts(comparison: Comparison) -> Table:
    rows: list[tuple[str, ...]] = []
    for contrast in comparison.contrasts:
        rows.append(_primary_row(comparison.measure, contrast))
        rows += [
            _secondary_row(contrast, measure)
            for measure in MEASURES.values()
            if measure.key != comparison.measure.key and measure.key in contrast.means
        ]
    level = f"{1 - comparison.level:.0%}"
    margin = comparison.measure.write(comparison.margin)
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
        note=f"The verdict is by {comparison.measure.label}, equivalent within ±{margin}; what "
        f"stands below it is not adjusted for looking at several. p: sign-flip; p equal: two one-sided "
        "tests against the margin; d_z: difference over its own spread; won: share of seeds; more: "
        "further seeds that a verdict takes.",
    )


def _primary_row(measure: Measure, contrast: Contrast) -> tuple[str, ...]:
    judgement = contrast.judgement
    return (
        contrast.arm.label,
        measure.label,
        "none: " + contrast.obstacle if contrast.obstacle else contrast.verdict,
        measure.write(judgement.mean, signed=True),
        cells.measure_ends(measure, judgement.interval),
        cells.p_value(judgement.adjusted_p) if judgement.count > 1 else NOTHING,
        cells.p_value(judgement.equivalence_p) if judgement.count > 1 else NOTHING,
        number(judgement.effect_size, "+.1f"),
        number(judgement.share_won, ".0%"),
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


def _tabulate_quality(comparison: Comparison) -> Table:
    rows = _reference_rows(comparison.runs[0])
    for arm in comparison.arms:
        compared = comparison.of_arm(arm)
        rows += [_quality_row(item) for item in compared]
        if len(compared) > 1:
            rows.append(_mean_row(f"{arm.label}: mean ± spread", compared))
    return Table(
        "Quality",
        (
            "run",
            "seed",
            "best epoch",
            "PSNR dB",
            "SSIM",
            "last PSNR",
            "test PSNR",
            "test SSIM",
            "gap dB",
        ),
        tuple(rows),
        note="Of validation where not said to be of test. gap: PSNR of training images minus that "
        "of validation, dropout off; they are different images, so only its difference between "
        "runs means anything.",
    )


def _reference_rows(compared: ComparedRun) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, scores in compared.run.baselines.items():
        label = scores.get("method", "the degraded image")
        rows.append(
            (
                f"{name}: {label}",
                "",
                "",
                number(scores.get("val_psnr"), ".2f"),
                number(scores.get("val_ssim"), ".4f"),
                "",
                number(scores.get("test_psnr"), ".2f"),
                number(scores.get("test_ssim"), ".4f"),
                "",
            )
        )
    return rows


def _quality_numbers(compared: ComparedRun) -> tuple[float | None, ...]:
    best, last, test = compared.run.best, compared.run.last, compared.run.test
    return (
        best.val_psnr if best else None,
        best.val_ssim if best else None,
        last.val_psnr if last else None,
        test.get("psnr"),
        test.get("ssim"),
        best.psnr_gap if best else None,
    )


_QUALITY_PATTERNS = (".2f", ".4f", ".2f", ".2f", ".4f", "+.2f")


def _quality_row(compared: ComparedRun) -> tuple[str, ...]:
    run = compared.run
    numbers = zip(_quality_numbers(compared), _QUALITY_PATTERNS, strict=True)
    epoch = str(run.best.epoch) if run.best else NOTHING
    return (run.name, str(run.seed), epoch, *(number(value, pattern) for value, pattern in numbers))


def _mean_row(label: str, compared: list[ComparedRun]) -> tuple[str, ...]:
    columns = zip(*(_quality_numbers(item) for item in compared), strict=True)
    cells_of_means = []
    for values, pattern in zip(columns, _QUALITY_PATTERNS, strict=True):
        known = [value for value in values if value is not None]
        spread = f" ± {stdev(known):{pattern.strip('+')}}" if len(known) > 1 else ""
        cells_of_means.append(number(fmean(known), pattern) + spread if known else NOTHING)
    return (label, "", "", *cells_of_means)


def _tabulate_images(comparison: Comparison, contrast: Contrast) -> Table:
    measure, images = comparison.measure, contrast.images
    title = f"The same images: {contrast.arm.label} against {contrast.baseline.label}"
    columns = ("image", "part", contrast.baseline.label, contrast.arm.label, "difference")
    if images is None:
        return Table(title, columns, ())
    pattern = f".{measure.decimals}f"
    rows = [
        (
            image.image,
            image.part,
            number(image.before, pattern),
            number(image.after, pattern),
            number(image.gain, f"+{pattern}"),
        )
        for image in sorted(images.images, key=lambda image: image.gain, reverse=True)
    ]
    around = cells.measure_ends(measure, images.interval)
    seeds = len(contrast.seeds)
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
        note=f"{images.score.upper()}{f', means over {seeds} seeds' if seeds > 1 else ''}. Mean "
        f"{measure.write(images.mean, signed=True)}, interval over images like these {around}; "
        f"better on {images.won:.0%} of {len(images.images)}, sign-flip p = "
        f"{cells.p_value(images.p)}. Of these networks alone, not of training.{over_both}",
    )


def _tabulate_progress(comparison: Comparison) -> Table:
    if len(comparison.runs) < 2:
        return Table("How fast they got there", (), ())
    yardstick = comparison.yardstick
    return Table(
        "How fast they got there",
        ("run", *_name_yardstick(yardstick)),
        tuple(
            (
                compared.run.name,
                number(compared.progress.psnr_at_epochs, ".2f"),
                number(compared.progress.psnr_at_seconds, ".2f"),
                number(compared.progress.epochs_to_psnr, "d"),
                number(compared.progress.seconds_to_psnr, ",.1f"),
            )
            for compared in comparison.runs
        ),
        note="Best validation PSNR until then, in dB; seconds of training alone, without the "
        "compiling.",
    )


def _name_yardstick(yardstick: Yardstick) -> tuple[str, ...]:
    return (
        f"after {yardstick.epochs} epochs",
        f"after {yardstick.seconds:,.0f} s",
        f"epochs to {yardstick.psnr:.2f} dB",
        f"s to {yardstick.psnr:.2f} dB",
    )


def _tabulate_cost(comparison: Comparison) -> Table:
    ratios = {
        contrast.arm.label: cells.ratio(contrast.cost)
        for contrast in comparison.contrasts
        if contrast.cost
    }
    rows = []
    for compared in comparison.runs:
        cost = compared.cost
        spread = f" ± {cost.spread_seconds:.2f}" if cost.spread_seconds is not None else ""
        rows.append(
            (
                compared.run.name,
                number(cost.epoch_seconds, ".2f") + spread,
                ratios.pop(compared.arm.label, ""),
                number(cost.first_step_seconds, ".2f"),
                number(cost.step_seconds * 1000, ".1f"),
                number(cost.images_per_second, ".1f"),
                cells.memory(cost.peak_gpu_memory_bytes or cost.peak_memory_bytes),
                number(cost.draws_per_step, ",d"),
                cells.drifted(cost.drift),
            )
        )
    return Table(
        "Cost",
        (
            "run",
            "s per epoch",
            "of the baseline's",
            "first step s",
            "step ms",
            "images/s",
            "peak MiB",
            "draws/step",
            "drift",
        ),
        tuple(rows),
        note="s per epoch: training alone, median ± median deviation of the epochs after the "
        "first. Of the baseline's: the arm's ratio and its interval. draws/step: random numbers "
        "of dropout. drift: last third of the run over its first; "
        "(chance): its slope's interval holds 0.",
    )
