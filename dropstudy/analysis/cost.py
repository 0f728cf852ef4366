"""What a run cost: seconds, memory, random numbers, and whether it grew slower."""

from dataclasses import dataclass
from statistics import median

from dropstudy.analysis.statistics import Drift, drift
from dropstudy.runs.reading import Run

DRIFT_THAT_COUNTS = 0.05
"""Share by which a run's last third must differ from its first to be called drift."""


@dataclass(frozen=True)
class Cost:
    """The cost of one run; seconds of an epoch are those of training, the first epoch apart.

    Attributes:
        epoch_seconds: To train an epoch: the median over the epochs after the first; None
            where there was one alone.
        spread_seconds: Their median absolute deviation from it.
        first_step_seconds: The run's first step, which holds the compiling.
        step_seconds: The median of the epochs' median steps.
        images_per_second: Median over the epochs.
        all_epochs_seconds: All epochs with validation and everything else.
        peak_memory_bytes: The most that the process held.
        peak_gpu_memory_bytes: The same on the first GPU; None without one.
        draws_per_step: Random numbers that dropout draws; None where it was not noted.
        drift: How the seconds of an epoch changed over the run; None for a short one.
    """

    epoch_seconds: float | None
    spread_seconds: float | None
    first_step_seconds: float
    step_seconds: float
    images_per_second: float
    all_epochs_seconds: float
    peak_memory_bytes: int
    peak_gpu_memory_bytes: int | None
    draws_per_step: int | None
    drift: Drift | None

    @property
    def drifts(self) -> bool:
        """Whether epochs grew slower or faster: by a twentieth, and not by chance alone."""
        if self.drift is None:
            return False
        by_chance = self.drift.low <= 0 <= self.drift.high
        return not by_chance and abs(self.drift.last_to_first_third - 1) > DRIFT_THAT_COUNTS


def steady_epoch_seconds(run: Run) -> list[float]:
    """Seconds to train each epoch after the first, which alone holds the compiling."""
    return [epoch.train_seconds for epoch in run.epochs[1:]]


def measure_cost(run: Run) -> Cost:
    """The cost of a run that has finished at least one epoch."""
    epochs, seconds = run.epochs, steady_epoch_seconds(run)
    steady = epochs[1:] or epochs
    middle = median(seconds) if seconds else None
    gpu_peaks = [
        epoch.peak_gpu_memory_bytes for epoch in epochs if epoch.peak_gpu_memory_bytes is not None
    ]
    return Cost(
        epoch_seconds=middle,
        spread_seconds=median(abs(value - middle) for value in seconds) if middle else None,
        first_step_seconds=epochs[0].first_step_seconds,
        step_seconds=median(epoch.step_seconds for epoch in steady),
        images_per_second=median(epoch.images_per_second for epoch in steady),
        all_epochs_seconds=sum(epoch.total_seconds for epoch in epochs),
        peak_memory_bytes=max(epoch.peak_memory_bytes for epoch in epochs),
        peak_gpu_memory_bytes=max(gpu_peaks, default=None),
        draws_per_step=run.result.get("draws_per_step"),
        drift=drift(seconds),
    )
