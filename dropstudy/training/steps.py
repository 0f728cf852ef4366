"""The two compiled functions of a training: one step, and one evaluation."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.patches import Batch
from dropstudy.seeds import derive_seed
from dropstudy.training.losses import Loss

TrainStep = Callable[[Batch], Any]
"""Fits the network to one batch and returns its mean loss, a scalar on the device."""

Evaluate = Callable[[Floats, Floats], tuple[Floats, float]]
"""From one degraded and clean image to the restored one and its loss, dropout off."""


def make_train_step(
    network: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: Loss,
    *,
    strategy: tf.distribute.Strategy,
    xla: bool,
) -> TrainStep:
    """Compiles the training step, which spreads each batch over the strategy's replicas.

    The step's loss is the mean over the whole batch, in float32.
    """
    replicas = strategy.num_replicas_in_sync
    weights = network.trainable_variables

    def fit_part(degraded: tf.Tensor, clean: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = loss(network(degraded, training=True), clean)
            value = tf.reduce_mean(losses) / replicas
            scaled = optimizer.scale_loss(value)
        optimizer.apply(tape.gradient(scaled, weights), weights)
        return value

    # Nothing in it is for AutoGraph, whose look at each function takes a quarter of the tracing.
    fit_batch: Any = tf.function(fit_part, jit_compile=xla, autograph=False)
    if replicas == 1:
        return lambda batch: fit_batch(tf.constant(batch.degraded), tf.constant(batch.clean))

    @tf.function(autograph=False)
    def fit_spread(degraded: Any, clean: Any) -> tf.Tensor:
        parts = strategy.run(fit_part, args=(degraded, clean))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, parts, axis=None)

    def spread(images: Floats) -> Any:
        parts = np.split(images, replicas)
        return strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group])
        )

    return lambda batch: fit_spread(spread(batch.degraded), spread(batch.clean))


def make_evaluation(network: keras.Model, loss: Loss) -> Evaluate:
    """Compiles the evaluation once for images of every size."""
    channels = network.input_shape[-1]
    signature = [tf.TensorSpec((1, None, None, channels))] * 2

    @tf.function(input_signature=signature, jit_compile=False, autograph=False)
    def restore(degraded: tf.Tensor, clean: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        restored = network(degraded, training=False)
        return restored[0], loss(restored, clean)[0]

    def evaluate(degraded: Floats, clean: Floats) -> tuple[Floats, float]:
        restored, value = restore(degraded[np.newaxis], clean[np.newaxis])
        return restored.numpy(), float(value)

    return evaluate


def separate_replica_masks(network: keras.Model, strategy: tf.distribute.Strategy) -> None:
    """Gives each replica its own stream of dropout masks.

    Keras seeds a layer's masks alike on every replica, and so would drop the same places
    of different images. The first replica keeps the seeds of a single device.
    """
    for layer in network.layers:
        generator = getattr(layer, "seed_generator", None)
        if generator is None:
            continue
        states = strategy.experimental_local_results(generator.state.value)
        for replica, state in enumerate(states):
            if replica:
                seed, counter = (int(number) for number in state.numpy())
                state.assign([derive_seed(seed, "replica", replica), counter])
