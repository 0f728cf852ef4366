"""The reference of dropout whose rate changes, in Keras' operations, for every backend."""

from typing import Any

import keras
from keras import ops

from dropstudy.models.schedules import RateSchedule, schedule_rate


class ScheduledDropout(keras.layers.Layer):
    """Multiplies features by noise of mean 1 while training, at the rate of the training step.

    At a constant rate it draws what Keras' ``Dropout``, ``SpatialDropout2D`` and
    ``GaussianDropout`` draw of the same seed; theirs is fixed when they are made. Like them here,
    it works in float32.
    """

    def __init__(
        self,
        rate: float,
        *,
        schedule: RateSchedule,
        gaussian: bool,
        shared_axes: tuple[int, ...],
        seed: int,
        name: str,
    ) -> None:
        """Sets up the layer.

        Args:
            rate: The full rate, which the schedule's factor multiplies.
            schedule: How it changes from step to step.
            gaussian: Whether the noise is normal, of variance rate/(1 − rate), or drops values.
            shared_axes: Axes along which all values get the same noise.
            seed: Of the layer's stream of noise.
            name: The layer's name.
        """
        super().__init__(name=name, dtype="float32")
        self.rate = rate
        self.schedule = schedule
        self.gaussian = gaussian
        self.shared_axes = shared_axes
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Drops while training."""
        if not training:
            return inputs
        rate = schedule_rate(self.rate, self.schedule, step=self.seed_generator.state[1])
        sides = enumerate(ops.shape(inputs))
        units = tuple(1 if axis in self.shared_axes else side for axis, side in sides)
        if self.gaussian:
            normal = keras.random.normal(units, dtype="float32", seed=self.seed_generator)
            return inputs * (1 + ops.sqrt(rate / (1 - rate)) * normal)
        draws = keras.random.uniform(units, dtype="float32", seed=self.seed_generator)
        return ops.where(draws >= rate, inputs * (1 / (1 - rate)), 0.0)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        return input_shape
