"""DropBlock: drops squares of each feature map rather than single values."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from dropstudy.models.schedules import RateSchedule, schedule_rate


def seed_rates(height: int, width: int, rate: float, block_size: int) -> tuple[float, int, int]:
    """How often a block starts, so that about ``rate`` of a feature map is dropped.

    γ = rate·H·W / (b_h·b_w·(H − b_h + 1)·(W − b_w + 1)) (Ghiasi 2018, equation 1), taken
    for each axis where the map is not square or smaller than a block.

    Returns:
        γ, and the block's height and width, each cut down to the map's.
    """
    block_height, block_width = min(block_size, height), min(block_size, width)
    starts = (height - block_height + 1) * (width - block_width + 1)
    return rate * height * width / (block_height * block_width * starts), block_height, block_width


def expected_share_dropped(height: int, width: int, rate: float, block_size: int) -> float:
    """The exact mean share of a map that DropBlock drops: below ``rate``, as blocks overlap."""
    gamma, block_height, block_width = seed_rates(height, width, rate, block_size)
    covering = np.outer(_blocks_over(height, block_height), _blocks_over(width, block_width))
    return float(np.mean(1 - (1 - min(gamma, 1.0)) ** covering))


def _blocks_over(size: int, block: int) -> NDArray[np.int64]:
    """For each place along an axis, how many blocks that lie within the axis cover it."""
    places = np.arange(size)
    first = np.maximum(places - block + 1, 0)
    last = np.minimum(places, size - block)
    return last - first + 1


@keras.saving.register_keras_serializable("dropstudy")
class DropBlock2D(keras.layers.Layer):
    """Drops ``block_size``×``block_size`` squares, each feature map by itself (Ghiasi 2018).

    What is kept is scaled by the share that is kept, so that the mean stays. Input and
    output have shape ``(batch, height, width, channels)``; at inference they are equal.
    """

    def __init__(
        self,
        rate: float,
        *,
        block_size: int = 7,
        schedule: RateSchedule | None = None,
        seed: int,
        **kwargs: Any,
    ) -> None:
        """Sets up the layer.

        Args:
            rate: About which share of the values to drop, from 0 up to, not including, 1.
            block_size: Side of a square, in values of the feature map.
            schedule: How the rate changes from step to step; a saved layer has none.
            seed: Of the layer's stream of masks.
            **kwargs: Keras' own, such as ``name`` and ``dtype``.
        """
        super().__init__(**kwargs)
        self.rate = rate
        self.block_size = block_size
        self.schedule = schedule
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Drops blocks while training."""
        if not training or self.rate == 0:
            return inputs
        _, height, width, channels = inputs.shape
        gamma, block_height, block_width = self.find_blocks(height, width)
        gamma = schedule_rate(gamma, self.schedule, step=self.seed_generator.state[1])
        starts_shape = (
            ops.shape(inputs)[0],
            height - block_height + 1,
            width - block_width + 1,
            channels,
        )
        draws = keras.random.uniform(starts_shape, dtype="float32", seed=self.seed_generator)
        starts = ops.cast(draws < gamma, "float32")
        margins = [[0, 0], [block_height - 1] * 2, [block_width - 1] * 2, [0, 0]]
        dropped = ops.max_pool(ops.pad(starts, margins), (block_height, block_width), strides=1)
        kept = 1 - dropped
        scale = ops.cast(ops.size(kept), "float32") / ops.maximum(ops.sum(kept), 1)
        return inputs * ops.cast(kept * scale, inputs.dtype)

    def find_blocks(self, height: int | None, width: int | None) -> tuple[float, int, int]:
        """What ``seed_rates`` says of a feature map of that size.

        Raises:
            ValueError: The size is not known.
        """
        if height is None or width is None:
            raise ValueError("DropBlock2D trains on feature maps of a known size only")
        return seed_rates(height, width, self.rate, self.block_size)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What is needed to make the layer again."""
        own = {"rate": self.rate, "block_size": self.block_size, "seed": self.seed}
        return {**super().get_config(), **own}
