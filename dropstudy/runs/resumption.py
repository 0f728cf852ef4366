"""Decides how a run goes on that has ended, well or not."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from pydantic import ValidationError

from dropstudy.config import Experiment, load_experiment
from dropstudy.config.training import Cosine
from dropstudy.errors import ConfigError
from dropstudy.runs.changes import Change, find_changes, refuse_changes
from dropstudy.runs.checkpoints import Checkpoint, load_checkpoint
from dropstudy.runs.directory import RunDirectory, write_text
from dropstudy.runs.manifests import Place
from dropstudy.runs.reading import Run
from dropstudy.runs.records import write_epochs
from dropstudy.runs.settings import kernel_of, settings_files
from dropstudy.runs.stopping import follow_training


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
    checkpoint, notes = load_checkpoint(run.directory)
    if checkpoint is None:
        before = load_experiment(run.directory.config).model_dump(mode="json")
    else:
        before = _with_defaults(checkpoint.settings)
    changes = find_changes(before, experiment.model_dump(mode="json"), reason="on resume")
    if checkpoint is not None:  # what auto meant may be said
        same = ("runtime.precision", checkpoint.precision)
        changes = [change for change in changes if (change.key, change.new) != same]
    refuse_changes(changes)
    if checkpoint is not None and checkpoint.epochs and checkpoint.best is None:
        experiment, lost = _end_with_last(experiment)
        changes += lost
    resumption = Resumption(experiment, checkpoint, changes, notes)
    _refuse_nothing_to_do(run, resumption)
    if checkpoint is not None:
        notes += [
            f"{schedules} now ends with epoch {change.new}; the epochs before this one "
            f"followed one that ends with epoch {change.old}. A new run would differ"
            for change in changes
            for schedules in _name_schedules(experiment)
            if change.key == "training.epochs"
        ]
    return resumption


def _name_schedules(experiment: Experiment) -> Iterator[str]:
    """What counts by the training's epochs."""
    if isinstance(experiment.training.schedule, Cosine):
        yield "the cosine schedule"
    if experiment.dropout.schedule.kind != "constant":
        yield f"dropout's schedule ({experiment.dropout.schedule.kind})"


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


def _with_defaults(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of an older version with what it did not know yet, if they are valid now."""
    dropout = settings.get("dropout")
    if isinstance(dropout, dict):
        settings = {**settings, "dropout": {**dropout, "kernel": kernel_of(dropout)}}
    try:
        experiment = Experiment.model_validate_json(json.dumps(settings))
    except ValidationError:
        return settings
    return experiment.model_dump(mode="json")


def _end_with_last(experiment: Experiment) -> tuple[Experiment, list[Change]]:
    """The experiment for a run whose best network is lost: it ends with its last one."""
    training = experiment.training
    if not training.restore_best:
        return experiment, []
    last = training.model_copy(update={"restore_best": False})
    lost = Change("training.restore_best", True, False, "the best network was damaged")
    return experiment.model_copy(update={"training": last}), [lost]


def _refuse_nothing_to_do(run: Run, resumption: Resumption) -> None:
    checkpoint, epochs = resumption.checkpoint, resumption.experiment.training.epochs
    done = len(checkpoint.epochs) if checkpoint else 0
    if done > epochs:
        raise ConfigError(f"training.epochs: got {epochs}; {run.name} has finished {done} already")
    if run.status != "finished" or checkpoint is None:
        return
    training = resumption.experiment.training
    best = follow_training(training, checkpoint.epochs)
    ways = [f"--set training.epochs={2 * done}"] if done == epochs else []
    if best.is_out_of_patience and training.early_stopping:
        patience = 2 * training.early_stopping.patience
        ways.append(f"--set training.early_stopping.patience={patience}")
    if best.is_out_of_time:
        ways.append(f"--set training.seconds={ceil(2 * best.seconds_spent)}")
    if ways:
        raise ConfigError(
            f"{run.name}: is finished, after {done} epochs; to train it for longer give "
            f"{' '.join(ways)}"
        )
