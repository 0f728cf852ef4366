"""Begins a run, or goes on with one: from an experiment to the end of its training.

TensorFlow is imported late, once all that can be refused without it has been.
"""

import shutil
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dropstudy.config import Experiment
from dropstudy.errors import (
    DropstudyError,
    RunDirectoryError,
    RuntimeUnavailableError,
    StorageError,
    TrainingError,
)
from dropstudy.imaging.baselines import describe_baseline
from dropstudy.imaging.sources import load_split
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.manifests import can_go_on
from dropstudy.runs.parsing import read_records
from dropstudy.runs.process import describe_holder, hold
from dropstudy.runs.reading import Run
from dropstudy.runs.records import EpochRecord, RunResult, write_result
from dropstudy.runs.resumption import Resumption, plan_resumption
from dropstudy.runs.settings import settings_files
from dropstudy.training.framework import (
    choose_backend,
    describe_crash,
    divert_stderr,
    import_framework,
)
from dropstudy.training.interruption import Interruption
from dropstudy.training.preparation import PreparedData, prepare_images

if TYPE_CHECKING:
    from dropstudy.training.observing import Observer


def begin_run(
    experiment: Experiment, runs: Path, *, observer: "Observer", interruption: Interruption
) -> tuple[Path, str]:
    """Trains in a new directory below ``runs``, which is made once the images are read.

    Returns:
        The run's directory and how it ended: ``finished`` or ``interrupted``.

    Raises:
        DropstudyError: It could not be begun, or failed; the text says how to go on.
    """
    data = _read_data(experiment, observer)
    interruption.interrupt_if_wanted()  # an import may have swallowed it
    files = {**settings_files(experiment), RunDirectory(Path()).process.name: describe_holder()}
    directory = RunDirectory.create(runs, experiment.name, files=files)
    with hold(directory):
        return directory.path, _train(experiment, directory, data, None, observer, interruption)


def go_on_with_run(
    found: Run, overrides: list[str], *, observer: "Observer", interruption: Interruption
) -> tuple[Path, str]:
    """Goes on with a run in its own directory.

    Args:
        found: The run.
        overrides: What may change on the way, such as ``training.epochs=50``.
        observer: Told how it goes.
        interruption: Whether it shall end early.

    Returns:
        The run's directory and how it ended: ``finished`` or ``interrupted``.

    Raises:
        DropstudyError: It cannot be gone on with, or failed; the text says what to do.
    """
    directory = found.directory
    with hold(directory):
        resumption = plan_resumption(found, overrides)
        experiment = resumption.experiment
        data = _read_data(experiment, observer)
        return directory.path, _train(
            experiment, directory, data, resumption, observer, interruption
        )


def _read_data(experiment: Experiment, observer: "Observer") -> PreparedData:
    observer.on_stage("reading images")
    split = load_split(experiment.data)
    method = describe_baseline(experiment.task)
    observer.on_stage(f"restoring with the classical method: {method}")
    return PreparedData(split, prepare_images(experiment, split))


def _train(
    experiment: Experiment,
    directory: RunDirectory,
    data: PreparedData,
    resumption: Resumption | None,
    observer: "Observer",
    interruption: Interruption,
) -> str:
    """Starts TensorFlow, whose chatter goes to the run's log, and trains; returns the status."""
    choose_backend(experiment.runtime.backend)
    observer.on_stage("starting TensorFlow")
    monitor = experiment.training.monitor

    def note_end(status: Literal["interrupted", "failed"], reason: str | None = None) -> None:
        if resumption is None:
            _note_early_end(directory, RunResult(status, reason, monitor=monitor))

    with divert_stderr(directory.log):
        try:
            with interruption.insisted_on():
                import_framework()
                from dropstudy.training.experiment_run import Job, run_experiment

            job = Job(experiment, directory, data, resumption, interruption)
            return run_experiment(job, observer).status
        except KeyboardInterrupt:
            note_end("interrupted")
            observer.on_note(f"interrupted; go on with: {directory.resume_command}")
            return "interrupted"
        except StorageError as error:
            raise StorageError(f"{error}{_way_on(directory)}") from error
        except RuntimeUnavailableError:
            if resumption is None:  # nothing has begun
                shutil.rmtree(directory.path, ignore_errors=True)
            raise
        except DropstudyError as error:
            note_end("failed", str(error))
            raise
        except Exception as error:
            with suppress(OSError):  # the log's disk may be full
                traceback.print_exc()
            reason = describe_crash(error)
            note_end("failed", reason)
            reason += f" (in full in {directory.log})"
            if directory.epochs.exists():  # from its beginning, it would only fail again
                reason += _way_on(directory)
            raise TrainingError(reason) from error


def _way_on(directory: RunDirectory) -> str:
    """A line on how to go on, where there is something to go on from."""
    is_gone = not directory.path.exists()  # but may come back
    way_on = f"\ngo on with: {directory.resume_command}"
    return way_on if can_go_on(directory) or is_gone else ""


def _note_early_end(directory: RunDirectory, result: RunResult) -> None:
    """Writes the result of a run that ended before it could do so itself."""
    if not directory.result.exists():
        with suppress(RunDirectoryError, StorageError):
            result.epochs = read_records(directory.epochs, EpochRecord)
            write_result(directory, result)
