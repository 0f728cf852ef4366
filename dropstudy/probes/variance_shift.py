"""How far dropout sets batch normalization's variances off (Li 2019)."""

from collections.abc import Iterable, Iterator
from statistics import fmean
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from dropstudy.imaging.arrays import Floats

_RATED = (keras.layers.Dropout, keras.layers.SpatialDropout2D, keras.layers.GaussianDropout)
"""Each multiplies by noise of mean 1 and second moment 1/(1 − rate)."""
_HOMOGENEOUS = ("relu", "leaky_relu")
"""Activations through which a factor that is not negative passes unchanged."""

Vector = NDArray[np.float64]


def measure_variance_shift(
    network: keras.Model, batches: Iterable[Floats], *, final_factor: float = 1.0
) -> dict[str, float]:
    """Compares the variances that batch normalization meets with those that it learned.

    A layer learns the variance of its input in training, dropout on, and divides by it in use,
    dropout off. Its shift is the ratio of the two, the larger over the smaller, averaged over its
    channels; 1 is none. To both the layer's ε is added, as the layer does, so that
    channels that are always 0 have none. Moving averages also lag behind a network that still
    learns: an arm without dropout shows by how much. And what one layer shifts reaches the layers
    after it, which in use meet smaller variances than in training: so a network's shift may
    exceed the closed form, which is of a layer by itself.

    Args:
        network: A trained one, of Keras' own layers.
        batches: Degraded training images, shape ``(batch, height, width, channels)``.
        final_factor: How large dropout's rates were in the end, as a share of the layers'.

    Returns:
        ``mean`` and ``maximum`` over the layers; and over those with dropout right before them
        ``behind_dropout``, their mean, and ``predicted``, what ``expected_variance_ratio`` gives.
        Without such layers no such numbers.
    """
    norms = [
        layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    if not norms:
        return {}
    shifts, behind, predicted = [], [], []
    for norm, (mean, real) in zip(norms, _input_moments(network, norms, batches), strict=True):
        learned = keras.ops.convert_to_numpy(norm.moving_variance).astype(np.float64)
        shift = _shift((real + norm.epsilon) / (learned + norm.epsilon))
        shifts.append(shift)
        rate = (find_rate_before(norm) or 0.0) * final_factor
        if rate:
            behind.append(shift)
            ratio = expected_variance_ratio(mean, real, kept=1 - rate, epsilon=norm.epsilon)
            predicted.append(_shift(ratio))
    values = {"mean": fmean(shifts), "maximum": max(shifts)}
    if behind:
        values |= {"behind_dropout": fmean(behind), "predicted": fmean(predicted)}
    return values


def expected_variance_ratio(
    mean: Vector, variance: Vector, *, kept: float, epsilon: float = 0.0
) -> Vector:
    """The variance without dropout over the one with it, right behind a dropout layer.

    v / [(c² + v)/q − c²] for mean c, variance v and share kept q (Li 2019, section 3.1). Exact
    for masks of single values and many samples; a mask of whole maps also moves the mean of a
    small batch, so that less of its variance is met within the batch.

    Args:
        mean: Of the dropout's input.
        variance: The same.
        kept: The share that is not dropped.
        epsilon: What is added to both variances.
    """
    dropped = (np.square(mean) + variance) / kept - np.square(mean)
    ratio: Vector = (variance + epsilon) / (dropped + epsilon)
    return ratio


def find_rate_before(norm: keras.layers.Layer) -> float | None:
    """The rate of the dropout right before a layer; an activation such as ReLU may stand between.

    Returns:
        None where another layer is before it, which mixes channels or places.
    """
    layer = _producer(norm)
    while isinstance(layer, keras.layers.Activation) and layer.activation.__name__ in _HOMOGENEOUS:
        layer = _producer(layer)
    return float(layer.rate) if isinstance(layer, _RATED) else None


def _producer(layer: Any) -> Any:
    """The layer whose output is this one's input."""
    return layer.input._keras_history.operation


def _shift(ratios: Vector) -> float:
    return float(np.maximum(ratios, 1 / ratios).mean())


def _input_moments(
    network: keras.Model, norms: list[Any], batches: Iterable[Floats]
) -> Iterator[tuple[Vector, Vector]]:
    """Mean and variance of each channel of each layer's input, dropout off."""
    inputs = keras.Model(network.input, [norm.input for norm in norms])
    firsts: list[list[Vector]] = [[] for _ in norms]
    squares: list[list[Vector]] = [[] for _ in norms]
    for batch in batches:
        for place, features in enumerate(_listed(inputs(batch, training=False))):
            exact = keras.ops.cast(features, "float32")
            axes = tuple(range(len(exact.shape) - 1))
            firsts[place].append(_to_vector(keras.ops.mean(exact, axes)))
            squares[place].append(_to_vector(keras.ops.mean(keras.ops.square(exact), axes)))
    for first, square in zip(firsts, squares, strict=True):
        mean = np.mean(first, axis=0)
        yield mean, np.maximum(np.mean(square, axis=0) - np.square(mean), 0)


def _listed(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def _to_vector(tensor: Any) -> Vector:
    vector: Vector = keras.ops.convert_to_numpy(tensor).astype(np.float64)
    return vector
