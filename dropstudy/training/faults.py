"""What to do about a training that ran out of memory, or out of numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import tensorflow as tf

from dropstudy.config import Experiment
from dropstudy.errors import NotFiniteError, OutOfMemoryError
from dropstudy.runs.changes import Change, find_changes
from dropstudy.training.runtime import RuntimeChoice


@contextmanager
def telling_memory(experiment: Experiment, device: str) -> Iterator[None]:
    """Says what to do where the block runs out of memory.

    Raises:
        OutOfMemoryError: It did.
    """
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError):
        batch, patch = experiment.training.batch_size, experiment.data.patch_size
        smaller = f"training.batch_size={batch // 2} (now {batch})" if batch > 1 else ""
        lighter = "" if experiment.runtime.precision != "float32" else "runtime.precision=auto"
        ways = [smaller, lighter, f"a smaller data.patch_size (now {patch})"]
        raise OutOfMemoryError(
            f"out of memory on the {device}: try {', '.join(filter(None, ways))} or fewer "
            "architecture.filters; recovery.out_of_memory=halve_batch starts over with half "
            "the batch by itself"
        ) from None


@dataclass(frozen=True)
class Remedy:
    """With what a run starts over after a fault.

    Attributes:
        experiment: With the changes.
        changes: What is no longer as it was.
    """

    experiment: Experiment
    changes: list[Change]

    def __str__(self) -> str:
        """The changes in words."""
        return ", ".join(f"{change.key}={change.new}" for change in self.changes)


def find_remedy(experiment: Experiment, runtime: RuntimeChoice, fault: Exception) -> Remedy | None:
    """What the experiment's ``recovery`` does about a fault; None: nothing."""
    recovery, training = experiment.recovery, experiment.training
    if isinstance(fault, OutOfMemoryError):
        if recovery.out_of_memory == "stop" or training.batch_size == 1:
            return None
        smaller = training.model_copy(update={"batch_size": training.batch_size // 2})
        changed = experiment.model_copy(update={"training": smaller})
    elif isinstance(fault, NotFiniteError):
        if recovery.not_finite == "stop" or runtime.precision == "float32":
            return None
        whole = experiment.runtime.model_copy(update={"precision": "float32"})
        changed = experiment.model_copy(update={"runtime": whole})
    else:
        return None
    old, new = (item.model_dump(mode="json") for item in (experiment, changed))
    reason = str(fault).partition(";")[0].partition(": try")[0]
    return Remedy(changed, find_changes(old, new, reason=reason))
