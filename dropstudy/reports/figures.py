"""Curves of the runs of a comparison: quality, losses, seconds, learning rate."""

import math
from collections.abc import Callable
from statistics import fmean

from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.image_contrast import SAME_PICTURE_DB
from dropstudy.analysis.progress import training_seconds
from dropstudy.reports.drawing import Figure, drawing_rules
from dropstudy.reports.line_chart import Chart, Line, draw_chart
from dropstudy.runs.reading import Run
from dropstudy.runs.records import EpochRecord

_Lines = dict[str, list[Line]]


def draw_curves(comparison: Comparison) -> list[Figure]:
    """All curves of a comparison, in the order of a report."""
    with drawing_rules():
        return [
            *_draw_quality(comparison),
            *_draw_losses(comparison),
            _draw_gap(comparison),
            _draw_epoch_seconds(comparison),
            _draw_learning_rate(comparison),
        ]


def _draw_quality(comparison: Comparison) -> list[Figure]:
    by_epoch = _over_epochs(comparison, lambda epoch: epoch.val_psnr)
    by_seconds = _lines_by_arm(
        comparison,
        lambda run: Line(training_seconds(run.epochs), [row.val_psnr for row in run.epochs]),
    )
    levels = reference_levels(comparison)
    epochs = Chart("psnr", "Validation PSNR, dB", "Whole validation images, dropout off.", "dB", 2)
    seconds = Chart(
        "psnr-by-seconds",
        "Validation PSNR by seconds of training, dB",
        "The same at equal seconds instead of equal epochs, the compiling left out.",
        "dB",
        2,
        below="seconds",
    )
    return [
        draw_chart(epochs, by_epoch, levels=levels),
        draw_chart(seconds, by_seconds, levels=levels),
    ]


def _draw_losses(comparison: Comparison) -> list[Figure]:
    validation = Chart(
        "validation-loss", "Validation loss", "Whole validation images, dropout off.", "", 4
    )
    training = Chart(
        "training-loss",
        "Training loss",
        "Mean of the training steps, dropout on, so arms with dropout lie higher by that alone.",
        "",
        4,
    )
    return [
        draw_chart(validation, _over_epochs(comparison, lambda epoch: epoch.val_loss)),
        draw_chart(training, _over_epochs(comparison, lambda epoch: epoch.train_loss)),
    ]


def _draw_gap(comparison: Comparison) -> Figure:
    chart = Chart(
        "gap",
        "Generalisation gap, dB",
        "PSNR of fixed training images, dropout off, minus that of the validation images. "
        "They are other images, so only its rise and the differences between arms tell.",
        "dB",
        2,
    )
    return draw_chart(chart, _over_epochs(comparison, lambda epoch: epoch.psnr_gap))


def _draw_epoch_seconds(comparison: Comparison) -> Figure:
    first = fmean(compared.cost.first_step_seconds for compared in comparison.runs)
    chart = Chart(
        "epoch-seconds",
        "Seconds to train an epoch",
        f"Training steps alone. The first step, which compiles, took {first:.1f} s on average "
        "and is left out of epoch 1 (hollow).",
        "s",
        2,
        from_zero=True,
        hollow_start=True,
    )
    return draw_chart(chart, _lines_by_arm(comparison, _without_first_step))


def _draw_learning_rate(comparison: Comparison) -> Figure:
    lines = _over_epochs(comparison, lambda epoch: epoch.learning_rate)
    is_shared = len({tuple(line.y) for own in lines.values() for line in own}) == 1
    chart = Chart(
        "learning-rate",
        "Learning rate",
        "Of each epoch's last step" + (", the same in every run." if is_shared else "."),
        "",
        6,
        from_zero=True,
        is_tiny=True,
        is_shared=is_shared,
    )
    return draw_chart(chart, lines)


def _over_epochs(comparison: Comparison, read: Callable[[EpochRecord], float]) -> _Lines:
    return _lines_by_arm(
        comparison,
        lambda run: Line([row.epoch for row in run.epochs], [read(row) for row in run.epochs]),
    )


def _lines_by_arm(comparison: Comparison, line_of: Callable[[Run], Line]) -> _Lines:
    return {arm.label: [line_of(run) for run in arm.runs] for arm in comparison.arms}


def _without_first_step(run: Run) -> Line:
    seconds = [row.train_seconds for row in run.epochs]
    seconds[0] -= run.epochs[0].first_step_seconds
    return Line([row.epoch for row in run.epochs], seconds)


def reference_levels(comparison: Comparison) -> dict[str, float]:
    """The PSNR of the degraded images and of the classical method, where all runs share it."""
    levels: dict[str, float] = {}
    for name in ("identity", "classical"):
        scores = [compared.run.baselines.get(name, {}) for compared in comparison.runs]
        values = [score.get("val_psnr", math.nan) for score in scores]
        if max(values) - min(values) < SAME_PICTURE_DB:
            levels[str(scores[0].get("method", name))] = values[0]
    return levels
