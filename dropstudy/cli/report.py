"""``dropstudy report``: one or several runs as one HTML file."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropstudy.cli.comparing import compare_named
from dropstudy.cli.console import printable
from dropstudy.cli.options import (
    RUNS,
    Baseline,
    GroupBy,
    Margin,
    Metric,
    RunNames,
    RunsDirectory,
    Target,
)

if TYPE_CHECKING:
    from dropstudy.analysis.comparison import Comparison


def report(
    names: RunNames,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")
    ] = Path("report.html"),
    group_by: GroupBy = None,
    baseline: Baseline = None,
    metric: Metric = "val_psnr",
    margin: Margin = None,
    target: Target = None,
    images: Annotated[int, typer.Option(metavar="N", min=0, help="The most images to show.")] = 4,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file even if it is no report.")
    ] = False,
    runs_dir: RunsDirectory = RUNS,
) -> None:
    """Write one HTML file: the answer, pictures to slide between, curves, every number.

    It loads nothing from elsewhere: send it, print it, open it on a phone.

    It holds every run's whole command line and config, absolute paths among them.
    """
    compared = compare_named(
        names,
        runs_dir,
        group_by=group_by,
        baseline=baseline,
        metric=metric,
        margin=margin,
        target=target,
    )
    write_page(compared, output, images=images, force=force)


def write_page(
    compared: "Comparison", path: Path, *, images: int = 4, force: bool = False, err: bool = False
) -> None:
    """Writes the report and says so, on standard error where standard output holds data.

    Raises:
        DropstudyError: As `write_report`.
    """
    from dropstudy.reports.report import write_report

    command = shlex.join(["dropstudy", *sys.argv[1:]])
    size = write_report(compared, path, images=images, command=command, overwrite=force)
    typer.echo(f"wrote {printable(path)} ({size / 1e6:.1f} MB); open it in a browser", err=err)
