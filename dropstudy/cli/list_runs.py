"""``dropstudy list``: the runs of a directory, one line each."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropstudy.cli.console import console, printable
from dropstudy.cli.options import RUNS, RunsDirectory

if TYPE_CHECKING:
    from dropstudy.cli.run_rows import Row
    from dropstudy.cli.tables import Column

STYLES = {
    "damaged": "red",
    "failed": "red",
    "crashed": "red",
    "interrupted": "yellow",
    "unfinished": "yellow",
    "running": "cyan",
}


def list_runs(
    where: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=VALUE",
            help="Only runs with this setting or value, such as [bold]dropout.skip.kind=spatial"
            "[/bold], [bold]status=crashed[/bold] or [bold]val_psnr>25[/bold]; may be repeated.",
            default_factory=list,
            show_default=False,
        ),
    ],
    sort: Annotated[
        str,
        typer.Option(
            metavar="KEY", help="Order by this setting or value, [bold]-KEY[/bold] downwards."
        ),
    ] = "started",
    only_changed: Annotated[
        bool,
        typer.Option("--only-changed", help="Show every setting that differs between these runs."),
    ] = False,
    md: Annotated[bool, typer.Option("--md", help="Print a Markdown table.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, numbers in full.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print all that is known of each run as JSON.")
    ] = False,
    runs_dir: RunsDirectory = RUNS,
) -> None:
    """List runs: what each is, how well it restores and what an epoch takes."""
    from dropstudy.cli.run_rows import read_row
    from dropstudy.cli.run_selection import (
        describe_values,
        parse_condition,
        select_rows,
        sort_rows,
    )
    from dropstudy.errors import ConfigError
    from dropstudy.runs.store import find_runs

    if md + csv + json > 1:
        raise ConfigError("--md, --csv and --json: give one of them")
    conditions = [parse_condition(given) for given in where]
    every = [read_row(run) for run in find_runs(runs_dir)]
    rows = sort_rows(select_rows(every, conditions), sort) if every else []
    if csv or json or md:
        _print_data(
            rows, only_changed=only_changed, form="csv" if csv else "json" if json else "md"
        )
    elif rows:
        _print_table(rows, only_changed=only_changed)
    if not every:
        _note(f"{runs_dir}: {_explain_none(runs_dir)}")
    elif not rows:
        wanted = " and ".join(map(str, conditions))
        _note(f"none of {len(every)} runs has {wanted}: {describe_values(every, conditions)}")
    for row in every:
        if row.problem:
            _note(row.problem)


def _print_data(rows: "Sequence[Row]", *, only_changed: bool, form: str) -> None:
    from dropstudy.cli.run_columns import as_objects, build_columns, choose_keys, write_csv
    from dropstudy.cli.tables import write_markdown
    from dropstudy.runs.directory import to_json

    keys = choose_keys(rows, only_changed=only_changed)
    if form == "csv":
        typer.echo(write_csv(rows, keys), nl=False)
    elif form == "json":
        objects = as_objects(rows, keys if only_changed else None)
        typer.echo(to_json(objects, indent=2))
    else:
        typer.echo("\n".join(write_markdown(build_columns(rows, keys))))


def _print_table(rows: "Sequence[Row]", *, only_changed: bool) -> None:
    """Prints a line for each run; on a terminal no longer than it is wide."""
    from dropstudy.cli.run_columns import LEGEND, build_columns, choose_keys
    from dropstudy.cli.tables import fit_columns, write_text

    columns = build_columns(rows, choose_keys(rows, only_changed=only_changed))
    if not console.is_terminal:
        typer.echo("\n".join(write_text(columns)))
        return
    shown, dropped = fit_columns(columns, console.width)
    heading, *lines = write_text(shown)
    console.print(heading, style="bold", markup=False)
    for row, line in zip(rows, lines, strict=True):
        console.out(line, style=STYLES.get(str(row.get("status"))), highlight=False)
    console.print(f"\n{LEGEND}", style="dim", markup=False, soft_wrap=False)
    for text in _explain_dropped(dropped):
        console.print(text, style="dim", markup=False, soft_wrap=False)


def _explain_dropped(dropped: "Sequence[Column]") -> list[str]:
    same = [f"{column.heading} {column.cells[0]}" for column in dropped if column.says_nothing]
    others = [column.heading for column in dropped if not column.says_nothing]
    texts = [f"the same in all: {', '.join(same)}"] if same else []
    if others:
        texts.append(f"no room for: {', '.join(others)}; a pipe or --csv has them")
    return texts


def _explain_none(runs_dir: Path) -> str:
    from dropstudy.runs.directory import RunDirectory

    if RunDirectory(runs_dir).config.is_file():
        return f"a run itself; see dropstudy show {runs_dir}"
    return "no runs yet; train one with dropstudy run FILE, or name another place with --runs-dir"


def _note(text: str) -> None:
    """Prints a line to standard error, whatever stands in it."""
    typer.echo(printable(text), err=True)
