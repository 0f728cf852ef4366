"""``dropstudy doctor``: whether this machine can train, and what to do if not."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from dropstudy.cli.console import console, printable
from dropstudy.cli.options import RUNS, RunsDirectory

if TYPE_CHECKING:
    from dropstudy.doctor.finding import Finding

STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}
SMOKE = Path("configs/smoke.yaml")
NARROWEST = 40
"""Columns that a finding's words take at least."""


def doctor(
    json: Annotated[
        bool, typer.Option("--json", help="Print the findings as a JSON list.")
    ] = False,
    runs_dir: RunsDirectory = RUNS,
) -> None:
    """Check this machine: packages, devices, precision, memory, disk, and one training step.

    Says what to do where something is wrong; exits with 1 if a run would fail.
    """
    from dropstudy.doctor.framework import check_framework
    from dropstudy.doctor.installation import check_installation
    from dropstudy.doctor.machine import check_machine
    from dropstudy.doctor.storage import check_storage

    with Console(stderr=True).status("looking at the machine") as status:
        findings = [*check_installation(), *check_machine(), *check_storage(runs_dir)]
        status.update("trying TensorFlow out")
        findings += check_framework()
    if json:
        _print_json(findings)
    else:
        _print_lines(findings)
        console.print(f"\n{_sum_up(findings)}")
    if any(finding.status == "fail" for finding in findings):
        raise typer.Exit(1)


def _print_json(findings: "Sequence[Finding]") -> None:
    import json
    from dataclasses import asdict

    typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))


def _print_lines(findings: "Sequence[Finding]") -> None:
    names = max(len(finding.name) for finding in findings)
    indent = len("fail  ") + names + 2
    for finding in findings:
        style = STYLES[finding.status]
        status = f"[{style}]{finding.status:<4}[/{style}]"
        found = _wrap(printable(finding.found), indent)
        console.print(f"{status}  {finding.name:<{names}}  {escape(found)}")
        if finding.remedy:
            remedy = _wrap(f"→ {printable(finding.remedy)}", indent)
            console.print(f"{' ' * indent}[bold]{escape(remedy)}[/bold]")


def _wrap(text: str, indent: int) -> str:
    """Text broken to fit beside ``indent`` blanks on a terminal; elsewhere as it is."""
    if not console.is_terminal:
        return text
    width = max(NARROWEST, console.width - indent)
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return f"\n{' ' * indent}".join(lines)


def _sum_up(findings: "Sequence[Finding]") -> str:
    start = "begin with dropstudy init first.yaml"
    if SMOKE.is_file():
        start = f"train with dropstudy run {SMOKE}"
    failures, warnings = (
        sum(finding.status == status for finding in findings) for status in ("fail", "warn")
    )
    if failures:
        and_warnings = f" and {_count(warnings, 'warning')}" if warnings else ""
        return f"{_count(failures, 'problem')}{and_warnings}"
    if warnings:
        return f"{_count(warnings, 'warning')}, no problem: {start}"
    return f"all is well: {start}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
