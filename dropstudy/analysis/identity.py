"""Whether a run's network restores its input or returns it."""

from math import isfinite

from dropstudy.imaging.identity import returns_input
from dropstudy.runs.reading import Run
from dropstudy.runs.records import EpochRecord


def input_returned(run: Run) -> bool | None:
    """Whether the network that the run's scores are of does no more than hand its input on.

    Returns:
        None where that is not known: before the first epoch, or of an older version.
    """
    return is_copy(run.final) if run.final else None


def is_copy(epoch: EpochRecord) -> bool | None:
    """Whether the network after an epoch hands its input on; None where it was not noted.

    Early epochs of a network with a residual output do, for it starts at that.
    """
    if epoch.val_identity_gain is None or epoch.val_copy_ratio is None:
        return None
    return returns_input(epoch.val_identity_gain, epoch.val_copy_ratio)


def describe_copying(epoch: EpochRecord) -> str:
    """How much of its input the network after an epoch returns; empty where it was not noted."""
    gain, ratio = epoch.val_identity_gain, epoch.val_copy_ratio
    if gain is None or ratio is None or not isfinite(gain + ratio):
        return ""
    return f"copy ratio {ratio:.3f}, {gain:+.2f} dB over the degraded image"
