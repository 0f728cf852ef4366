"""Trains on one device and on two replicas; a process of its own, since devices are set once.

Prints, as JSON, what ``test_replicas.py`` judges.
"""

import json
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dropstudy.config.architecture import Architecture
from dropstudy.config.dropout import Dropout
from dropstudy.config.runtime import PrecisionName, Runtime
from dropstudy.config.training import Training
from dropstudy.imaging.patches import Batch
from dropstudy.models import build_network
from dropstudy.training.losses import make_loss
from dropstudy.training.optimizers import make_optimizer
from dropstudy.training.runtime import configure_runtime, make_strategy
from dropstudy.training.steps import make_evaluation, make_train_step, separate_replica_masks
from tests.training.tiny import waves

STEPS = 4
TRAINING = Training.model_validate(
    {"epochs": 2, "schedule": {"kind": "cosine", "warmup_epochs": 0}}
)
DROPOUT = {
    "encoder": {"kind": "spatial", "rate": 0.5},
    "bottleneck": {"kind": "dropout", "rate": 0.5},
    "head": {"kind": "gaussian", "rate": 0.5},
}


def _build(dropout: dict[str, Any]) -> keras.Model:
    tiny = Architecture(kind="autoencoder", depth=1, filters=2, convolutions=1)
    return build_network(tiny, Dropout.model_validate(dropout), channels=3, seed=0)


def _train(
    strategy: tf.distribute.Strategy, precision: PrecisionName = "float32"
) -> tuple[keras.Model, list[float]]:
    keras.config.set_dtype_policy(precision)
    with strategy.scope():
        network = _build({})
        optimizer = make_optimizer(TRAINING, steps_per_epoch=STEPS // 2, precision=precision)
        optimizer.build(network.trainable_variables)
    loss = make_loss("mse", patch_size=16)
    step = make_train_step(network, optimizer, loss, strategy=strategy, xla=False)
    images = waves(4 * STEPS)
    batches = [Batch(degraded=1 - part, clean=part) for part in np.split(images, STEPS)]
    return network, [float(step(batch)) for batch in batches]


def _compare(one: tf.distribute.Strategy, two: tf.distribute.Strategy) -> dict[str, Any]:
    (first, losses), (second, spread) = (_train(strategy) for strategy in (one, two))
    image = waves(1)[0]
    restored = [
        make_evaluation(network, make_loss("mse", patch_size=16))(image, image)[0].tolist()
        for network in (first, second)
    ]
    weights = [np.concatenate([w.ravel() for w in n.get_weights()]) for n in (first, second)]
    return {
        "losses": [losses, spread],
        "weights": [values.tolist() for values in weights],
        "restored": restored,
    }


def _masks(strategy: tf.distribute.Strategy) -> dict[str, list[Any]]:
    """What each dropout layer multiplies by: step by step, and in each replica by replica."""
    with strategy.scope():
        network = _build(DROPOUT)
    separate_replica_masks(network, strategy)
    found = {}
    for layer in (layer for layer in network.layers if layer.name.endswith("_dropout")):
        shape = (16, 4, 4, layer.output.shape[-1])

        def multiply(layer: Any = layer, shape: Any = shape) -> Any:
            return layer(tf.ones(shape), training=True)

        step = tf.function(lambda multiply=multiply: strategy.run(multiply))
        steps = [strategy.experimental_local_results(step()) for _ in range(3)]
        found[layer.name] = [[mask.numpy().tolist() for mask in step] for step in steps]
    return found


def main() -> None:
    """Prints all comparisons."""
    choice = configure_runtime(Runtime(device="cpu", replicas=2, precision="float32"))
    two, one = make_strategy(choice), make_strategy(replace(choice, device_names=("CPU:0",)))
    report = {
        "replicas": [one.num_replicas_in_sync, two.num_replicas_in_sync],
        "compared": _compare(one, two),
        "float16": _train(two, precision="mixed_float16")[1],
        "masks": {"one": _masks(one), "two": _masks(two)},
    }
    print(json.dumps(report))  # noqa: T201 - the report is read from standard output


if __name__ == "__main__":
    main()
