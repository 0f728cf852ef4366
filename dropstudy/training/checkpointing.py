"""Saves a training at the end of each epoch, now and then within one, and before it is left."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dropstudy.config import Experiment
from dropstudy.runs.checkpoints import (
    RUN_SECONDS,
    BestNetwork,
    Checkpoint,
    save_best,
    save_checkpoint,
)
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.manifests import LOSSES, STEP_SECONDS, Place
from dropstudy.training.fitting import Fit, Progress
from dropstudy.training.recording import save_model
from dropstudy.training.state import (
    capture_network,
    capture_optimizer,
    restore_network,
    restore_training,
    warm_up,
)
from dropstudy.training.timing import EpochTimer


@dataclass
class Checkpointer:
    """Saves one training.

    Attributes:
        experiment: What is trained.
        directory: Where it is saved.
        fit: What is saved of it.
        precision: What the network computes in.
        run_seconds: What the run has taken so far.
        best: The best network so far; None before the first epoch's end.
    """

    experiment: Experiment
    directory: RunDirectory
    fit: Fit
    precision: str
    run_seconds: Callable[[], float]
    best: BestNetwork | None = None
    _saved_at: float = field(default_factory=time.monotonic)

    def is_due(self, step: int) -> bool:
        """Whether to save after ``step`` of an epoch."""
        every = self.experiment.recovery
        if every.every_steps is not None and step % every.every_steps == 0:
            return True
        waited = time.monotonic() - self._saved_at
        return every.every_seconds is not None and waited >= every.every_seconds

    def keep_best(self, epoch: int) -> None:
        """Saves the network, which is that of a new best epoch, for the checkpoints to come."""
        self.best = save_best(self.directory, epoch, capture_network(self.fit))

    def save(self, progress: Progress) -> None:
        """Saves all that is needed to go on from here."""
        timer, place = progress.timer, Place(progress.epoch, progress.step)
        is_best = self.best is not None and Place(self.best.epoch + 1, 0) == place
        network = {} if is_best else capture_network(self.fit)
        own = {LOSSES: np.array(progress.losses), STEP_SECONDS: np.array(timer.steps)}
        checkpoint = Checkpoint(
            place=place,
            epochs=progress.epochs,
            learning_rate=progress.learning_rate,
            seconds={**timer.all_seconds(), RUN_SECONDS: self.run_seconds()},
            state={**network, **capture_optimizer(self.fit), **own},
            best=self.best,
            settings=self.experiment.model_dump(mode="json"),
            precision=self.precision,
        )
        save_checkpoint(self.directory, checkpoint, keep=self.experiment.recovery.keep)
        self._saved_at = time.monotonic()

    def restore(self, checkpoint: Checkpoint, *, model: Path) -> Progress:
        """Puts a fresh training where ``checkpoint`` was, and starts its clock.

        Args:
            checkpoint: Of a training of the same experiment.
            model: Where the best network is written again: a kill can have left an older one.
        """
        warm_up(self.fit)
        if checkpoint.best is not None:
            self.best = checkpoint.best
            restore_network(self.fit, checkpoint.best.tensors)
            save_model(self.fit.export(), model)
        of_best = checkpoint.best.tensors if checkpoint.best else {}
        restore_training(self.fit, {**of_best, **checkpoint.state})
        seconds = {key: value for key, value in checkpoint.seconds.items() if key != RUN_SECONDS}
        return Progress(
            epoch=checkpoint.place.epoch,
            step=checkpoint.place.step,
            losses=checkpoint.state[LOSSES].tolist(),
            learning_rate=checkpoint.learning_rate,
            epochs=list(checkpoint.epochs),
            timer=EpochTimer(seconds=seconds, steps=checkpoint.state[STEP_SECONDS].tolist()),
        )
