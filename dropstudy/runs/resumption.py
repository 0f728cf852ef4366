"""Decides how a run goes on that has ended, well or not."""

from collections.abc import Sequence
from dataclasses import dataclass

from dropstudy.config import Experiment, load_experiment
from dropstudy.config.training import Cosine
from dropstudy.errors import ConfigError
from dropstudy.runs.changes import Change, find_changes, refuse_changes
from dropstudy.runs.checkpoints import Checkpoint, Place, load_checkpoint
from dropstudy.runs.directory import RunDirectory, write_text
from dropstudy.runs.reading import Run
from dropstudy.runs.records import write_epochs
from dropstudy.runs.settings import settings_files


@dataclass(frozen=True)
class Resumption:
    """How a run goes on.

    Attributes:
        experiment: With the changes.
        checkpoint: From where; None: from its beginning.
        changes: Settings that are no longer what they were.
        notes: What its user should know, a sentence each.
    """

    experiment: Experiment
    checkpoint: Checkpoint | None
    changes: list[Change]
    notes: list[str]

    @property
    def place(self) -> Place:
        """Where it goes on."""
        return self.checkpoint.place if self.checkpoint else Place(1, 0)


def plan_resumption(run: Run, overrides: Sequence[str] = ()) -> Resumption:
    """How ``run`` goes on; changes nothing yet.

    Args:
        run: One that no process writes.
        overrides: Changes such as ``training.epochs=50``.

    Raises:
        ConfigError: A change is none, or one that may not be; the run is finished.
        RunDirectoryError: A file is missing or damaged, or no checkpoint is whole.
    """
    experiment = load_experiment(run.directory.config, overrides)
    checkpoint, damaged = load_checkpoint(run.directory)
    notes = [f"{problem}; the checkpoint before it is used" for problem in damaged]
    before = checkpoint.settings if checkpoint else run.settings
    after = experiment.model_dump(mode="json")
    changes = find_changes(before, after, reason="on resume")
    if checkpoint is not None:  # what auto meant may be said
        is_same = {"runtime.precision": checkpoint.precision}
        changes = [change for change in changes if is_same.get(change.key) != change.new]
    refuse_changes(changes)
    resumption = Resumption(experiment, checkpoint, changes, notes)
    _refuse_nothing_to_do(run, resumption)
    if isinstance(experiment.training.schedule, Cosine) and checkpoint is not None:
        notes += [
            f"the cosine schedule now ends with epoch {change.new}; the epochs before this one "
            f"followed one that ends with epoch {change.old}. A new run would differ"
            for change in changes
            if change.key == "training.epochs"
        ]
    return resumption


def rewind_records(directory: RunDirectory, resumption: Resumption) -> None:
    """Makes the epochs' rows those of the checkpoint, and the config the changed one.

    Raises:
        StorageError: A file cannot be written.
    """
    checkpoint = resumption.checkpoint
    write_epochs(directory, checkpoint.epochs if checkpoint else [])
    write_settings(directory, resumption.experiment)


def write_settings(directory: RunDirectory, experiment: Experiment) -> None:
    """Writes ``config.yaml`` and ``config.json`` anew."""
    for name, text in settings_files(experiment).items():
        write_text(directory.path / name, text)


def _refuse_nothing_to_do(run: Run, resumption: Resumption) -> None:
    checkpoint, epochs = resumption.checkpoint, resumption.experiment.training.epochs
    done = len(checkpoint.epochs) if checkpoint else 0
    if done > epochs:
        raise ConfigError(f"training.epochs: got {epochs}; {run.name} has finished {done} already")
    longer = ("training.epochs", "training.early_stopping.patience")
    if run.status == "finished" and not any(change.key in longer for change in resumption.changes):
        raise ConfigError(
            f"{run.name}: is finished, after {done} epochs; to train it for longer give "
            f"--set training.epochs={2 * epochs}"
        )
