"""``dropstudy run``: trains one experiment, or goes on with a run."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from dropstudy.cli.console import console
from dropstudy.cli.options import RUNS, Overrides, RunsDirectory, complete_run


def run(
    overrides: Overrides,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="An experiment in YAML.", show_default=False),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="Go on with this run from its last checkpoint, instead of a new one; --set "
            "may give it more epochs.",
            autocompletion=complete_run,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Call the run this instead of the config's name.")
    ] = None,
    runs_dir: RunsDirectory = RUNS,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print the run directory alone.")
    ] = False,
) -> None:
    """Train an experiment and write its run directory, or go on with one."""
    from dropstudy.cli.display import LineDisplay, QuietDisplay
    from dropstudy.config import load_experiment
    from dropstudy.errors import ConfigError
    from dropstudy.runs.store import find_run
    from dropstudy.training.interruption import Interruption
    from dropstudy.training.launching import begin_run, go_on_with_run

    if (file is None) == (resume is None) or (name and resume):
        raise ConfigError(
            "give the FILE of an experiment to train it (with --name, if you like), or "
            "--resume RUN to go on with a run"
        )
    display = QuietDisplay(console) if quiet else LineDisplay(console)
    interruption = Interruption(None if quiet else _tell_of_signal)
    status = "interrupted"
    with interruption.heeding_signals(), suppress(KeyboardInterrupt), display:
        if file is not None:
            changes = [*overrides, f"name={name}"] if name else overrides
            experiment = load_experiment(file, changes)
            path, status = begin_run(
                experiment, runs_dir, observer=display, interruption=interruption
            )
        else:
            found = find_run(str(resume), runs_dir)
            path, status = go_on_with_run(
                found, overrides, observer=display, interruption=interruption
            )
        if quiet:
            typer.echo(path)
    if status == "interrupted":
        raise typer.Exit(interruption.exit_code)


def _tell_of_signal() -> None:
    """Says that a signal has come, past the console, in whose middle it may have come."""
    with suppress(OSError):
        os.write(1, b"\nfinishing the step and saving; once more to leave at once\n")
