"""Takes a training's tensors out of TensorFlow and puts them back, bit for bit."""

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.checkpoints import NETWORK
from dropstudy.runs.tensors import Tensors
from dropstudy.training.fitting import Fit


def capture_network(fit: Fit) -> Tensors:
    """The network's weights, moving averages and the states of its dropout masks."""
    return {name: part.numpy() for name, part in _parts(fit, _name_network(fit.network))}


def capture_optimizer(fit: Fit) -> Tensors:
    """All of the optimizer: slots, step, loss scale."""
    return {name: part.numpy() for name, part in _parts(fit, _name_optimizer(fit.optimizer))}


def restore_network(fit: Fit, tensors: Tensors) -> None:
    """Puts back what ``capture_network`` took; other tensors are passed over.

    Raises:
        RunDirectoryError: A tensor is missing or has another shape or type.
    """
    _restore(_parts(fit, _name_network(fit.network)), tensors)


def restore_training(fit: Fit, tensors: Tensors) -> None:
    """Puts back what both took of a network and its optimizer; other tensors are passed over.

    Raises:
        RunDirectoryError: A tensor is missing or has another shape or type.
    """
    restore_network(fit, tensors)
    _restore(_parts(fit, _name_optimizer(fit.optimizer)), tensors)


def warm_up(fit: Fit) -> None:
    """Compiles the step and the evaluation; what they changed must be put back after it.

    A resumed epoch would otherwise hold the seconds of a second compilation.
    """
    float(fit.train_step(fit.sampler.batch(1, 0, fit.training.batch_size)))
    image = fit.validation[0]
    fit.evaluate(image.degraded, image.clean)


def _restore(parts: Iterator[tuple[str, Any]], tensors: Tensors) -> None:
    for name, part in parts:
        tensor = tensors.get(name)
        if (
            tensor is None
            or tensor.shape != part.shape
            or tensor.dtype != part.dtype.as_numpy_dtype
        ):
            found = "missing" if tensor is None else f"{tensor.dtype} of shape {tensor.shape}"
            wanted = f"{part.dtype.name} of shape {tuple(part.shape)}"
            raise RunDirectoryError(f"the checkpoint's {name} is {found}; wanted is {wanted}")
        part.assign(tensor)


def _parts(fit: Fit, named: Mapping[str, Any]) -> Iterator[tuple[str, tf.Variable]]:
    """Each variable, once for every replica that has its own."""
    for name, variable in named.items():
        parts = fit.strategy.experimental_local_results(variable.value)
        for index, part in enumerate(parts):
            yield (name if index == 0 else f"{name}@{index}"), part


def _name_network(network: keras.Model) -> dict[str, Any]:
    """The network's variables by layer; Keras' own paths count up within a process."""
    return {
        f"{NETWORK}{layer.name}/{variable.name}": variable
        for layer in network.layers
        for variable in layer.variables
    }


def _name_optimizer(optimizer: keras.optimizers.Optimizer) -> dict[str, Any]:
    named = {}
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        inner = optimizer.inner_optimizer
        of_inner = {id(variable) for variable in inner.variables}
        own = [variable for variable in optimizer.variables if id(variable) not in of_inner]
        named = {f"loss_scale/{variable.name}": variable for variable in own}
        optimizer = inner
    return named | {f"optimizer/{variable.name}": variable for variable in optimizer.variables}
