"""What the machine can do at most: plain matrix products, and bare convolutions."""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import keras
import tensorflow as tf

from scripts.bench.turns import Spread

SIDE = 3072
"""Of the matrices; large enough that their 2·10¹⁰ multiply-adds hide all else."""
REPEATS = 3


def best_product_rate(precision: str, *, side: int = SIDE, repeats: int = REPEATS) -> float:
    """Multiply-adds a second of the fastest of some products of two square matrices."""
    multiply = _product(_compute_type(precision), side)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        multiply()
        seconds.append(time.perf_counter() - start)
    return float(side**3 / min(seconds))


def measure_convolutions(
    network: keras.Model, precision: str, *, batch_size: int, rounds: int
) -> Spread:
    """Seconds of the network's convolutions alone, forward and back, one after the other.

    Biases, activations, pooling, the optimizer and all else are left out: what a training
    step takes beside this is not convolution.

    Args:
        network: Built for images of a known size.
        precision: Keras' policy name.
        batch_size: Images in a step.
        rounds: How often they are timed, after one time that compiles.
    """
    run = _convolutions(network, _compute_type(precision), batch_size)
    run()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return Spread.of(seconds)


def _compute_type(precision: str) -> str:
    return str(keras.DTypePolicy(precision).compute_dtype)


@cache
def _product(dtype: str, side: int) -> Callable[[], float]:
    first, second = (tf.cast(tf.random.normal((side, side)), dtype) for _ in range(2))

    def multiply(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
        return tf.matmul(first, second)[0, 0]

    compiled: Any = tf.function(multiply, jit_compile=False)

    def run() -> float:
        return float(compiled(first, second))

    run()
    return run


def _convolutions(network: keras.Model, dtype: str, batch_size: int) -> Callable[[], None]:
    """All convolutions with their gradients as one function of inputs and kernels."""
    shapes = []
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):  # Conv2DTranspose among them
            is_up = isinstance(layer, keras.layers.Conv2DTranspose)
            shapes.append(
                (layer.input.shape[1:], layer.output.shape[1:], layer.kernel.shape, is_up)
            )

    def draw(*shape: int) -> Any:
        return tf.cast(tf.random.normal(shape), dtype)

    inputs = [draw(batch_size, *shape) for shape, _, _, _ in shapes]
    kernels = [draw(*shape) for _, _, shape, _ in shapes]
    arriving = [draw(batch_size, *shape) for _, shape, _, _ in shapes]

    def convolve(inputs: list[Any], kernels: list[Any], arriving: list[Any]) -> tf.Tensor:
        seen, before = [], tf.constant(0.0)
        for number, (_, out, _, is_up) in enumerate(shapes):
            values, kernel, upstream = inputs[number], kernels[number], arriving[number]
            # One after the other, as in a network.
            with tf.control_dependencies([before]), tf.GradientTape() as tape:
                values, kernel = tf.identity(values), tf.identity(kernel)
                tape.watch([values, kernel])
                if is_up:
                    found = tf.nn.conv2d_transpose(values, kernel, (batch_size, *out), 2)
                else:
                    found = tf.nn.conv2d(values, kernel, 1, "SAME")
            wanted = [values, kernel] if number else [kernel]
            done = [found, *tape.gradient(found, wanted, output_gradients=upstream)]
            # A value of each is looked at: what no one needs is not computed.
            before = tf.add_n([tf.cast(tf.reshape(item, [-1])[0], tf.float32) for item in done])
            seen.append(before)
        return tf.add_n(seen)

    compiled: Any = tf.function(convolve, jit_compile=False)

    def run() -> None:
        float(compiled(inputs, kernels, arriving))

    return run
