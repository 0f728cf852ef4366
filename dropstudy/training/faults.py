"""What to do about a training that ran out of memory, or out of numbers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import tensorflow as tf
from pydantic import ValidationError

from dropstudy.config import Experiment
from dropstudy.errors import NotFiniteError, OutOfMemoryError
from dropstudy.runs.changes import Change, find_changes
from dropstudy.training.runtime import RuntimeChoice


@contextmanager
def telling_ways_out(experiment: Experiment, runtime: RuntimeChoice) -> Iterator[None]:
    """Says what to do where the block runs out of memory, or out of numbers.

    Raises:
        OutOfMemoryError: It ran out of memory.
        NotFiniteError: A loss is not finite.
    """
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError):
        raise OutOfMemoryError(_explain_memory(experiment, runtime)) from None
    except NotFiniteError as error:
        if runtime.precision == "float32":
            raise
        raise NotFiniteError(
            f"{error}, or runtime.precision=float32; recovery.not_finite=float32 starts over "
            "in it by itself"
        ) from None


@dataclass(frozen=True)
class Remedy:
    """With what a run starts over after a fault.

    Attributes:
        experiment: With the changes.
        changes: What is no longer as it was.
        reason: What went wrong.
    """

    experiment: Experiment
    changes: list[Change]
    reason: str

    def __str__(self) -> str:
        """Reason and changes in words."""
        changes = ", ".join(f"{change.key}={change.new}" for change in self.changes)
        return f"{self.reason}; starting over with {changes}"


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
    try:
        changed = Experiment.model_validate_json(json.dumps(new))
    except ValidationError:  # such as a batch that the replicas cannot share
        return None
    reason = str(fault).partition(";")[0]
    return Remedy(changed, find_changes(old, new, reason=reason), reason)


def _explain_memory(experiment: Experiment, runtime: RuntimeChoice) -> str:
    batch, patch = experiment.training.batch_size, experiment.data.patch_size
    ways = [f"training.batch_size={batch // 2} (now {batch})"] if batch > 1 else []
    if runtime.precision == "float32":
        lighter = "mixed_bfloat16" if runtime.device == "cpu" else "mixed_float16"
        ways.append(f"runtime.precision={lighter} (now float32)")
    ways.append(f"a smaller data.patch_size (now {patch})")
    by_itself = (
        "; recovery.out_of_memory=halve_batch starts over with half the batch by itself"
        if batch > 1 and experiment.recovery.out_of_memory == "stop"
        else ""
    )
    return (
        f"out of memory on the {runtime.device.upper()}; try a new run with {', '.join(ways)} "
        f"or fewer architecture.filters (now {experiment.architecture.filters}){by_itself}"
    )
