"""Tables with a row for each run: how well it restores, how fast it got there, what it cost."""

from math import isfinite
from statistics import fmean, stdev

from dropstudy.analysis import cells
from dropstudy.analysis.cells import NOTHING, count_of, number
from dropstudy.analysis.comparison import ComparedRun, Comparison
from dropstudy.analysis.progress import Yardstick
from dropstudy.analysis.table import Table


def tabulate_quality(comparison: Comparison) -> Table:
    """Best, last and test scores beside the identity and the classical method."""
    ended = [item for item in comparison.runs if item.run.baselines] or comparison.runs
    rows = _reference_rows(ended[0])
    summed_up = []
    for arm in comparison.arms:
        compared = comparison.of_arm(arm)
        rows += [_quality_row(item) for item in compared]
        if len(compared) > 1:
            summed_up.append(len(rows))
            rows.append(_mean_row(f"{arm.label}: mean ± spread", compared))
    return Table(
        "Quality",
        (
            "run",
            "seed",
            "epoch",
            "PSNR dB",
            "SSIM",
            "last PSNR",
            "test PSNR",
            "test SSIM",
            "gap dB",
        ),
        tuple(rows),
        remark="Of validation where not said to be of test.",
        emphasised=frozenset(summed_up),
        legend={
            "epoch": "that of the network the run ended with, the best one unless restore_best "
            "was off",
            "gap dB": "PSNR of training images minus that of validation, dropout off; they are "
            "different images, so only its difference between runs means anything",
        },
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
    final, last, test = compared.run.final, compared.run.last, compared.run.test
    return (
        final.val_psnr if final else None,
        final.val_ssim if final else None,
        last.val_psnr if last else None,
        test.get("psnr"),
        test.get("ssim"),
        final.psnr_gap if final else None,
    )


_QUALITY_PATTERNS = (".2f", ".4f", ".2f", ".2f", ".4f", "+.2f")


def _quality_row(compared: ComparedRun) -> tuple[str, ...]:
    run = compared.run
    numbers = zip(_quality_numbers(compared), _QUALITY_PATTERNS, strict=True)
    epoch = str(run.final.epoch) if run.final else NOTHING
    return (run.name, str(run.seed), epoch, *(number(value, pattern) for value, pattern in numbers))


def _mean_row(label: str, compared: list[ComparedRun]) -> tuple[str, ...]:
    columns = zip(*(_quality_numbers(item) for item in compared), strict=True)
    cells_of_means = []
    for values, pattern in zip(columns, _QUALITY_PATTERNS, strict=True):
        known = [value for value in values if value is not None and isfinite(value)]
        spread = f" ± {stdev(known):{pattern.strip('+')}}" if len(known) > 1 else ""
        cells_of_means.append(number(fmean(known), pattern) + spread if known else NOTHING)
    return (label, "", "", *cells_of_means)


def tabulate_progress(comparison: Comparison) -> Table:
    """What each run had reached by the yardstick; empty for a single run."""
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
                _or_never(compared.progress.epochs_to_psnr, "d"),
                _or_never(compared.progress.seconds_to_psnr, ",.1f"),
            )
            for compared in comparison.runs
        ),
        remark="Best validation PSNR until then, in dB; seconds of training alone, without the "
        "compiling.",
    )


def _or_never(value: float | None, pattern: str) -> str:
    return "never" if value is None else number(value, pattern)


def _name_yardstick(yardstick: Yardstick) -> tuple[str, ...]:
    return (
        f"after {count_of(yardstick.epochs, 'epoch')}",
        f"after {yardstick.seconds:,.0f} s",
        f"epochs to {yardstick.psnr:.2f} dB",
        f"s to {yardstick.psnr:.2f} dB",
    )


def tabulate_cost(comparison: Comparison) -> Table:
    """Seconds, memory, random numbers and drift."""
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
        legend={
            "s per epoch": "training alone: median ± median deviation, the first epoch left out",
            "of the baseline's": "the arm's ratio and its interval",
            "draws/step": "random numbers of dropout",
            "drift": "the last third of the run over its first; chance: its slope's interval "
            "holds 0",
        },
    )
