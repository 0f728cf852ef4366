"""Dropout's and activations' arithmetic in TensorFlow and XLA: one pass over the features.

Every value hashes its own index, together with the keys of a training step, to 32 random
bits. XLA fuses the hash, the comparison, the activation before it and the product into one
loop; the backward pass hashes again instead of keeping
a mask; for ``dropblock`` alone a byte a value is kept. The loops are compiled also where the
step around them is not; small ones, but dropblock's, are left to TensorFlow's own operations,
which do the same.
"""

import math
from collections.abc import Callable
from functools import cache
from math import prod
from typing import Any, Literal, TypeAlias, assert_never

import keras
import tensorflow as tf

Noise = Literal["bernoulli", "gaussian"]
ShareDropped: TypeAlias = float | tf.Tensor
"""A number, or where it changes from step to step a scalar float32 below 1."""

_INDEX_LIMIT = 2**31
_LEAKY_SLOPE = 0.2
"""Of ``leaky_relu`` below 0, as Keras has it."""
_WORTH_COMPILING = {"words": 2**12, "features": 2**18}
"""From where on a thousand steps win more than compiling takes: each loop some 0.1 s."""


@tf.custom_gradient
def leaky_relu(features: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    """Keras' ``leaky_relu``, whose gradient looks at what came out: its sign is the input's.

    For the gradient of Keras', TensorFlow keeps what went in, and so cannot compute the
    activation as part of the convolution before it.
    """
    activated = tf.nn.leaky_relu(features, _LEAKY_SLOPE)

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return tf.raw_ops.LeakyReluGrad(gradients=upstream, features=activated, alpha=_LEAKY_SLOPE)

    return activated, gradient


def step_keys(seed: Any) -> tf.Tensor:
    """Two random words for one layer's mask of one training step.

    Args:
        seed: The layer's seed and its step, two integers.

    Returns:
        Shape ``(2,)``, uint32, by Philox (Salmon 2011), alike on every device.
    """
    return tf.random.stateless_uniform(
        (2,), seed=tf.cast(seed, tf.int32), minval=None, maxval=None, dtype=tf.uint32, alg="philox"
    )


def multiply_noise(
    features: tf.Tensor,
    keys: tf.Tensor,
    *,
    rate: ShareDropped,
    noise: Noise,
    shared_axes: tuple[int, ...],
    activation: str | None,
) -> tf.Tensor:
    """Multiplies the activated features by noise of mean 1; its gradient uses the same noise.

    Args:
        features: Shape ``(batch, height, width, channels)``, known when it is compiled.
        keys: Of the step, by ``step_keys``.
        rate: ``bernoulli``: share of zeros, exact to 2⁻³²; ``gaussian``: of the variance
            rate/(1 − rate).
        noise: ``bernoulli`` zeros values and divides the others by 1 − rate.
        shared_axes: Axes along which all values get the same noise.
        activation: Keras' name of what is applied to the features first; None: nothing.

    Raises:
        ValueError: A side of the features is not known.
    """
    _refuse_unknown_sides(features)
    units = [1 if axis in shared_axes else side for axis, side in enumerate(features.shape)]
    is_compiled = (
        prod(units) >= _WORTH_COMPILING["words"]
        or prod(features.shape) >= _WORTH_COMPILING["features"]
    )
    forward, backward = _make_passes(noise, bool(shared_axes), activation, is_compiled)
    # Within the loop, words that many values share would be drawn for each of them.
    source = random_words(units, keys) if shared_axes else keys
    # Both go into the loop, so that another rate compiles nothing anew.
    strength = tf.convert_to_tensor(_find_strength(noise, rate), tf.float32)
    words = tf.convert_to_tensor(_to_word(rate), tf.uint32)

    @tf.custom_gradient
    def multiply(inputs: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            return backward(upstream, inputs, source, words, strength)

        return forward(inputs, source, words, strength), gradient

    return multiply(features)


def drop_blocks(
    features: tf.Tensor, keys: tf.Tensor, *, start_rate: ShareDropped, block: tuple[int, int]
) -> tf.Tensor:
    """Zeros blocks of each feature map and scales the rest by the share of it.

    The mask, a byte a value, is kept for the gradient.

    Args:
        features: Shape ``(batch, height, width, channels)``, known when it is compiled.
        keys: Of the step, by ``step_keys``.
        start_rate: How often a block starts at a place where it fits.
        block: Height and width of a block, none larger than the map's.

    Raises:
        ValueError: A side of the features is not known.
    """
    _refuse_unknown_sides(features)
    words = tf.convert_to_tensor(_to_word(start_rate), tf.uint32)
    kept, count = _keep_outside_blocks(tuple(features.shape), block)(keys, words)
    scale = tf.size(kept, tf.float32) / tf.cast(tf.maximum(count, 1), tf.float32)

    @tf.custom_gradient
    def multiply(inputs: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        return _keep(inputs, kept, scale), lambda upstream: _keep(upstream, kept, scale)

    return multiply(features)


def _refuse_unknown_sides(features: tf.Tensor) -> None:
    if None in features.shape:
        raise ValueError(f"dropout trains on features of known sides only, not {features.shape}")


@tf.function(jit_compile=True, autograph=False)
def _keep(features: tf.Tensor, kept: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.where(kept, tf.cast(features, tf.float32) * scale, 0.0), features.dtype)


@cache
def _keep_outside_blocks(
    shape: tuple[int, ...], block: tuple[int, int]
) -> Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """From keys and how often a block starts to what is kept, and how many values that is."""
    batch, height, width, channels = shape

    @tf.function(jit_compile=True, autograph=False)
    def keep(keys: tf.Tensor, words: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        places = [batch, height - block[0] + 1, width - block[1] + 1, channels]
        dropped = random_words(places, keys) < words
        for axis, side in zip((2, 1), reversed(block), strict=True):
            dropped = _widen(dropped, axis, side)
        kept = tf.logical_not(dropped)
        return kept, tf.reduce_sum(tf.cast(kept, tf.int32))

    compiled: Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]] = keep
    return compiled


def _widen(starts: tf.Tensor, axis: int, side: int) -> tf.Tensor:
    """Where along ``axis`` one of the ``side`` last places is set; longer by ``side`` - 1."""
    margins = [[side - 1] * 2 if number == axis else [0, 0] for number in range(4)]
    padded = tf.pad(starts, margins)
    sizes = [-1 if number != axis else padded.shape[axis] - side + 1 for number in range(4)]
    widened = tf.zeros((), tf.bool)
    for first in range(side):
        begin = [first if number == axis else 0 for number in range(4)]
        widened |= tf.slice(padded, begin, sizes)
    return widened


@cache
def _make_passes(
    noise: Noise, is_shared: bool, activation: str | None, is_compiled: bool
) -> tuple[Callable[..., tf.Tensor], Callable[..., tf.Tensor]]:
    """The forward and the backward pass; one pair serves all layers that do the same."""
    activate = _find_activation(activation)

    def draw(values: tf.Tensor, source: tf.Tensor) -> tf.Tensor:
        return source if is_shared else random_words(list(values.shape), source)

    compile_if_large = (
        tf.function(jit_compile=True, autograph=False) if is_compiled else (lambda loop: loop)
    )

    @compile_if_large
    def forward(
        features: tf.Tensor, source: tf.Tensor, words: tf.Tensor, strength: tf.Tensor
    ) -> tf.Tensor:
        values = tf.cast(features, tf.float32)
        if activate is not None:
            values = activate(values)
        return tf.cast(
            _spread(values, noise, draw(values, source), words, strength), features.dtype
        )

    if activate is None:  # its own backward pass
        return forward, lambda upstream, _, *rest: forward(upstream, *rest)

    @compile_if_large
    def backward(
        upstream: tf.Tensor,
        features: tf.Tensor,
        source: tf.Tensor,
        words: tf.Tensor,
        strength: tf.Tensor,
    ) -> tf.Tensor:
        values = tf.cast(features, tf.float32)
        arriving = _spread(
            tf.cast(upstream, tf.float32), noise, draw(values, source), words, strength
        )
        with tf.GradientTape() as tape:
            tape.watch(values)
            activated = activate(values)
        return tf.cast(tape.gradient(activated, values, arriving), features.dtype)

    return forward, backward


def _find_activation(name: str | None) -> Callable[[tf.Tensor], tf.Tensor] | None:
    """Keras' activation, or our own, where there is one.

    A single ``leaky_relu`` of Keras' in a step has TensorFlow fail to join any operations of it.
    """
    if name is None:
        return None
    found: Callable[[tf.Tensor], tf.Tensor] = keras.activations.get(name)
    return leaky_relu if name == "leaky_relu" else found


def _spread(
    values: tf.Tensor, noise: Noise, bits: tf.Tensor, words: tf.Tensor, strength: tf.Tensor
) -> tf.Tensor:
    """The values times the noise that ``bits`` stand for; ``words`` is the rate as bits."""
    match noise:
        case "bernoulli":
            return tf.where(bits >= words, values * strength, 0.0)
        case "gaussian":
            return values * (1 + strength * _to_normal(bits))
        case _:
            assert_never(noise)


def _find_strength(noise: Noise, rate: ShareDropped) -> ShareDropped:
    """What kept values are multiplied by, or the standard deviation of Gaussian noise."""
    match noise:
        case "bernoulli":
            return 1 / (1 - rate)
        case "gaussian":
            odds = rate / (1 - rate)
            return math.sqrt(odds) if isinstance(odds, float) else tf.sqrt(odds)
        case _:
            assert_never(noise)


def random_words(shape: list[int], keys: tf.Tensor) -> tf.Tensor:
    """32 random bits for each place of ``shape``, as a function of its index and two keys.

    The index and the first key make a Weyl sequence, which is mixed with the second key by the
    rounds of ``lowbias32`` (Wellons 2018). With the first key alone, steps whose ranges of
    indices overlap would draw the same words. No word comes twice within a step: the share
    dropped of n values varies by √(1 − n/2³²) of what independent draws would vary by.

    Returns:
        Shape ``shape``, uint32.
    """
    size = prod(shape)
    if size >= _INDEX_LIMIT:
        raise ValueError(f"a mask of {size:,} values is 2³¹ or more; give a smaller batch")
    index = tf.cast(tf.reshape(tf.range(size, dtype=tf.int32), shape), tf.uint32)
    word = (index + keys[0]) * tf.constant(0x9E3779B9, tf.uint32)
    word = _fold(word ^ keys[1], 16) * tf.constant(0x7FEB352D, tf.uint32)
    word = _fold(word, 15) * tf.constant(0x846CA68B, tf.uint32)
    return _fold(word, 16)


def _to_word(rate: ShareDropped) -> int | tf.Tensor:
    """Below which number a share of ``rate`` of all words lies."""
    if tf.is_tensor(rate):
        return tf.cast(tf.cast(rate * 2.0**32, tf.int64), tf.uint32)
    return min(round(rate * 2**32), 2**32 - 1)


def _fold(word: tf.Tensor, bits: int) -> tf.Tensor:
    return word ^ tf.bitwise.right_shift(word, tf.constant(bits, tf.uint32))


def _to_normal(word: tf.Tensor) -> tf.Tensor:
    """Standard normal numbers, up to ±5.3, by the inverse of their distribution.

    Takes 23 bits: with the half added, a 24th would round some of them to 1, and to infinity.
    """
    places = tf.cast(tf.bitwise.right_shift(word, tf.constant(9, tf.uint32)), tf.int32)
    uniform = (tf.cast(places, tf.float32) + 0.5) * 2.0**-22 - 1.0
    return tf.math.erfinv(uniform) * 2.0**0.5
