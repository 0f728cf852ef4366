"""``dropstudy timing``: what dropout costs, without training anything to its end."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropstudy.cli.console import console
from dropstudy.cli.options import Overrides

if TYPE_CHECKING:
    from dropstudy.config.timing import Timing
    from dropstudy.runs.timings import TimingSession

TIMINGS = Path("timings")


def timing(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="CONFIG",
            help="An experiment in YAML; or the directory of a session, to see it again.",
            show_default=False,
        ),
    ],
    overrides: Overrides,
    vary: Annotated[
        list[str],
        typer.Option(
            "--vary",
            metavar="WHAT",
            help="[bold]dropout.KIND[/bold]: the config's dropout as this kind. "
            "[bold]KEY=V1,V2[/bold]: the same with each value of a setting. May be repeated.",
            default_factory=list,
            show_default=False,
        ),
    ],
    repeats: Annotated[
        int | None,
        typer.Option(
            "--repeat",
            metavar="N",
            min=1,
            help="Rounds through all arms, there and back; 10 without it.",
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Timed steps of an arm's turn; 10 without it."),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(metavar="ARM", help="Hold all arms against this one."),
    ] = None,
    timings_dir: Annotated[
        Path, typer.Option("--timings-dir", metavar="DIR", help="Where sessions lie.")
    ] = TIMINGS,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Time training steps with and without dropout, arm after arm and back."""
    from dropstudy.config.timing import Timing
    from dropstudy.errors import ConfigError

    if source.is_dir():
        from dropstudy.runs.timings import read_session

        if vary or overrides or repeats or steps:
            raise ConfigError(
                f"{source}: is shown as it was measured; leave --vary, --set, --repeat and "
                "--steps out"
            )
        session = read_session(source)
    else:
        given = {"repeats": repeats, "steps": steps}
        chosen = Timing(**{key: value for key, value in given.items() if value is not None})
        session = _measure(source, vary, overrides, chosen, timings_dir, quiet=json)
    _show(session, baseline, json=json)


def _measure(
    source: Path,
    vary: list[str],
    overrides: list[str],
    chosen: "Timing",
    timings_dir: Path,
    *,
    quiet: bool,
) -> "TimingSession":
    """What is wrong with the config is told before anything heavy is imported."""
    from datetime import datetime

    from dropstudy.cli.timing_display import TimingDisplay
    from dropstudy.timing.arms import load_arms
    from dropstudy.training.framework import import_framework, quiet_framework
    from dropstudy.training.interruption import Interruption

    arms = load_arms(source, vary, overrides)
    experiment = arms[0][1]
    directory = timings_dir / f"{experiment.name}-{datetime.now():%Y%m%d}-{secrets.token_hex(3)}"
    display = TimingDisplay(console, quiet=quiet)
    display.introduce(source, experiment, [name for name, _ in arms], chosen, directory)
    interruption = Interruption()
    try:
        with (
            interruption.heeding_signals(),
            display,
            quiet_framework(experiment.runtime.backend),
        ):
            with interruption.insisted_on():
                import_framework()
                from dropstudy.timing.session import time_arms

            return time_arms(
                arms,
                chosen,
                directory,
                name=experiment.name,
                on_arm=display.on_arm,
                on_turn=display.on_turn,
            )
    except KeyboardInterrupt:
        display.on_interrupt(directory)
        raise typer.Exit(interruption.exit_code) from None


def _show(session: "TimingSession", baseline: str | None, *, json: bool) -> None:
    from dropstudy.analysis.timing import find_timing

    findings = find_timing(session, baseline=baseline)
    if json:
        from dataclasses import asdict

        from dropstudy.analysis.timing_wording import find_value_costs
        from dropstudy.runs.directory import to_json

        costs = [asdict(cost) for cost in find_value_costs(findings)]
        content = {"session": str(session.path), **asdict(findings), "value_costs": costs}
        typer.echo(to_json(content, indent=2))
        return
    from dropstudy.cli.timing_tables import print_findings

    print_findings(findings, session)
