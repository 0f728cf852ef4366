"""Puts the parts of a training together: network, optimizer, loss, compiled steps, batches."""

import keras

from dropstudy.config import Experiment
from dropstudy.imaging.patches import PatchSampler
from dropstudy.models import build_network
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
        network = build_experiment_network(experiment)
        optimizer = make_optimizer(training, steps_per_epoch=steps, precision=runtime.precision)
        optimizer.build(network.trainable_variables)
    separate_replica_masks(network, strategy)
    loss = make_loss(training.loss, patch_size=experiment.data.patch_size)
    return Fit(
        network=network,
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


def build_experiment_network(experiment: Experiment, *, size: int | None = None) -> keras.Model:
    """The experiment's network with its initial weights, for images of any or one size."""
    return build_network(
        experiment.architecture,
        experiment.dropout,
        channels=experiment.data.channel_count,
        seed=experiment.seed,
        size=size,
    )
