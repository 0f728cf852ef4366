"""Which epoch is the best so far, and whether it is time to stop."""

from collections.abc import Iterable

from dropstudy.config.training import EarlyStopping, Monitor, Training
from dropstudy.runs.records import EpochRecord, is_better


class BestEpoch:
    """Follows the monitored value, and the seconds of training, from epoch to epoch.

    Attributes:
        seconds_spent: Of training, by all epochs so far.
    """

    def __init__(
        self, monitor: Monitor, stopping: EarlyStopping | None, *, seconds: float | None = None
    ) -> None:
        """Starts without an epoch; without ``stopping`` and ``seconds`` it never says stop."""
        self._monitor = monitor
        self._stopping = stopping
        self._seconds = seconds
        self._best: EpochRecord | None = None
        self._last_gain: EpochRecord | None = None
        self._epochs_without_gain = 0
        self.seconds_spent = 0.0

    def update(self, record: EpochRecord) -> bool:
        """Takes the next epoch in and returns whether it is the best so far."""
        self.seconds_spent += record.train_seconds
        minimum_gain = self._stopping.minimum_gain if self._stopping else 0.0
        if self._last_gain is None or is_better(
            record, self._last_gain, self._monitor, minimum_gain=minimum_gain
        ):
            self._last_gain = record
            self._epochs_without_gain = 0
        else:
            self._epochs_without_gain += 1
        if self._best is not None and not is_better(record, self._best, self._monitor):
            return False
        self._best = record
        return True

    @property
    def is_out_of_patience(self) -> bool:
        """Whether the value has not got better for as many epochs as patience allows."""
        return self._stopping is not None and self._epochs_without_gain >= self._stopping.patience

    @property
    def is_out_of_time(self) -> bool:
        """Whether the finished epochs have used up the seconds of training."""
        return self._seconds is not None and self.seconds_spent >= self._seconds

    @property
    def should_stop(self) -> bool:
        """Whether no further epoch shall begin."""
        return self.is_out_of_patience or self.is_out_of_time


def follow_training(training: Training, epochs: Iterable[EpochRecord] = ()) -> BestEpoch:
    """The best of the epochs that are finished, and whether a training goes on after them."""
    best = BestEpoch(training.monitor, training.early_stopping, seconds=training.seconds)
    for record in epochs:
        best.update(record)
    return best
