"""``dropstudy show``: one run in full."""

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from dropstudy.cli.console import console, printable
from dropstudy.cli.options import RUNS, RunName, RunsDirectory

if TYPE_CHECKING:
    from dropstudy.cli.run_facts import Fact
    from dropstudy.runs.reading import Run

STYLES = {"finished": "green", "failed": "bold red", "crashed": "bold red", "running": "cyan"}
NAME_WIDTH = 12
"""Characters before the text of a fact."""
PIPE_WIDTH = 100
"""Characters a line where there is no terminal."""


def show(
    run: RunName,
    config: Annotated[
        bool, typer.Option("--config", help="Print its whole configuration as YAML alone.")
    ] = False,
    epochs: Annotated[
        bool, typer.Option("--epochs", help="Show every epoch, not only the first and last.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    runs_dir: RunsDirectory = RUNS,
) -> None:
    """Show one run: what it is, how well it restores, what it cost, its curves and files."""
    from dropstudy.errors import ConfigError
    from dropstudy.runs.store import find_run

    if config and json:
        raise ConfigError("--config and --json: give one of them")
    found = find_run(run, runs_dir)
    if config:
        typer.echo(_read_config(found), nl=False)
    elif json:
        _print_json(found)
    else:
        _print_page(found, all_epochs=epochs)


def _print_page(run: "Run", *, all_epochs: bool) -> None:
    from dropstudy.cli.run_facts import (
        describe_cost,
        describe_course,
        describe_experiment,
        describe_input,
        describe_machine,
        warn_of_copy,
    )
    from dropstudy.cli.run_tables import (
        describe_shortfall,
        draw_curves,
        tabulate_epochs,
        tabulate_files,
        tabulate_quality,
    )

    width = console.width if console.is_terminal else PIPE_WIDTH
    # All is read before anything is printed: a damaged file is an error without half a page.
    course, what, machine, copying, cost = (
        list(describe(run))
        for describe in (
            describe_course,
            describe_experiment,
            describe_machine,
            describe_input,
            describe_cost,
        )
    )
    quality = tabulate_quality(run, width=width)
    warnings = [text for text in (warn_of_copy(run), describe_shortfall(run)) if text]
    curves = draw_curves(run, width=width)
    table = tabulate_epochs(run, width=width, all_epochs=all_epochs)
    chosen, files = _chosen(run), tabulate_files(run.directory)

    _print_head(run)
    _print_facts("", course)
    _print_facts("experiment", what)
    _print_facts("machine", machine)
    _print_lines("quality", quality)
    _print_facts("", copying)
    for warning in warnings:
        console.print(warning, style="red", markup=False)
    _print_facts("cost", cost)
    for line in curves:
        console.print(line)
    _print_lines("epochs", table)
    _print_lines("settings other than the default (all: --config)", chosen)
    _print_lines(f"files in {printable(run.directory.path)}/", files)


def _print_head(run: "Run") -> None:
    console.print(printable(run.name), style="bold", markup=False, end="  ")
    console.print(run.status, style=STYLES.get(run.status, "yellow"), markup=False)
    error = run.result.get("error")
    for line in str(error).splitlines() if error else ():
        console.print(printable(line), style="red", markup=False)


def _print_facts(title: str, facts: "Sequence[Fact]") -> None:
    if title and facts:
        console.print(f"\n{title}", style="bold", markup=False)
    for name, text in facts:
        console.print(f"{name:<{NAME_WIDTH}}", style="dim", markup=False, end="")
        shown = printable(text)
        if console.is_terminal:  # a pipe gets whole lines
            shown = f"\n{'':{NAME_WIDTH}}".join(wrap(shown, max(20, console.width - NAME_WIDTH)))
        console.print(shown, markup=False)


def _print_lines(title: str, lines: Sequence[str]) -> None:
    if lines:
        console.print(f"\n{title}", style="bold", markup=False)
    for line in lines:
        console.print(line, markup=False)


def _chosen(run: "Run") -> list[str]:
    """A line for each setting that is not the default."""
    from dropstudy.cli.run_columns import show_setting
    from dropstudy.runs.settings import chosen_settings

    chosen = chosen_settings(run.settings)
    if chosen is None:
        return ["unknown: this version of dropstudy would not accept them"]
    shown = {key: value for key, value in chosen.items() if key not in ("name", "notes", "tags")}
    width = max(map(len, shown), default=0)
    return [f"{key:<{width}}  {show_setting(value)}" for key, value in shown.items()]


def _print_json(run: "Run") -> None:
    from dropstudy.runs.directory import to_json
    from dropstudy.runs.process import read_holder

    holder = read_holder(run.directory)
    document = {
        "run": run.name,
        "directory": str(run.directory.path),
        "status": run.status,
        "process": vars(holder) if holder else None,
        "started": run.started or None,
        "settings": run.settings,
        "environment": run.environment,
        "result": run.result,
        "median_train_seconds": run.median_train_seconds,
        "epochs": [vars(epoch) for epoch in run.epochs],
        "images": [vars(image) for image in run.images],
    }
    typer.echo(to_json(document, indent=2))


def _read_config(run: "Run") -> str:
    """The file itself, with what a terminal might obey spelled out."""
    from dropstudy.runs.parsing import read_text

    return printable(read_text(run.directory.config), keep="\n\t")
