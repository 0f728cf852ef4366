"""``dropstudy run``: trains one experiment, or goes on with a run."""

import os
import shutil
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropstudy.cli.console import console, divert_stderr, resume_command
from dropstudy.cli.framework import choose_backend, describe_crash, import_framework
from dropstudy.cli.options import RUNS, Overrides, RunsDirectory, complete_run

if TYPE_CHECKING:
    from dropstudy.config import Experiment
    from dropstudy.runs.directory import RunDirectory
    from dropstudy.runs.records import RunResult
    from dropstudy.runs.resumption import Resumption
    from dropstudy.training.interruption import Interruption
    from dropstudy.training.observing import Observer
    from dropstudy.training.preparation import PreparedData


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
    with interruption.heeding_signals(), suppress(KeyboardInterrupt), display:
        if file is not None:
            changes = [*overrides, f"name={name}"] if name else overrides
            path, status = _begin(file, changes, runs_dir, display, interruption)
        else:
            path, status = _go_on(str(resume), overrides, runs_dir, display, interruption)
        if quiet:
            typer.echo(path)
    if status == "interrupted":
        raise typer.Exit(interruption.exit_code)


def _tell_of_signal() -> None:
    """Says that a signal has come, past the console, in whose middle it may have come."""
    with suppress(OSError):
        os.write(1, b"\nfinishing the step and saving; once more to leave at once\n")


def _begin(
    file: Path,
    overrides: list[str],
    runs_dir: Path,
    display: "Observer",
    interruption: "Interruption",
) -> tuple[Path, str]:
    """Trains in a new directory, which is made once the images are read."""
    from dropstudy.config import load_experiment
    from dropstudy.runs.directory import RunDirectory
    from dropstudy.runs.process import describe_holder, hold
    from dropstudy.runs.settings import settings_files

    experiment = load_experiment(file, overrides)
    data = _read_data(experiment, display)
    files = {**settings_files(experiment), RunDirectory(Path()).process.name: describe_holder()}
    directory = RunDirectory.create(runs_dir, experiment.name, files=files)
    with hold(directory):
        return directory.path, _train(experiment, directory, data, None, display, interruption)


def _go_on(
    run: str,
    overrides: list[str],
    runs_dir: Path,
    display: "Observer",
    interruption: "Interruption",
) -> tuple[Path, str]:
    """Goes on with a run in its own directory."""
    from dropstudy.runs.process import hold
    from dropstudy.runs.resumption import plan_resumption
    from dropstudy.runs.store import find_run

    found = find_run(run, runs_dir)
    directory = found.directory
    with hold(directory):
        resumption = plan_resumption(found, overrides)
        experiment = resumption.experiment
        data = _read_data(experiment, display)
        return directory.path, _train(
            experiment, directory, data, resumption, display, interruption
        )


def _read_data(experiment: "Experiment", display: "Observer") -> "PreparedData":
    from dropstudy.imaging.baselines import describe_baseline
    from dropstudy.imaging.sources import load_split
    from dropstudy.training.preparation import PreparedData, prepare_images

    display.on_stage("reading images")
    split = load_split(experiment.data)
    method = describe_baseline(experiment.task)
    display.on_stage(f"restoring with the classical method: {method}")
    return PreparedData(split, prepare_images(experiment, split))


def _train(
    experiment: "Experiment",
    directory: "RunDirectory",
    data: "PreparedData",
    resumption: "Resumption | None",
    display: "Observer",
    interruption: "Interruption",
) -> str:
    """Starts TensorFlow, whose chatter goes to the run's log, and trains; returns the status."""
    from dropstudy.errors import (
        DropstudyError,
        RuntimeUnavailableError,
        StorageError,
        TrainingError,
    )
    from dropstudy.runs.records import RunResult

    choose_backend(experiment.runtime.backend)
    display.on_stage("starting TensorFlow")
    monitor = experiment.training.monitor
    with divert_stderr(directory.log):
        try:
            with interruption.insisted_on():
                import_framework()
                from dropstudy.training.experiment_run import Job, run_experiment

            job = Job(experiment, directory, data, resumption, interruption)
            return run_experiment(job, display).status
        except KeyboardInterrupt:
            if resumption is None:
                _note_early_end(directory, RunResult("interrupted", monitor=monitor))
            return "interrupted"
        except StorageError as error:
            raise StorageError(f"{error}{_way_on(directory)}") from error
        except RuntimeUnavailableError:
            if resumption is None:  # nothing has begun
                shutil.rmtree(directory.path, ignore_errors=True)
            raise
        except DropstudyError as error:
            if resumption is None:
                _note_early_end(directory, RunResult("failed", str(error), monitor=monitor))
            raise
        except Exception as error:
            with suppress(OSError):  # the log's disk may be full
                traceback.print_exc()
            reason = describe_crash(error)
            if resumption is None:
                _note_early_end(directory, RunResult("failed", reason, monitor=monitor))
            reason += f" (in full in {directory.log})"
            if directory.epochs.exists():  # from its beginning, it would only fail again
                reason += _way_on(directory)
            raise TrainingError(reason) from error


def _way_on(directory: "RunDirectory") -> str:
    """A line on how to go on, where there is something to go on from."""
    from dropstudy.runs.manifests import can_go_on

    is_gone = not directory.path.exists()  # but may come back
    way_on = f"\ngo on with: {resume_command(directory.path)}"
    return way_on if can_go_on(directory) or is_gone else ""


def _note_early_end(directory: "RunDirectory", result: "RunResult") -> None:
    """Writes the result of a run that ended before it could do so itself."""
    from dropstudy.errors import RunDirectoryError, StorageError
    from dropstudy.runs.parsing import read_records
    from dropstudy.runs.records import EpochRecord, write_result

    if not directory.result.exists():
        with suppress(RunDirectoryError, StorageError):
            result.epochs = read_records(directory.epochs, EpochRecord)
            write_result(directory, result)
