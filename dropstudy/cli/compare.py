"""``dropstudy compare``: which run is better, by how much, is it real, what did it cost."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropstudy.cli.comparing import compare_named
from dropstudy.cli.comparison_output import print_csv, print_json, print_markdown, print_text
from dropstudy.cli.console import print_error
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

CONFOUNDED = 1
"""Exit code of ``--strict`` where something besides the factor differs."""


def compare(
    names: RunNames,
    group_by: GroupBy = None,
    baseline: Baseline = None,
    metric: Metric = "val_psnr",
    margin: Margin = None,
    target: Target = None,
    pictures: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the page of pictures (PNG) goes."),
    ] = None,
    markdown: Annotated[bool, typer.Option("--md", help="Print Markdown.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print a row for each run.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page to read, as dropstudy report does."),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit with 1 if more differs than dropout (or --group-by)."),
    ] = False,
    runs_dir: RunsDirectory = RUNS,
) -> None:
    """Compare runs: which is better, by how much, is it real, and what did it cost.

    Runs that differ in their seed alone are one arm, and arms are paired by seed. A page of
    pictures goes to .comparisons/ beside the first run, or where --pictures says.
    """
    from dropstudy.errors import ConfigError

    if markdown + csv + json > 1:
        raise ConfigError("--md, --csv and --json: give one of them")
    compared = compare_named(
        names,
        runs_dir,
        group_by=group_by,
        baseline=baseline,
        metric=metric,
        margin=margin,
        target=target,
    )
    if json:
        print_json(compared)
    elif csv:
        print_csv(compared)
    elif markdown:
        print_markdown(compared)
    else:
        print_text(compared)
    is_data = json or csv or markdown
    if pictures is not None:
        _draw(compared, pictures, wanted=True, err=is_data)
    elif not is_data:
        _draw(compared, _picture_file(compared), wanted=False, err=False)
    if html is not None:
        from dropstudy.cli.report import write_page

        write_page(compared, html, err=is_data)
    if strict and compared.confounds:
        keys = ", ".join(difference.key for difference in compared.confounds)
        print_error(f"--strict: besides {compared.factor}, the runs differ in: {keys}")
        raise typer.Exit(CONFOUNDED)


def _picture_file(compared: "Comparison") -> Path:
    """Beside the first run; the same for the same runs, whatever was asked about them."""
    from hashlib import sha256

    names = sorted(run.run.name for run in compared.runs)
    mark = sha256("\n".join(names).encode()).hexdigest()[:8]
    labels = "-".join(arm.label for arm in compared.arms)
    readable = "".join(sign if sign.isalnum() or sign in "._" else "-" for sign in labels)
    runs = compared.runs[0].run.directory.path.parent
    return runs / ".comparisons" / f"{readable[:60].strip('-')}-{mark}.png"


def _draw(compared: "Comparison", path: Path, *, wanted: bool, err: bool) -> None:
    """Writes the page of pictures; one that nobody asked for may fail to be written."""
    from dropstudy.errors import DataError
    from dropstudy.reports.pictures import draw_comparison

    page = draw_comparison(compared)
    if page is None:
        if wanted:
            raise DataError("--pictures: no validation image was kept by a run of every arm")
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        page.save(path, format="png", compress_level=1)  # a tenth larger, done in a third
    except OSError as error:
        if wanted:
            raise DataError(f"{path}: cannot be written: {error.strerror}") from None
        return
    typer.echo(f"pictures  {path}", err=err)
