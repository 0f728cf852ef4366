"""How ``dropstudy compare`` shows a comparison: words and tables, or data for programs."""

from typing import TYPE_CHECKING

import typer

from dropstudy.cli.console import console, printable

if TYPE_CHECKING:
    from dropstudy.analysis.comparison import Comparison
    from dropstudy.analysis.table import Table
    from dropstudy.cli.tables import Column

VERDICT_STYLES = {"better": "green", "worse": "red", "equivalent": "cyan", "inconclusive": ""}
LONGEST_LINE = 110
"""Characters that are read with ease."""


def print_text(compared: "Comparison") -> None:
    """Prints the answer, the tables and what they rest on."""
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
    from dropstudy.cli.tables import fit_columns, write_text

    columns = _build_columns(table)
    dropped: list[Column] = []
    if console.is_terminal:
        columns, dropped = fit_columns(columns, console.width)
    heading, *lines = write_text(columns)
    console.print(f"\n{printable(table.title)}", style="bold underline", markup=False)
    console.print(heading, style="bold", markup=False)
    console.print("\n".join(lines), markup=False)
    if dropped:
        names = ", ".join(column.heading for column in dropped)
        _print_paragraph(f"no room for: {names}; a pipe or --md has them", style="dim", indent=0)
    note = table.note_on([column.heading for column in columns])
    if note:
        _print_paragraph(note, style="dim", indent=0)


def _build_columns(table: "Table") -> "list[Column]":
    """The columns as a terminal may have them, whatever runs and arms are called."""
    from dropstudy.cli.tables import Column

    return [
        Column(
            printable(heading),
            [printable(row[index]) for row in table.rows],
            is_text=index < table.words,
            rank=index,
        )
        for index, heading in enumerate(table.columns)
    ]


def _print_paragraph(text: str, *, style: str, indent: int) -> None:
    """Prints text in lines that a terminal need not break; in a pipe on one."""
    from textwrap import fill

    text = printable(text)
    if console.is_terminal:
        text = fill(text, min(console.width, LONGEST_LINE), subsequent_indent=" " * indent)
    console.print(text, style=style, markup=False)


def print_markdown(compared: "Comparison") -> None:
    """Prints the same as Markdown."""
    from dropstudy.analysis.tables import comparison_tables
    from dropstudy.analysis.wording import explain, headline
    from dropstudy.cli.tables import write_markdown

    parts = [printable(headline(compared))]
    for table in comparison_tables(compared):
        lines = write_markdown(_build_columns(table))
        parts += [f"## {printable(table.title)}", "\n".join(lines)]
        parts += [printable(table.note)] if table.note else []
    notes = [f"- {printable(line)}" for line in explain(compared)]
    typer.echo("\n\n".join([*parts, "## How to read this", "\n".join(notes)]))


def print_json(compared: "Comparison") -> None:
    """Prints everything that was found as one JSON object."""
    from dropstudy.analysis.plain import comparison_as_dict
    from dropstudy.runs.directory import to_json

    typer.echo(to_json(comparison_as_dict(compared), indent=2))


def print_csv(compared: "Comparison") -> None:
    """Prints a row of numbers for each run."""
    import csv
    import sys

    from dropstudy.analysis.plain import run_as_row

    rows = [run_as_row(run) for run in compared.runs]
    writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
