"""``dropstudy run``: trains one experiment."""

import signal
import traceback
from typing import TYPE_CHECKING, Annotated

import typer

from dropstudy.cli.console import console, divert_stderr
from dropstudy.cli.framework import choose_backend, describe_crash
from dropstudy.cli.options import RUNS, ConfigFile, Overrides, RunsDirectory

if TYPE_CHECKING:
    from dropstudy.runs.directory import RunDirectory
    from dropstudy.runs.records import RunResult

INTERRUPTED = 130
"""Exit code of a run that Ctrl-C ended, as shells have it: 128 and the signal's number."""


def run(
    file: ConfigFile,
    overrides: Overrides,
    name: Annotated[
        str | None, typer.Option(help="Call the run this instead of the config's name.")
    ] = None,
    runs_dir: RunsDirectory = RUNS,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print the run directory alone.")
    ] = False,
) -> None:
    """Train an experiment and write its run directory."""
    from dropstudy.cli.display import LineDisplay, QuietDisplay
    from dropstudy.config import load_experiment
    from dropstudy.errors import DropstudyError, TrainingError
    from dropstudy.runs.directory import RunDirectory
    from dropstudy.runs.records import RunResult

    changes = [*overrides, f"name={name}"] if name else overrides
    experiment = load_experiment(file, changes)
    directory = RunDirectory.create(runs_dir, experiment.name)
    observer = QuietDisplay(console) if quiet else LineDisplay(console)
    choose_backend(experiment.runtime.backend)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # schedulers end a run by it
    observer.on_stage("starting TensorFlow")
    with observer, divert_stderr(directory.log):
        try:
            from dropstudy.training.experiment_run import run_experiment

            status = run_experiment(experiment, directory, observer).status
        except KeyboardInterrupt:
            status = "interrupted"
            _note_early_end(directory, RunResult(status))
        except DropstudyError:
            raise
        except Exception as error:
            traceback.print_exc()
            reason = describe_crash(error)
            _note_early_end(directory, RunResult("failed", reason))
            raise TrainingError(f"{reason} (in full in {directory.log})") from error
    if quiet:
        typer.echo(directory.path)
    if status == "interrupted":
        raise typer.Exit(INTERRUPTED)


def _note_early_end(directory: "RunDirectory", result: "RunResult") -> None:
    """Writes the result of a run that ended before it could do so itself."""
    from dropstudy.runs.records import write_result

    if not directory.result.exists():
        write_result(directory, result)
