"""``dropstudy study check``: whether what was claimed of a study is borne out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from dropstudy.cli.console import console, printable
from dropstudy.cli.study_status import STUDIES, StudiesDirectory, StudyFile, load_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dropstudy.analysis.claims import ClaimOutcome, ClaimState

_SIGNS: dict["ClaimState", tuple[str, str]] = {
    "confirmed": ("✓", "green"),
    "refuted": ("✗", "red"),
    "undecided": ("?", "yellow"),
}


def check_study(
    file: StudyFile,
    claims: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The claims; without it [bold]NAME.claims.yaml[/bold] beside the study.",
            show_default=False,
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail for claims that are undecided, too.")
    ] = False,
    junit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write JUnit XML, for CI.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the outcomes as JSON.")] = False,
    studies_dir: StudiesDirectory = STUDIES,
) -> None:
    """Say of each claim about a study whether it is confirmed, refuted or undecided.

    Exits with 1 if one is refuted, or with [bold]--strict[/bold] undecided, and otherwise with 0.
    """
    import time
    from datetime import UTC, datetime

    from dropstudy.errors import ConfigError
    from dropstudy.exports.junit import to_junit, write_junit
    from dropstudy.studies.claims import check_claims, claims_beside, load_claims_of
    from dropstudy.studies.directory import StudyDirectory

    plan = load_plan(file)
    path = claims or claims_beside(file)
    if claims is None and not path.exists():
        raise ConfigError(f"{path}: nothing is claimed of this study; write it, or give --claims")
    claimed = load_claims_of(plan, path)
    when, started = datetime.now(UTC), time.perf_counter()
    outcomes = check_claims(StudyDirectory(studies_dir / plan.study.name), plan, claimed)
    seconds = time.perf_counter() - started
    if junit is not None:
        write_junit(junit, to_junit(plan.study.name, outcomes, when=when, seconds=seconds))
    if json:
        _print_json(outcomes)
    else:
        _print_text(outcomes, claimed.level)
    failing = {"refuted", "undecided"} if strict else {"refuted"}
    if any(outcome.state in failing for outcome in outcomes):
        raise typer.Exit(1)


def _print_text(outcomes: "Sequence[ClaimOutcome]", level: float) -> None:
    from collections import Counter

    for outcome in outcomes:
        sign, style = _SIGNS[outcome.state]
        console.print(
            f"[{style}]{sign} {outcome.state:9}[/{style}]  {escape(printable(outcome.say))}"
        )
        lines = [outcome.statement]
        if outcome.estimate is not None:
            lines.append(f"found {outcome.found}")
        if outcome.reason:
            lines.append(outcome.reason)
        for line in lines:
            console.print(f"[dim]{'':13}{escape(printable(line))}[/dim]")
    counts = Counter(outcome.state for outcome in outcomes)
    words = ", ".join(f"{counts[state]} {state}" for state in _SIGNS if counts[state])
    claims = "1 claim" if len(outcomes) == 1 else f"{len(outcomes)} claims"
    console.print(f"\n{claims}: {words}; level {level:g} over all")


def _print_json(outcomes: "Sequence[ClaimOutcome]") -> None:
    from dataclasses import asdict

    from dropstudy.runs.directory import to_json

    typer.echo(to_json([asdict(outcome) for outcome in outcomes], indent=2))
