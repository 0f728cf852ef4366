"""Dropout and activation by the fast kernels, as Keras layers."""

from typing import Any

import keras

from dropstudy.models.dropblock import DropBlock2D
from dropstudy.models.kernels import Noise, drop_blocks, leaky_relu, multiply_noise, step_keys
from dropstudy.models.schedules import RateSchedule, schedule_rate


class FastDropout(keras.layers.Layer):
    """Multiplies features by noise while training, together with the activation before it.

    Input and output have shape ``(batch, height, width, channels)``. At inference it is the
    activation alone. The noise is a function of the layer's seed and of how many training
    steps it has made, which its ``seed_generator`` counts.
    """

    def __init__(
        self,
        rate: float,
        *,
        noise: Noise = "bernoulli",
        shared_axes: tuple[int, ...] = (),
        activation: str | None = None,
        schedule: RateSchedule | None = None,
        seed: int,
        name: str,
    ) -> None:
        """Sets up the layer.

        Args:
            rate: Share dropped, or of the variance of ``gaussian`` noise rate/(1 − rate).
            noise: What the features are multiplied by.
            shared_axes: Axes along which all values are dropped together.
            activation: Keras' name of what is applied to the features first.
            schedule: How the rate changes from step to step; None: it does not.
            seed: Of the layer's stream of noise.
            name: The layer's name.
        """
        super().__init__(name=name)
        self.rate = rate
        self.noise: Noise = noise
        self.shared_axes = shared_axes
        self.activation = activation
        self.schedule = schedule
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The activation, and while training the noise."""
        if not training:
            return keras.activations.get(self.activation)(inputs)
        seed = self.seed_generator.next()
        return multiply_noise(
            inputs,
            step_keys(seed),
            rate=schedule_rate(self.rate, self.schedule, step=seed[1]),
            noise=self.noise,
            shared_axes=self.shared_axes,
            activation=self.activation,
        )

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        return input_shape


class FastDropBlock2D(DropBlock2D):
    """``DropBlock2D`` whose masks are drawn and widened by the fast kernels."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Drops blocks while training."""
        if not training:
            return inputs
        _, height, width, _ = inputs.shape
        start_rate, block_height, block_width = self.find_blocks(height, width)
        seed = self.seed_generator.next()
        return drop_blocks(
            inputs,
            step_keys(seed),
            start_rate=schedule_rate(start_rate, self.schedule, step=seed[1]),
            block=(block_height, block_width),
        )


class FastLeakyRelu(keras.layers.Layer):
    """Keras' ``leaky_relu``, which TensorFlow can make part of the convolution before it."""

    def __init__(self, *, name: str) -> None:
        """Sets up the layer.

        Args:
            name: The layer's name.
        """
        super().__init__(name=name)
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The activation."""
        return leaky_relu(inputs) if training else keras.activations.leaky_relu(inputs)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        return input_shape


FAST_LAYERS = (FastDropout, FastDropBlock2D, FastLeakyRelu)
"""All that a network of Keras' own layers has not."""
