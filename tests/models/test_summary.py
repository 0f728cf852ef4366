from typing import Any

import keras
import pytest
import tensorflow as tf

from dropstudy.config.architecture import Architecture
from dropstudy.config.dropout import Dropout, Kernel
from dropstudy.models import build_network
from dropstudy.models.summary import (
    count_multiply_adds,
    count_parameters,
    find_dropout_sites,
)
from tests.models.kinds import KERNELS, KINDS

BATCH, SIDE, FILTERS = 4, 16, 2
MASKS = {
    "dropout": (BATCH, SIDE, SIDE, FILTERS),
    "gaussian": (BATCH, SIDE, SIDE, FILTERS),
    "spatial": (BATCH, 1, 1, FILTERS),
    "drop_path": (BATCH, 1, 1, 1),
    "dropblock": (BATCH, SIDE, SIDE, FILTERS),
}
DRAWS = {
    "dropout": BATCH * SIDE * SIDE * FILTERS,
    "gaussian": BATCH * SIDE * SIDE * FILTERS,
    "spatial": BATCH * FILTERS,
    "drop_path": BATCH,
    "dropblock": BATCH * (SIDE - 6) * (SIDE - 6) * FILTERS,  # blocks of 7×7 that lie within
}
DROPPED = {"dropout": 0.2, "gaussian": 0.0, "spatial": 0.2, "drop_path": 0.2}


def _build(size: int, channels: int, dropout: Dropout | None = None, **settings: Any) -> Any:
    architecture = Architecture(**{"kind": "unet", **settings})
    return build_network(architecture, dropout or Dropout(), channels=channels, seed=0, size=size)


def _convolution(side: int, taken: int, given: int, kernel: int = 3) -> tuple[int, int]:
    """Parameters, and multiply-adds for an output of ``side``×``side``."""
    return kernel**2 * taken * given + given, side**2 * kernel**2 * taken * given


def _unet_cost(size: int, channels: int, filters: int, depth: int) -> tuple[int, int]:
    """The textbook UNet, two convolutions in a block, counted level by level."""
    layers = []
    taken = channels
    for level in range(depth + 1):
        given, side = filters * 2**level, size // 2**level
        layers += [_convolution(side, taken, given), _convolution(side, given, given)]
        taken = given
    for level in reversed(range(depth)):
        given, side = filters * 2**level, size // 2**level
        # Each input value of a 2×2 transposed convolution with stride 2 meets the kernel once.
        layers.append((4 * taken * given + given, (side // 2) ** 2 * 4 * taken * given))
        layers += [_convolution(side, 2 * given, given), _convolution(side, given, given)]
        taken = given
    layers.append(_convolution(size, taken, channels))
    parameters, multiply_adds = zip(*layers, strict=True)
    return sum(parameters), sum(multiply_adds)


def test_a_tiny_autoencoder_costs_what_it_does_by_hand() -> None:
    network = _build(8, 1, kind="autoencoder", depth=1, filters=2, convolutions=1)

    # encoder 3·3·1·2+2, bottleneck 3·3·2·4+4, up 2·2·4·2+2, decoder 3·3·2·2+2, head 3·3·2·1+1
    assert count_parameters(network) == 20 + 76 + 34 + 38 + 19
    # 64 positions, 16, 16 of the smaller map, 64 and 64
    assert count_multiply_adds(network) == 64 * 18 + 16 * 72 + 16 * 32 + 64 * 36 + 64 * 18


@pytest.mark.parametrize(
    ("size", "channels", "filters", "depth"), [(64, 3, 32, 3), (32, 1, 8, 2), (16, 3, 3, 1)]
)
def test_a_unet_costs_what_the_textbook_says(
    size: int, channels: int, filters: int, depth: int
) -> None:
    network = _build(size, channels, filters=filters, depth=depth)
    counted = count_parameters(network), count_multiply_adds(network)

    assert counted == _unet_cost(size, channels, filters, depth)


def test_the_default_unet_has_1926435_parameters() -> None:
    assert count_parameters(_build(64, 3)) == 1_926_435


def test_residual_blocks_and_bilinear_upsampling_add_their_1x1_convolutions() -> None:
    network = _build(
        8, 3, depth=1, filters=2, convolutions=1, block="residual", upsampling="bilinear"
    )
    cells = [
        _convolution(8, 3, 2),
        _convolution(8, 3, 2, kernel=1),  # the encoder's shortcut
        _convolution(4, 2, 4),
        _convolution(4, 2, 4, kernel=1),
        _convolution(8, 4, 2, kernel=1),  # the upsampling
        _convolution(8, 4, 2),
        _convolution(8, 4, 2, kernel=1),
        _convolution(8, 2, 3),
    ]

    assert count_parameters(network) == sum(parameters for parameters, _ in cells)
    assert count_multiply_adds(network) == sum(multiply_adds for _, multiply_adds in cells)


@pytest.mark.parametrize("normalization", ["batch", "group"])
def test_a_normalization_has_two_trained_numbers_for_each_map(normalization: str) -> None:
    settings: dict[str, Any] = {"depth": 1, "filters": 4, "convolutions": 1}
    plain = count_parameters(_build(8, 3, **settings))

    normalized = count_parameters(_build(8, 3, normalization=normalization, **settings))
    assert normalized - plain == 2 * (4 + 8 + 4)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_site_knows_its_mask_and_what_it_draws(kind: str, kernel: Kernel) -> None:
    dropout = Dropout.model_validate({"encoder": {"kind": kind, "rate": 0.2}, "kernel": kernel})
    network = _build(SIDE, 3, dropout, depth=1, filters=FILTERS, block="residual")
    [site] = find_dropout_sites(network, dropout, batch_size=BATCH)

    assert (site.group, site.layer, site.kind) == ("encoder", "encoder_0_dropout", kind)
    assert site.rate == 0.2
    assert site.feature_shape == (BATCH, SIDE, SIDE, FILTERS)
    assert kind in MASKS, f"say in MASKS, DRAWS and DROPPED of {__file__} what '{kind}' draws"
    assert site.mask_shape == MASKS[kind]
    assert site.draws == DRAWS[kind]
    if kind == "dropblock":
        assert 0.1 < site.share_dropped < 0.2
    else:
        assert site.share_dropped == DROPPED[kind]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_as_many_random_numbers_are_drawn_as_a_site_says(kind: str, kernel: Kernel) -> None:
    dropout = Dropout.model_validate({"encoder": {"kind": kind, "rate": 0.2}, "kernel": kernel})
    network = _build(SIDE, 3, dropout, depth=1, filters=FILTERS, block="residual")
    [site] = find_dropout_sites(network, dropout, batch_size=BATCH)

    def draw(features: tf.Tensor) -> tf.Tensor:
        return network.get_layer(site.layer)(features, training=True)

    graph = tf.function(draw).get_concrete_function(tf.TensorSpec(site.feature_shape)).graph
    drawn = _hashed(graph) if kernel == "fast" else _drawn(graph)
    assert drawn == [site.draws]


def _drawn(graph: tf.Graph) -> list[int]:
    """How many numbers each of the graph's random operations draws."""
    return [
        operation.outputs[0].shape.num_elements()
        for operation in graph.get_operations()
        if operation.type.startswith(("StatelessRandomUniform", "StatelessRandomNormal"))
    ]


def _hashed(graph: tf.Graph) -> list[int]:
    """How many words the graph and its compiled loops hash: hashes alone shift bits."""
    whole = graph.as_graph_def(add_shapes=True)
    parts = [whole.node, *(function.node_def for function in whole.library.function)]
    nodes = [node for part in parts for node in part if node.op == "RightShift"]
    shapes = [tf.TensorShape(node.attr["_output_shapes"].list.shape[0]) for node in nodes]
    return sorted({shape.num_elements() for shape in shapes})


def test_a_network_without_dropout_has_no_sites() -> None:
    network = _build(8, 3, depth=1, filters=2)

    assert find_dropout_sites(network, Dropout(), batch_size=1) == []
    assert not any(isinstance(layer, keras.layers.Dropout) for layer in network.layers)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    ("kind", "upsampling", "normalization"),
    [("unet", "transpose", "batch"), ("autoencoder", "bilinear", "group")],
)
def test_a_network_for_any_size_counts_as_one_for_that_size(
    kind: str, kernel: Kernel, upsampling: str, normalization: str
) -> None:
    rated = {"kind": "dropblock", "rate": 0.1}
    groups = ["input", "encoder", "bottleneck", "decoder", "head"]
    groups += ["skip"] if kind == "unet" else []
    dropout = Dropout.model_validate({**dict.fromkeys(groups, rated), "kernel": kernel})
    architecture = Architecture.model_validate(
        {
            "kind": kind,
            "depth": 2,
            "filters": 2,
            "upsampling": upsampling,
            "normalization": normalization,
            "block": "residual",
        }
    )
    of_any, of_one = (
        build_network(architecture, dropout, channels=3, seed=0, size=size) for size in (None, 24)
    )

    assert count_multiply_adds(of_any, size=24) == count_multiply_adds(of_one)
    assert find_dropout_sites(of_any, dropout, batch_size=2, size=24) == find_dropout_sites(
        of_one, dropout, batch_size=2
    )
