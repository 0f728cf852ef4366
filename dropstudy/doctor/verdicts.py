"""What the numbers of a tried-out TensorFlow mean."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from dropstudy.doctor.finding import Finding

FLOAT16_FLAGS = frozenset({"avx512_fp16", "amx_fp16"})
FLOAT16_COMPUTE_CAPABILITY = 7
LARGEST_ERRORS = {"float32": 1e-5, "float16": 2e-3, "bfloat16": 1e-2}
"""Of a product, as a share of its size. At least three times what rounding makes of it; TF32, which
must not stand in for float32, is off by 4e-4."""


@dataclass(frozen=True)
class Step:
    """What became of one training step and one restored image.

    Attributes:
        train_loss: Of the step.
        evaluation_loss: Of the restored image.
        has_learned: Whether the step changed any weight.
        outcome: A hash of all weights and of the restored image.
        seconds: Everything taken together, building and compiling too.
    """

    train_loss: float
    evaluation_loss: float
    has_learned: bool
    outcome: str
    seconds: float


def hardware_precisions(
    auto: str, flags: Collection[str], capabilities: Sequence[tuple[int, int]]
) -> tuple[str, ...]:
    """Which precisions the devices multiply in hardware.

    Args:
        auto: What ``precision: auto`` takes, which is bfloat16 wherever that is in hardware.
        flags: The processor's instruction sets.
        capabilities: Compute capabilities of the GPUs in use; none for the processor.
    """
    if capabilities:
        has_float16 = min(capabilities)[0] >= FLOAT16_COMPUTE_CAPABILITY
    else:
        has_float16 = not FLOAT16_FLAGS.isdisjoint(flags)
    others = {"mixed_float16": has_float16, "mixed_bfloat16": auto == "mixed_bfloat16"}
    return ("float32", *(name for name, has in others.items() if has))


def judge_precision(
    auto: str, reason: str, *, in_hardware: Collection[str], errors: Mapping[str, float]
) -> Finding:
    """Whether products come out as exact as their precision.

    Args:
        auto: What ``precision: auto`` takes.
        reason: Why.
        in_hardware: Precisions that need not be emulated.
        errors: Of products, as a share of their size, by the type that is multiplied.
    """
    wrong = {dtype: error for dtype, error in errors.items() if not error <= LARGEST_ERRORS[dtype]}
    if wrong:
        texts = [
            f"products in {dtype} are off by {error:.1g} of their size, more than "
            f"{LARGEST_ERRORS[dtype]:g}"
            for dtype, error in wrong.items()
        ]
        other = next((name for name in errors if name not in wrong), None)
        remedy = "dropstudy run FILE --set runtime.device=cpu"
        if "float32" in wrong:
            remedy = "unset NVIDIA_TF32_OVERRIDE, or " + remedy
        elif other:
            remedy = "dropstudy run FILE --set runtime.precision=float32"
        is_used = auto.removeprefix("mixed_") in wrong
        return Finding("precision", "fail" if is_used else "warn", "; ".join(texts), remedy)
    emulated = sorted({"float32", "mixed_float16", "mixed_bfloat16"}.difference(in_hardware))
    rest = f"emulated: {', '.join(emulated)}" if emulated else "all three in hardware"
    return Finding("precision", "ok", f"auto takes {auto}: {reason}; {rest}")


def judge_training(step: Step) -> Finding:
    """Whether a training step did what it should."""
    losses = (step.train_loss, step.evaluation_loss)
    if not all(map(math.isfinite, losses)):
        found = f"the losses of one step and one image are {losses[0]:g} and {losses[1]:g}"
        remedy = "dropstudy run FILE --set runtime.precision=float32"
        return Finding("training", "fail", found, remedy)
    if not step.has_learned:
        found = "one step changed no weight of the network"
        return Finding("training", "fail", found, "pip install --force-reinstall tensorflow keras")
    return Finding(
        "training",
        "ok",
        f"one step, compiled, and one image restored in {step.seconds:.1f} s, "
        f"loss {step.train_loss:.4f}",
    )


def judge_determinism(first: Step, again: Step, *, device: str) -> Finding:
    """Whether a run that is taken up again goes on exactly as it would have."""
    name, deterministic = "determinism", "dropstudy run FILE --set runtime.deterministic=true"
    is_same = first.outcome == again.outcome
    if device == "gpu":
        seen = "equal" if is_same else "different"
        found = f"not promised on a GPU; here a step done twice gave {seen} bits"
        return Finding(name, "warn", found, deterministic)
    if not is_same:
        found = "a step done twice gave different bits: runs cannot be resumed exactly"
        return Finding(name, "fail", found, deterministic)
    found = "a step done twice gave equal bits: runs are resumed exactly"
    return Finding(name, "ok", found)
