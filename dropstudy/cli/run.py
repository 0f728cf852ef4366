"""``dropstudy run``: trains one experiment."""

import traceback
from pathlib import Path
from typing import Annotated

import typer

from dropstudy.cli.console import console, divert_stderr
from dropstudy.cli.options import ConfigFile, Overrides

INTERRUPTED = 130
"""Exit code of a run that Ctrl-C ended, as shells have it: 128 and the signal's number."""


def run(
    file: ConfigFile,
    overrides: Overrides,
    name: Annotated[
        str | None, typer.Option(help="Call the run this instead of the config's name.")
    ] = None,
    runs_dir: Annotated[Path, typer.Option(help="Where run directories are made.")] = Path("runs"),
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print the run directory alone.")
    ] = False,
) -> None:
    """Train an experiment and write its run directory."""
    from dropstudy.cli.display import LineDisplay, QuietDisplay
    from dropstudy.config import load_experiment
    from dropstudy.errors import DropstudyError, TrainingError
    from dropstudy.runs.directory import RunDirectory

    changes = [*overrides, f"name={name}"] if name else overrides
    experiment = load_experiment(file, changes)
    directory = RunDirectory.create(runs_dir, experiment.name)
    observer = QuietDisplay(console) if quiet else LineDisplay(console)
    observer.on_stage("starting TensorFlow")
    with observer, divert_stderr(directory.log):
        from dropstudy.training.experiment_run import run_experiment

        try:
            result = run_experiment(experiment, directory, observer)
        except DropstudyError:
            raise
        except Exception as error:
            traceback.print_exc()
            reason = (str(error).splitlines() or [""])[0]
            raise TrainingError(
                f"{type(error).__name__}: {reason[:300]} (in full in {directory.log})"
            ) from error
    if quiet:
        typer.echo(directory.path)
    if result.status == "interrupted":
        raise typer.Exit(INTERRUPTED)
