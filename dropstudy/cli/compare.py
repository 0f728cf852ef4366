"""``dropstudy compare``: which run is better, by how much, is it real, what did it cost."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropstudy.cli.console import console, print_error
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
    from dropstudy.analysis.table import Table

VERDICT_STYLES = {"better": "green", "worse": "red", "equivalent": "cyan", "inconclusive": ""}
LONGEST_LINE = 110
"""Characters that are read with ease."""
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
    pictures goes to .comparisons/ in the directory of runs, or where --pictures says.
    """
    from dropstudy.analysis import comparison as analysis
    from dropstudy.errors import ConfigError
    from dropstudy.runs.store import find_run

    if markdown + csv + json > 1:
        raise ConfigError("--md, --csv and --json: give one of them")
    compared = analysis.compare(
        [find_run(name, runs_dir) for name in names],
        group_by=group_by,
        baseline=None if baseline is None else find_run(baseline, runs_dir),
        metric=metric,
        margin=margin,
        target=target,
    )
    if json:
        _print_json(compared)
    elif csv:
        _print_csv(compared)
    elif markdown:
        _print_markdown(compared)
    else:
        _print_text(compared)
    is_data = json or csv or markdown
    if pictures is not None:
        _draw(compared, pictures, wanted=True, err=is_data)
    elif not is_data:
        _draw(compared, _picture_file(compared, runs_dir), wanted=False, err=False)
    if html is not None:
        from dropstudy.cli.report import write_page

        write_page(compared, html, err=is_data)
    if strict and compared.confounds:
        keys = ", ".join(difference.key for difference in compared.confounds)
        print_error(f"--strict: besides {compared.factor}, the runs differ in: {keys}")
        raise typer.Exit(CONFOUNDED)


def _print_text(compared: "Comparison") -> None:
    from dropstudy.analysis.tables import comparison_tables
    from dropstudy.analysis.wording import (
        answer,
        explain,
        headline,
        warn_of_baselines,
        warn_of_one_seed,
    )

    if compared.contrasts:
        for warning in warn_of_one_seed(compared):
            _print_paragraph(warning, style="bold", indent=0)
        for contrast in compared.contrasts:
            style = VERDICT_STYLES[contrast.verdict]
            _print_paragraph(answer(compared, contrast), style=style, indent=0)
        for warning in warn_of_baselines(compared):
            _print_paragraph(warning, style="red", indent=0)
    else:
        _print_paragraph(headline(compared), style="bold", indent=0)
    for table in comparison_tables(compared):
        _print_table(table)
    console.print()
    for line in explain(compared):
        _print_paragraph(f"- {line}", style="dim", indent=2)
    console.print()


def _print_table(table: "Table") -> None:
    from dropstudy.analysis.cells import NOTHING
    from dropstudy.cli.tables import Column, fit_columns, write_text

    columns = [
        Column(
            heading,
            [row[index] for row in table.rows],
            is_text=index < table.words,
            rank=index,
        )
        for index, heading in enumerate(table.columns)
        if any(row[index] not in ("", NOTHING) for row in table.rows)
    ]
    dropped: list[Column] = []
    if console.is_terminal:
        columns, dropped = fit_columns(columns, console.width)
    heading, *lines = write_text(columns)
    console.print(f"\n{table.title}", style="bold underline", markup=False)
    console.print(heading, style="bold", markup=False)
    console.print("\n".join(lines), markup=False)
    if dropped:
        names = ", ".join(column.heading for column in dropped)
        _print_paragraph(f"no room for: {names}; a pipe or --csv has them", style="dim", indent=0)
    note = table.note_on([column.heading for column in columns])
    if note:
        _print_paragraph(note, style="dim", indent=0)


def _print_paragraph(text: str, *, style: str, indent: int) -> None:
    """Prints text in lines that a terminal need not break; in a pipe on one."""
    from textwrap import fill

    if console.is_terminal:
        text = fill(text, min(console.width, LONGEST_LINE), subsequent_indent=" " * indent)
    console.print(text, style=style, markup=False)


def _print_markdown(compared: "Comparison") -> None:
    from dropstudy.analysis.tables import comparison_tables
    from dropstudy.analysis.wording import explain, headline
    from dropstudy.cli.tables import Column, write_markdown

    parts = [headline(compared)]
    for table in comparison_tables(compared):
        columns = [
            Column(heading, [row[index] for row in table.rows], is_text=index < table.words)
            for index, heading in enumerate(table.columns)
        ]
        parts += [f"## {table.title}", "\n".join(write_markdown(columns))]
        parts += [table.note] if table.note else []
    parts += ["## How to read this", "\n".join(f"- {line}" for line in explain(compared))]
    typer.echo("\n\n".join(parts))


def _print_json(compared: "Comparison") -> None:
    from dropstudy.analysis.plain import comparison_as_dict
    from dropstudy.runs.directory import to_json

    typer.echo(to_json(comparison_as_dict(compared), indent=2))


def _print_csv(compared: "Comparison") -> None:
    import csv
    import sys

    from dropstudy.analysis.plain import run_as_row

    rows = [run_as_row(run) for run in compared.runs]
    writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _picture_file(compared: "Comparison", runs_dir: Path) -> Path:
    """The same file for the same runs, whatever was asked about them."""
    from hashlib import sha256

    names = sorted(run.run.name for run in compared.runs)
    mark = sha256("\n".join(names).encode()).hexdigest()[:8]
    labels = "-".join(arm.label for arm in compared.arms)
    readable = "".join(sign if sign.isalnum() or sign in "._" else "-" for sign in labels)
    return runs_dir / ".comparisons" / f"{readable[:60].strip('-')}-{mark}.png"


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
