"""``dropstudy run``: trains one experiment, or goes on with a run."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropstudy.cli.console import console
from dropstudy.cli.options import RUNS, Overrides, RunsDirectory, complete_run

if TYPE_CHECKING:
    from dropstudy.training.interruption import Interruption
    from dropstudy.training.observing import Observer


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
    from dropstudy.errors import ConfigError
    from dropstudy.training.interruption import Interruption

    if (file is None) == (resume is None) or (name and resume):
        raise ConfigError(
            "give the FILE of an experiment to train it (with --name, if you like), or "
            "--resume RUN to go on with a run"
        )
    display = QuietDisplay(console) if quiet else LineDisplay(console)
    interruption = Interruption(None if quiet else _tell_of_signal)
    status = "interrupted"
    with suppress(KeyboardInterrupt), interruption.heeding_signals(), display:
        if file is not None:
            changes = [*overrides, f"name={name}"] if name else overrides
            path, status = _begin(file, changes, runs_dir, display, interruption)
        else:
            path, status = _go_on(str(resume), overrides, runs_dir, display, interruption)
        if quiet:
            typer.echo(path)
    if status == "interrupted":
        raise typer.Exit(interruption.exit_code)


def _begin(
    file: Path,
    overrides: list[str],
    runs_dir: Path,
    display: "Observer",
    interruption: "Interruption",
) -> tuple[Path, str]:
    """What is wrong with the file is told before anything heavy is imported."""
    from dropstudy.config import load_experiment

    experiment = load_experiment(file, overrides)
    from dropstudy.training.launching import begin_run

    return begin_run(experiment, runs_dir, observer=display, interruption=interruption)


def _go_on(
    run: str,
    overrides: list[str],
    runs_dir: Path,
    display: "Observer",
    interruption: "Interruption",
) -> tuple[Path, str]:
    """The same of the run that is named."""
    from dropstudy.runs.store import find_run

    found = find_run(run, runs_dir)
    from dropstudy.training.launching import go_on_with_run

    return go_on_with_run(found, overrides, observer=display, interruption=interruption)


def _tell_of_signal() -> None:
    """Says that a signal has come, past the console, in whose middle it may have come."""
    with suppress(OSError):
        os.write(1, b"\nfinishing the step and saving; once more to leave at once\n")
