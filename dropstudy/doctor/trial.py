"""Tries TensorFlow out: devices, precision, one training step.

``python -m dropstudy.doctor.trial FILE`` writes a line of JSON to FILE for each finding. It runs
in a process of its own, for a TensorFlow that does not fit the machine ends its process.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from dropstudy.doctor.finding import Finding
from dropstudy.doctor.machine import Gpu, find_nvidia_driver, judge_gpus
from dropstudy.doctor.verdicts import (
    Step,
    hardware_precisions,
    judge_determinism,
    judge_precision,
    judge_training,
)

if TYPE_CHECKING:
    from dropstudy.config import Experiment
    from dropstudy.training.runtime import RuntimeChoice

SETTINGS: dict[str, Any] = {
    "name": "doctor",
    "data": {"kind": "photos", "collection": "tiny", "patch_size": 32},
    "task": {"kind": "pixelate", "block": 4},
    "architecture": {"kind": "unet", "depth": 1, "filters": 8},
    "dropout": {"encoder": {"kind": "dropout", "rate": 0.1}},
    "training": {"batch_size": 4},
}
"""An experiment that is as small as one with a UNet, dropout and photographs can be."""
PRODUCT_SIDE = 128


def main(file: Path) -> None:
    """Writes each finding as soon as there is one: the next step may end this process."""
    with file.open("w", encoding="utf-8") as stream:
        for finding in examine_framework():
            stream.write(json.dumps(asdict(finding)) + "\n")
            stream.flush()


def examine_framework() -> Iterator[Finding]:
    """Tries TensorFlow on this machine; what cannot be done is raised."""
    import keras
    import tensorflow as tf

    backend = keras.backend.backend()
    yield Finding("tensorflow", "ok", f"{tf.__version__}, Keras {keras.__version__} on {backend}")

    from dropstudy.config import Experiment
    from dropstudy.training.runtime import configure_runtime

    gpus = _describe_gpus()
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    yield judge_gpus(gpus, find_nvidia_driver(), chosen=chosen)
    experiment = Experiment.model_validate(SETTINGS)
    choice = configure_runtime(experiment.runtime)
    yield _examine_precision(choice, gpus)
    first, again = (_train_step(experiment, choice) for _ in range(2))
    yield judge_training(first)
    yield judge_determinism(first, again, device=choice.device)


def _describe_gpus() -> list[Gpu]:
    import tensorflow as tf

    gpus = []
    for device in tf.config.list_physical_devices("GPU"):
        details = tf.config.experimental.get_device_details(device)
        name = str(details.get("device_name", device.name))
        gpus.append(Gpu(name, details.get("compute_capability", (0, 0))))
    return gpus


def _examine_precision(choice: "RuntimeChoice", gpus: list[Gpu]) -> Finding:
    from dropstudy.runs.environment import processor_flags

    used = [gpu.capability for gpu in gpus[: len(choice.device_names)] if choice.device == "gpu"]
    errors = {dtype: _product_error(dtype) for dtype in ("float32", "float16", "bfloat16")}
    return judge_precision(
        choice.precision,
        choice.precision_reason,
        in_hardware=hardware_precisions(choice.precision, processor_flags(), used),
        errors=errors,
    )


def _product_error(dtype: str) -> float:
    """How far products in a precision are from the true ones, as a share of their own size."""
    import numpy as np
    from keras import ops

    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((2, PRODUCT_SIDE, PRODUCT_SIDE))
    product = ops.matmul(ops.convert_to_tensor(left, dtype), ops.convert_to_tensor(right, dtype))
    found = np.asarray(ops.convert_to_numpy(ops.cast(product, "float32")), dtype=np.float64)
    true = left @ right
    return float(np.sqrt(np.mean((found - true) ** 2) / np.mean(true**2)))


def _train_step(experiment: "Experiment", choice: "RuntimeChoice") -> Step:
    """Builds a network, trains it for one step and restores an image, as a run does."""
    import numpy as np

    from dropstudy.imaging.evaluation import prepare_evaluation
    from dropstudy.imaging.patches import PatchSampler
    from dropstudy.imaging.sources import load_split
    from dropstudy.training.assembly import build_experiment_network
    from dropstudy.training.losses import make_loss
    from dropstudy.training.optimizers import make_optimizer
    from dropstudy.training.runtime import make_strategy
    from dropstudy.training.steps import make_evaluation, make_train_step

    start = perf_counter()
    training, data, task = experiment.training, experiment.data, experiment.task
    split = load_split(data)
    multiple = experiment.architecture.size_multiple
    [image] = prepare_evaluation(
        split.validation[:1], task, largest=data.evaluation_size, multiple=multiple
    )
    sampler = PatchSampler(split.training, data, task=task, seed=experiment.seed)
    strategy = make_strategy(choice)
    with strategy.scope():
        network = build_experiment_network(experiment)
        optimizer = make_optimizer(training, steps_per_epoch=1, precision=choice.precision)
        optimizer.build(network.trainable_variables)
    loss = make_loss(training.loss, patch_size=data.patch_size)
    train = make_train_step(network, optimizer, loss, strategy=strategy, xla=choice.xla)
    before = network.get_weights()
    train_loss = float(train(sampler.batch(1, 0, training.batch_size)))
    evaluate = make_evaluation(network, loss)
    restored, evaluation_loss = evaluate(image.degraded, image.clean)
    weights = network.get_weights()
    outcome = hashlib.sha256(b"".join(array.tobytes() for array in (*weights, restored)))
    return Step(
        train_loss=train_loss,
        evaluation_loss=evaluation_loss,
        has_learned=any(map(lambda old, new: bool(np.any(old != new)), before, weights)),
        outcome=outcome.hexdigest(),
        seconds=perf_counter() - start,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
