"""How ``dropstudy score`` shows its numbers on a terminal or in a text file."""

from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from dropstudy.cli.console import align_columns, console, printable

if TYPE_CHECKING:  # importing it would slow every other command down
    from dropstudy.imaging.conventions import Convention
    from dropstudy.imaging.scoring import ImageScores, Summary

_TITLES = {
    "psnr": ("PSNR dB", 3),
    "ssim": ("SSIM", 4),
    "ms_ssim": ("MS-SSIM", 4),
    "mae": ("MAE", 3),
    "rmse": ("RMSE", 3),
    "accuracy": ("accuracy", 4),
}
"""What heads each metric's column, and its decimals."""


def print_scores(
    images: "Sequence[ImageScores]",
    summaries: "dict[str, Summary]",
    by: "Convention",
    *,
    folders: tuple[Path, Path],
) -> None:
    """Prints the scores of each image, their summary, and what no mean includes."""
    for name, folder in zip(("restored", "clean"), folders, strict=True):
        console.print(f"[dim]{name:<10}[/dim]  {escape(printable(folder))}")
    console.print(f"[dim]convention[/dim]  [bold]{by.name}[/bold]: {by.description}\n")
    heading = ["image", *(_TITLES[metric][0] for metric in summaries)]
    rows = [
        [
            printable(image.name),
            *(_format(metric, getattr(image.scores, metric)) for metric in summaries),
        ]
        for image in images
    ]
    _print_table([heading, *rows], left=1)
    console.print()
    _print_summaries(summaries)
    console.print("\n[dim]MAE and RMSE in levels of 255; accuracy: share within 8 levels[/dim]")
    for note in _explain_absent(summaries, by):
        console.print(printable(note), markup=False)


def _print_summaries(summaries: "dict[str, Summary]") -> None:
    ends = [
        _align_ends([(metric, getattr(summary, end)) for metric, summary in summaries.items()])
        for end in ("lowest", "highest")
    ]
    rows = [
        [
            _TITLES[metric][0],
            str(summary.count),
            _format(metric, summary.mean),
            _format(metric, summary.standard_deviation),
            lowest,
            highest,
        ]
        for (metric, summary), lowest, highest in zip(summaries.items(), *ends, strict=True)
    ]
    heads = [
        head.ljust(len(cells[0])) for head, cells in zip(("lowest", "highest"), ends, strict=True)
    ]
    _print_table([["over images", "n", "mean", "SD", *heads], *rows], left=1)


def _align_ends(ends: Sequence[tuple[str, tuple[str, float] | None]]) -> list[str]:
    """Cells of one width: the value to the right, then its image to the left."""
    cells = [
        (_format(metric, end[1]), printable(end[0])) if end else ("–", "") for metric, end in ends
    ]
    width, name_width = (max(map(len, column)) for column in zip(*cells, strict=True))
    return [f"{value:>{width}} {name:<{name_width}}" for value, name in cells]


def _print_table(rows: Sequence[Sequence[str]], *, left: int) -> None:
    heading, *lines = (line.rstrip() for line in align_columns(rows, left=left))
    console.print(f"[bold]{escape(heading)}[/bold]")
    console.print("\n".join(lines), markup=False)


def _format(metric: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.{_TITLES[metric][1]}f}" if isfinite(value) else "∞"


def _explain_absent(summaries: "dict[str, Summary]", by: "Convention") -> Iterator[str]:
    """A line for each metric that some images do not have."""
    from dropstudy.imaging.pairing import list_some
    from dropstudy.imaging.similarity import MULTISCALE_SIDE
    from dropstudy.ssim import SSIM_WINDOW

    within = " within the border" if by.border else ""
    equal = summaries["psnr"].left_out
    if equal:
        which = (
            "1 image equal to its clean one is"
            if len(equal) == 1
            else f"{len(equal)} images equal to their clean ones are"
        )
        yield f"{which} left out of mean PSNR: {list_some(equal)}"
    for metric, side in (("ssim", SSIM_WINDOW), ("ms_ssim", MULTISCALE_SIDE)):
        small = summaries[metric].left_out
        if small:
            count, have = (
                ("1 image", "has") if len(small) == 1 else (f"{len(small)} images", "have")
            )
            yield (
                f"{count} with a side under {side} pixels{within} {have} no "
                f"{_TITLES[metric][0]}: {list_some(small)}"
            )
