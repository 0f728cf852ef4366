"""How fast runs got how good: at equal epochs, at equal seconds, to an equal quality."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from dropstudy.runs.reading import Run
from dropstudy.runs.records import EpochRecord


@dataclass(frozen=True)
class Yardstick:
    """What all of several runs have reached, so that they can be held against it.

    Attributes:
        epochs: The fewest epochs that one of them has.
        seconds: The fewest seconds of training that one of them took.
        psnr: A validation PSNR, in dB: the lowest of their best ones, or one of the user's.
    """

    epochs: int
    seconds: float
    psnr: float


@dataclass(frozen=True)
class Progress:
    """One run against the yardstick; its PSNRs are the best until then, in validation.

    Attributes:
        psnr_at_epochs: After the yardstick's epochs.
        psnr_at_seconds: After its seconds of training; None if no epoch was over by then.
        epochs_to_psnr: The first epoch as good as its PSNR; None if none was.
        seconds_to_psnr: The seconds of training until the end of that epoch.
    """

    psnr_at_epochs: float
    psnr_at_seconds: float | None
    epochs_to_psnr: int | None
    seconds_to_psnr: float | None


def training_seconds(epochs: Sequence[EpochRecord]) -> list[float]:
    """The seconds of training until the end of each epoch, the compiling left out."""
    compiling = max(epochs[0].first_step_seconds - epochs[0].step_seconds, 0.0)
    return [total - compiling for total in accumulate(epoch.train_seconds for epoch in epochs)]


def find_yardstick(runs: Sequence[Run], *, target: float | None = None) -> Yardstick:
    """What every one of ``runs``, each of at least one epoch, has reached.

    Args:
        runs: Those that are compared.
        target: A validation PSNR in dB to ask for instead of one that all have reached.
    """
    return Yardstick(
        epochs=min(len(run.epochs) for run in runs),
        seconds=min(training_seconds(run.epochs)[-1] for run in runs),
        psnr=min(max(epoch.val_psnr for epoch in run.epochs) for run in runs)
        if target is None
        else target,
    )


def measure_progress(run: Run, yardstick: Yardstick) -> Progress:
    """How one of the runs that ``yardstick`` was found in got there."""
    psnrs = [epoch.val_psnr for epoch in run.epochs]
    seconds = training_seconds(run.epochs)
    within = [psnr for psnr, time in zip(psnrs, seconds, strict=True) if time <= yardstick.seconds]
    reached = next((place for place, psnr in enumerate(psnrs) if psnr >= yardstick.psnr), None)
    return Progress(
        psnr_at_epochs=max(psnrs[: yardstick.epochs]),
        psnr_at_seconds=max(within, default=None),
        epochs_to_psnr=None if reached is None else run.epochs[reached].epoch,
        seconds_to_psnr=None if reached is None else seconds[reached],
    )
