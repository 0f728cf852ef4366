"""Puts the parts of a training together: network, optimizer, loss, compiled steps, batches."""

from collections.abc import Callable
from functools import cache

import keras

from dropstudy.config import Experiment
from dropstudy.imaging.patches import PatchSampler
from dropstudy.models import build_network
from dropstudy.models.fast_layers import FAST_LAYERS
from dropstudy.models.scheduled_layers import ScheduledDropout
from dropstudy.training.fitting import Fit
from dropstudy.training.losses import make_loss
from dropstudy.training.optimizers import make_optimizer
from dropstudy.training.preparation import PreparedData
from dropstudy.training.runtime import RuntimeChoice, make_strategy, peak_gpu_memory_bytes
from dropstudy.training.steps import make_evaluation, make_train_step, separate_replica_masks


def assemble_fit(experiment: Experiment, *, data: PreparedData, runtime: RuntimeChoice) -> Fit:
    """Builds all that the training loop needs; compiling waits for the first step."""
    training = experiment.training
    sampler = PatchSampler(
        data.split.training, experiment.data, task=experiment.task, seed=experiment.seed
    )
    steps = training.steps_per_epoch or sampler.steps_per_epoch(training.batch_size)
    strategy = make_strategy(runtime)
    with strategy.scope():
        network = build_experiment_network(experiment, total_steps=training.epochs * steps)
        optimizer = make_optimizer(training, steps_per_epoch=steps, precision=runtime.precision)
        optimizer.build(network.trainable_variables)
    separate_replica_masks(network, strategy)
    loss = make_loss(training.loss, patch_size=experiment.data.patch_size)
    return Fit(
        network=network,
        export=_make_export(experiment, network),
        strategy=strategy,
        optimizer=optimizer,
        train_step=make_train_step(network, optimizer, loss, strategy=strategy, xla=runtime.xla),
        evaluate=make_evaluation(network, loss),
        sampler=sampler,
        training=training,
        steps_per_epoch=steps,
        validation=data.images.validation,
        training_images=data.images.training,
        gpu_memory=lambda: peak_gpu_memory_bytes(runtime),
    )


def build_experiment_network(
    experiment: Experiment, *, size: int | None = None, total_steps: int | None = None
) -> keras.Model:
    """The experiment's network with its initial weights, for images of any or one size.

    With ``total_steps`` it is one to train, whose dropout follows its schedule.
    """
    return build_network(
        experiment.architecture,
        experiment.dropout,
        channels=experiment.data.channel_count,
        seed=experiment.seed,
        size=size,
        total_steps=total_steps,
    )


def _make_export(experiment: Experiment, network: keras.Model) -> Callable[[], keras.Model]:
    """What gives the network's weights to a twin of reference layers, and returns that."""
    reference = experiment.dropout.model_copy(update={"kernel": "keras"})
    # Built when it is first wanted: the first training step should not wait for it.
    build = cache(
        lambda: build_experiment_network(experiment.model_copy(update={"dropout": reference}))
    )

    def export() -> keras.Model:
        twin = build()
        for layer in network.layers:
            if layer.weights:
                twin.get_layer(layer.name).set_weights(layer.get_weights())
        return twin

    of_training = (*FAST_LAYERS, ScheduledDropout)
    is_standard = not any(isinstance(layer, of_training) for layer in network.layers)
    return (lambda: network) if is_standard else export
