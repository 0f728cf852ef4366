"""Which epoch is the best so far, and whether it is time to stop."""

from dropstudy.config.training import EarlyStopping, Monitor
from dropstudy.runs.records import EpochRecord, is_better


class BestEpoch:
    """Follows the monitored value from epoch to epoch."""

    def __init__(self, monitor: Monitor, stopping: EarlyStopping | None) -> None:
        """Starts without an epoch; without ``stopping`` it never says stop."""
        self._monitor = monitor
        self._stopping = stopping
        self._best: EpochRecord | None = None
        self._last_gain: EpochRecord | None = None
        self._epochs_without_gain = 0

    def update(self, record: EpochRecord) -> bool:
        """Takes the next epoch in and returns whether it is the best so far."""
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
    def should_stop(self) -> bool:
        """Whether the value has not got better for as many epochs as patience allows."""
        return self._stopping is not None and self._epochs_without_gain >= self._stopping.patience
