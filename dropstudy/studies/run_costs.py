"""What a run takes of time and disk, from a short run of its arm or of one like it."""

from dataclasses import dataclass

from dropstudy.studies.plan import PlannedArm
from dropstudy.studies.trials import Trial


@dataclass(frozen=True)
class RunCost:
    """What a run of an arm takes, from a trial of it or of its like.

    Attributes:
        arm: The arm.
        like: Whose trial it is.
        trial: What that took.
        work: The work of its steps over that of the trial's.
    """

    arm: PlannedArm
    like: str
    trial: Trial
    work: float

    @property
    def step_seconds(self) -> float:
        """Of a training step."""
        return self.trial.step_seconds * self.work

    @property
    def epoch_seconds(self) -> float:
        """As the trial's, but with all of its steps."""
        trial = self.trial
        beside = trial.epoch_seconds - trial.steps * trial.step_seconds
        return max(0.0, beside) + self._steps * self.step_seconds

    def run_seconds(self, epochs: int, *, done: int = 0) -> float:
        """Of a run, or what is left of it.

        Args:
            epochs: That are left.
            done: That are done.
        """
        trial, training = self.trial, self.arm.experiment.training
        short = trial.epochs * trial.epoch_seconds
        if training.seconds is not None:
            longest = -(-training.seconds // (self._steps * self.step_seconds))
            epochs = min(epochs, max(0, int(longest) - done))
        # What a run takes beside its epochs, and its first epoch more than the others.
        return max(0.0, trial.seconds - short) + epochs * self.epoch_seconds

    def run_bytes(self) -> int:
        """Of a finished run."""
        experiment, trial = self.arm.experiment, self.trial
        epochs, every = experiment.training.epochs, experiment.samples.every
        pictures = epochs // every if every else 0
        more = (epochs - trial.epochs) * trial.epoch_bytes
        return trial.disk_bytes + more + pictures * trial.picture_bytes

    @property
    def _steps(self) -> int:
        training = self.arm.experiment.training
        return training.steps_per_epoch or max(1, self.trial.patches // training.batch_size)
