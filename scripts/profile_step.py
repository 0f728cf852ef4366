"""What a training step spends its time on, by TensorFlow's profiler.

    python scripts/profile_step.py [--precision NAME ...] [--kind NAME ...] [--set KEY=VALUE ...]

The network is that of scripts/bench_training.py. Operations run one after the other here, so
that their times add up; each may still use all cores. A step's own time, from Python, stands
below: what it has more is the way into TensorFlow and out of it.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from dropstudy.training.framework import quiet_framework

sys.path.insert(0, str(Path(__file__).parent.parent))  # for the modules of scripts.bench

STEPS = 10
PRECISIONS = ("float32", "mixed_bfloat16")
KINDS = ("none", "dropout", "spatial")
GROUPS = {
    "convolutions, forward": (),
    "their gradients by inputs": (),
    "their gradients by weights": (),
    "dropout's loops": ("ExecuteAsyncOnStream",),
    "activations": ("Relu", "Elu", "Sigmoid", "Erf", "Tanh"),
    "biases": ("BiasAdd",),
    "pooling, concatenation": ("Pool", "Concat", "Slice", "AddN", "Pad"),
    "casts": ("Cast",),
    "optimizer": ("ResourceApply",),
    "loss and all else": ("",),
}
"""What an operation's type has in it; the first that fits counts. Dropout's loops hold the
activation before it, other activations may be part of a convolution."""
XLA_LOOP = "CpuExecutable::ExecuteAsyncOnStream"


@dataclass(frozen=True)
class Profile:
    """One network's step.

    Attributes:
        seconds: Of each group of operations, by its name.
        step_seconds: Of the step as Python sees it, while it is not profiled.
    """

    seconds: dict[str, float]
    step_seconds: float


def main() -> None:
    """Profiles all that is asked for and prints a table for each precision."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=PRECISIONS)
    parser.add_argument("--kind", nargs="+", default=KINDS, help="of dropout")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_framework("tensorflow"):
        import tensorflow as tf

        tf.config.threading.set_inter_op_parallelism_threads(1)
        for precision in arguments.precision:
            found = {kind: profile_step(kind, precision, arguments.set) for kind in arguments.kind}
            print(f"{precision}, ms a step\n{_format(found)}\n", flush=True)


def profile_step(kind: str, precision: str, overrides: list[str]) -> Profile:
    """Compiles the step of the benchmark's network and profiles some of it."""
    import tensorflow as tf

    from scripts.bench.experiments import Subject, prepare_data
    from scripts.bench.steps import compile_step

    experiment = Subject(kind=kind, precision=precision, overrides=overrides).experiment()
    step = compile_step(experiment, prepare_data(experiment))
    plain = median(step() for _ in range(STEPS))
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            for _ in range(STEPS):
                step()
        (file,) = Path(folder).rglob("*.xplane.pb")
        return Profile(_read(file), plain)


def _read(file: Path) -> dict[str, float]:
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace()
    space.ParseFromString(file.read_bytes())
    seconds: Counter[str] = Counter()
    for plane in space.planes:
        for line in plane.lines if "CPU" in plane.name else ():
            for event in line.events:
                found = plane.event_metadata[event.metadata_id].name
                name, _, operation = found.rpartition(":")
                if found == XLA_LOOP or (operation.isidentifier() and name[-1:] not in (":", "")):
                    seconds[_group(name, operation)] += event.duration_ps / 1e12 / STEPS
    return {group: seconds[group] for group in GROUPS}


def _group(name: str, operation: str) -> str:
    forward, by_inputs, by_weights, *others = GROUPS
    if "Conv2D" in operation:
        if "gradient_tape" not in name:  # a transposed convolution is a gradient by its inputs
            return forward
        return by_weights if "BackpropFilter" in operation else by_inputs
    return next(group for group in others if any(part in operation for part in GROUPS[group]))


def _format(found: dict[str, Profile]) -> str:
    lines = [f"{'':28}" + "".join(f"{kind:>16}" for kind in found)]
    totals = {kind: sum(profile.seconds.values()) for kind, profile in found.items()}
    for group in GROUPS:
        cells = (
            f"{profile.seconds[group] * 1e3:8.1f} ({profile.seconds[group] / totals[kind]:4.0%})"
            for kind, profile in found.items()
        )
        lines.append(f"{group:28}" + "".join(f"{cell:>16}" for cell in cells))
    lines.append(
        f"{'all operations':28}" + "".join(f"{total * 1e3:8.1f}{'':8}" for total in totals.values())
    )
    lines.append(
        f"{'the step, not profiled':28}"
        + "".join(f"{profile.step_seconds * 1e3:8.1f}{'':8}" for profile in found.values())
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
