"""What a network costs, and where and how much it drops."""

from dataclasses import dataclass
from math import prod
from typing import Any, assert_never

import keras

from dropstudy.config.dropout import GROUPS, Dropout, DropoutSetting, Group
from dropstudy.models.dropblock import DropBlock2D, expected_share_dropped, seed_rates


@dataclass(frozen=True)
class DropoutSite:
    """One place in a network where dropout stands.

    Attributes:
        group: Its group, as the config names it.
        layer: The layer's name.
        kind: Which dropout.
        rate: As configured.
        feature_shape: ``(batch, height, width, channels)`` of what goes through it.
        mask_shape: Shape of the mask that is broadcast over the features.
        share_dropped: Expected share of the values that become zero.
        draws: Random numbers drawn for one training step.
    """

    group: Group
    layer: str
    kind: str
    rate: float
    feature_shape: tuple[int, ...]
    mask_shape: tuple[int, ...]
    share_dropped: float
    draws: int


def find_dropout_sites(
    network: keras.Model, dropout: Dropout, *, batch_size: int, size: int | None = None
) -> list[DropoutSite]:
    """All dropout of a network, in the order of the data.

    Args:
        network: Built for images of any or of a known size.
        dropout: What it was built with.
        batch_size: Of a training step.
        size: Side of the square images, in pixels; None: the size that the network is built for.
    """
    sites = []
    shapes = _tensor_shapes(network, size)
    for layer in network.layers:
        if layer.name.endswith("_dropout"):
            group = next(group for group in GROUPS if layer.name.startswith(f"{group}_"))
            shape = (batch_size, *shapes[id(layer.output)][1:])
            sites.append(_describe_site(layer, group, getattr(dropout, group), shape))
    return sites


def count_parameters(network: keras.Model) -> int:
    """Trained numbers of the network; a dropout's random state is none."""
    return sum(prod(variable.shape) for variable in network.trainable_variables)


def count_multiply_adds(network: keras.Model, *, size: int | None = None) -> int:
    """Multiplications, each with its addition, of all convolutions for one image.

    Args:
        network: Built for images of any or of a known size.
        size: Side of the square image, in pixels; None: the size that the network is built for.
    """
    total = 0
    shapes = _tensor_shapes(network, size)
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2DTranspose):
            positions = prod(shapes[id(layer.input)][1:3])
        elif isinstance(layer, keras.layers.Conv2D):
            positions = prod(shapes[id(layer.output)][1:3])
        else:
            continue
        total += positions * prod(layer.kernel.shape)
    return total


def _tensor_shapes(network: keras.Model, size: int | None) -> dict[int, tuple[int, ...]]:
    """The shape that each symbolic tensor has for an image of ``size``, by the tensor's ``id``."""
    _, height, width, channels = network.input_shape
    shapes: dict[int, Any] = {id(network.inputs[0]): (1, size or height, size or width, channels)}
    for layer in network.layers[1:]:  # in the order of the data
        several = isinstance(layer.input, list)
        taken = [shapes[id(tensor)] for tensor in (layer.input if several else [layer.input])]
        shapes[id(layer.output)] = layer.compute_output_shape(taken if several else taken[0])
    return shapes


def _describe_site(
    layer: Any, group: Group, setting: DropoutSetting, shape: tuple[int, ...]
) -> DropoutSite:
    batch_size, height, width, channels = shape
    rate = share = float(getattr(layer, "rate", 0.0))
    mask = drawn = shape
    match setting.kind:
        case "dropout" | "none":
            pass
        case "gaussian":
            share = 0.0
        case "spatial":
            mask = drawn = (batch_size, 1, 1, channels)
        case "drop_path":
            mask = drawn = (batch_size, 1, 1, 1)
        case "dropblock":
            assert isinstance(layer, DropBlock2D)
            share = expected_share_dropped(height, width, rate, layer.block_size)
            _, block_height, block_width = seed_rates(height, width, rate, layer.block_size)
            drawn = (batch_size, height - block_height + 1, width - block_width + 1, channels)
        case _:
            assert_never(setting)
    return DropoutSite(group, layer.name, setting.kind, rate, shape, mask, share, prod(drawn))
