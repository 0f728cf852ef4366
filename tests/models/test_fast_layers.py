from collections.abc import Callable
from functools import partial
from typing import Any, get_args

import keras
import numpy as np
import pytest
import tensorflow as tf

from dropstudy.config.architecture import Architecture
from dropstudy.config.dropout import Dropout, RatedDropout
from dropstudy.models.dropout import can_activate, dropout_layer
from dropstudy.models.fast_layers import FastLeakyRelu
from tests.models.kinds import KINDS

ACTIVATIONS: tuple[str, ...] = get_args(Architecture.model_fields["activation"].annotation)


def _features() -> tf.Tensor:
    """As many as are worth compiling for a kind that draws a word for each."""
    return 3 * tf.random.stateless_normal((8, 16, 16, 4), seed=(1, 2))


def _layer(kind: str, *, seed: int = 5, activation: str | None = None) -> keras.layers.Layer:
    setting = Dropout.model_validate({"encoder": {"kind": kind, "rate": 0.3}}).encoder
    assert isinstance(setting, RatedDropout)
    return dropout_layer(
        setting, 0.3, name="encoder_0", seed=seed, kernel="fast", activation=activation
    )


def _take_step(layer: keras.layers.Layer, features: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    with tf.GradientTape() as tape:
        tape.watch(features)
        dropped = layer(features, training=True)
    return dropped, tape.gradient(dropped, features, features)


@pytest.mark.parametrize("kind", KINDS)
def test_steps_are_the_same_eager_in_graphs_within_graphs_and_compiled(kind: str) -> None:
    features = _features()
    layers = [_layer(kind) for _ in range(4)]

    def two_steps(layer: keras.layers.Layer) -> Callable[[], tf.Tensor]:
        inner = tf.function(lambda: _take_step(layer, features))

        def loop() -> tf.Tensor:
            found = tf.TensorArray(tf.float32, 4)
            for step in tf.range(2):
                dropped, gradient = inner()
                found = found.write(2 * step, dropped).write(2 * step + 1, gradient)
            return found.stack()

        return loop

    eager = [part for _ in range(2) for part in _take_step(layers[0], features)]
    one_by_one = tf.function(lambda: _take_step(layers[1], features), jit_compile=True)
    compiled = [part for _ in range(2) for part in one_by_one()]

    assert np.any(eager[0] != eager[2])
    loops = [tf.function(two_steps(layers[2])), tf.function(two_steps(layers[3]), jit_compile=True)]
    for found in (compiled, *(loop() for loop in loops)):
        # Within another whole, the last bits of normal numbers may be others.
        tolerance = 1e-4 if kind == "gaussian" else 0.0
        np.testing.assert_allclose(found, eager, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_that_activates_is_the_activation_before_one_that_does_not(
    kind: str, activation: str
) -> None:
    setting = Dropout.model_validate({"encoder": {"kind": kind, "rate": 0.3}}).encoder
    if not can_activate(setting, kernel="fast", level=0):
        activation = "linear"
    features, activate = _features(), keras.layers.Activation(activation)
    fused, plain = _layer(kind, activation=activation), _layer(kind)

    np.testing.assert_array_equal(fused(features), activate(features))
    np.testing.assert_allclose(
        fused(features, training=True),
        plain(activate(features), training=True),
        rtol=1e-4,
        atol=1e-6,
    )


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("wrap", [lambda step: step, tf.function], ids=["eager", "graph"])
def test_leaky_relu_and_its_gradient_are_keras_own_bit_for_bit(
    wrap: Callable[[Callable[..., Any]], Callable[..., Any]], dtype: str
) -> None:
    keras.config.set_dtype_policy(dtype)
    edges = tf.constant([0.0, -0.0, 1e-30, -1e-30, 1e4, -1e4, np.inf, -np.inf])
    features = tf.cast(tf.concat([edges, tf.reshape(_features(), [-1])], 0), dtype)
    own = wrap(partial(_take_step, FastLeakyRelu(name="activation")))
    reference = wrap(partial(_take_step, keras.layers.Activation("leaky_relu")))

    for found, expected in zip(own(features), reference(features), strict=True):
        np.testing.assert_array_equal(tf.cast(found, "float32"), tf.cast(expected, "float32"))
    inferred = FastLeakyRelu(name="inferred")(features)
    np.testing.assert_array_equal(
        tf.cast(inferred, "float32"), tf.cast(own(features)[0], "float32")
    )
