"""The tables and curves of ``dropstudy show``."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from dropstudy.cli.charts import Curve, draw_chart
from dropstudy.cli.console import printable
from dropstudy.cli.quantities import file_size
from dropstudy.cli.tables import Column, fit_columns, write_text
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.reading import Run
from dropstudy.runs.records import EpochRecord, find_shortfall

CHART_HEIGHT = 7
FEW = 3
"""Epochs shown at the beginning and at the end, unless all are asked for."""
NONE = "–"
STAR = " *"
"""Stands behind the best epoch."""


def tabulate_quality(run: Run, *, width: int) -> list[str]:
    """Best and last epoch beside the degraded image and the classical method."""
    rows = _rows_of_epochs(run)
    for name, scores in run.baselines.items():
        method = scores.get("method")
        rows.append((f"{name}, {printable(method)}" if method else printable(name), scores))
    if not rows:
        return []
    heads = (("val", "validation"), ("test", "test"))
    columns = [Column("", [name for name, _ in rows], is_text=True)]
    for prefix, part in heads:
        for key, title, digits in (("psnr", "PSNR", 2), ("ssim", "SSIM", 4)):
            cells = [_show(scores.get(f"{prefix}_{key}"), digits) for _, scores in rows]
            rank = 2 if key == "ssim" else 0
            columns.append(Column(f"{part} {title}", cells, rank=rank))
    losses = [_show(scores.get("val_loss"), 5) for _, scores in rows]
    columns.append(Column("validation loss", losses, rank=3))
    return write_text(fit_columns(columns, width)[0])


def describe_shortfall(run: Run) -> str:
    """Says so where the best epoch is worse than doing nothing or than the classical method."""
    found = find_shortfall(run.best.val_psnr, run.baselines) if run.best else None
    if found is None:
        return ""
    return f"below its baseline: {found.behind:.2f} dB worse than {found.words} in validation"


def draw_curves(run: Run, *, width: int) -> list[Text]:
    """Validation PSNR beside the classical method, and losses; nothing of fewer than 2 epochs."""
    epochs = run.epochs
    if len(epochs) < 2:
        return []
    size = {"width": max(20, min(width - 32, 64)), "height": CHART_HEIGHT}
    network = Curve("network", [epoch.val_psnr for epoch in epochs], "green")
    curves = [network]
    classical = run.baselines.get("classical", {}).get("val_psnr")
    if classical is not None:
        curves.insert(0, Curve("classical", [classical] * len(epochs), "yellow", gap=3))
    losses = [
        Curve("training", [epoch.train_loss for epoch in epochs], "cyan", gap=2),
        Curve("validation", [epoch.val_loss for epoch in epochs], "green"),
    ]
    lines: list[Text] = []
    for title, drawn in (("validation PSNR in dB", curves), ("loss", losses)):
        if any(len(curve.finite) > 1 for curve in drawn):
            lines += [Text(), *draw_chart(title, drawn, **size)]
    return lines


def tabulate_epochs(run: Run, *, width: int, all_epochs: bool) -> list[str]:
    """The first, the best and the last epochs, or all; the best has a star."""
    epochs = run.epochs
    if not epochs:
        return []
    best = run.best.epoch if run.best else None
    shown = [
        epoch
        for index, epoch in enumerate(epochs)
        if all_epochs or index < FEW or index >= len(epochs) - FEW or epoch.epoch == best
    ]
    specs = (
        ("train loss", "train_loss", 5, 0),
        ("val loss", "val_loss", 5, 0),
        ("val PSNR", "val_psnr", 3, 0),
        ("val SSIM", "val_ssim", 4, 1),
        ("gap dB", "psnr_gap", 2, 2),
        ("train s", "train_seconds", 2, 0),
        ("val s", "val_seconds", 2, 4),
        ("other s", "other_seconds", 2, 5),
        ("img/s", "images_per_second", 1, 3),
    )
    columns = [Column("epoch", [str(epoch.epoch) for epoch in shown])]
    for heading, name, digits, rank in specs:
        cells = [_show(getattr(epoch, name), digits) for epoch in shown]
        columns.append(Column(heading, cells, rank=rank))
    heading, *lines = write_text(fit_columns(columns, width - len(STAR))[0])
    marked = [
        line + (STAR if epoch.epoch == best else "")
        for line, epoch in zip(lines, shown, strict=True)
    ]
    return [heading, *_mark_gaps(marked, shown)]


def tabulate_files(directory: RunDirectory) -> list[str]:
    """Each file with its size, and each folder with how many files it holds."""
    rows = []
    for entry in sorted(os.scandir(directory.path), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            sizes = [
                Path(folder, name).lstat().st_size
                for folder, _, names in os.walk(entry.path)
                for name in names
            ]
            count = f"{len(sizes)} file{'' if len(sizes) == 1 else 's'}"
            rows.append((f"{printable(entry.name)}/", file_size(sum(sizes)), count))
        else:
            size = entry.stat(follow_symlinks=False).st_size
            rows.append((printable(entry.name), file_size(size), ""))
    widths = [max(len(row[index]) for row in rows) for index in range(2)]
    return [
        f"{name:<{widths[0]}}  {size:>{widths[1]}}  {count}".rstrip() for name, size, count in rows
    ]


def _rows_of_epochs(run: Run) -> list[tuple[str, Mapping[str, Any]]]:
    """A name and the scores of the best and the last epoch, which may be one."""
    if run.best is None or run.last is None:
        return []
    test = {f"test_{key}": value for key, value in run.test.items()}
    best, last = ({**vars(epoch)} for epoch in (run.best, run.last))
    (best if run.final is run.best else last).update(test)
    if run.best.epoch == run.last.epoch:
        return [(f"best and last, epoch {run.best.epoch}", best | last)]
    return [(f"best, epoch {run.best.epoch}", best), (f"last, epoch {run.last.epoch}", last)]


def _mark_gaps(lines: Sequence[str], epochs: Sequence[EpochRecord]) -> list[str]:
    """A line of dots where epochs were left out."""
    marked: list[str] = []
    before = 0
    for line, epoch in zip(lines, epochs, strict=True):
        if before and epoch.epoch > before + 1:
            marked.append(f"{'…':>5}")
        marked.append(line)
        before = epoch.epoch
    return marked


def _show(value: Any, digits: int) -> str:
    return f"{value:.{digits}f}" if isinstance(value, int | float) else NONE
