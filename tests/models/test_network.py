from collections.abc import Mapping
from itertools import combinations
from typing import Any, Literal, get_args

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from dropstudy.config.architecture import Architecture
from dropstudy.config.dropout import GROUPS, Dropout, Group, Kernel
from dropstudy.models import build_network
from dropstudy.models.summary import find_dropout_sites
from tests.models.kinds import KERNELS, KINDS

Kind = Literal["autoencoder", "unet"]
ARCHITECTURES: tuple[Kind, ...] = get_args(Architecture.model_fields["kind"].annotation)
BRANCHES: tuple[Group, ...] = ("encoder", "bottleneck", "decoder")


def _architecture(kind: Kind = "unet", **settings: Any) -> Architecture:
    return Architecture(**{"kind": kind, "depth": 2, "filters": 2, "convolutions": 1, **settings})


def _groups(architecture: Architecture) -> list[Group]:
    return [group for group in GROUPS if architecture.levels(group)]


def _dropout(kind: str, groups: list[Group], rate: float = 0.5, kernel: Kernel = "fast") -> Dropout:
    allowed = [g for g in groups if kind != "drop_path" or g == "skip" or g in BRANCHES]
    settings = {group: {"kind": kind, "rate": rate} for group in allowed}
    return Dropout.model_validate({**settings, "kernel": kernel})


def _build(
    architecture: Architecture,
    dropout: Dropout | None = None,
    *,
    channels: int = 3,
    seed: int = 0,
    size: int | None = None,
) -> keras.Model:
    return build_network(
        architecture, dropout or Dropout(), channels=channels, seed=seed, size=size
    )


def _weights(network: keras.Model) -> dict[str, NDArray[np.float32]]:
    return {weight.path: weight.numpy() for weight in network.weights}


def _assert_equal(
    first: Mapping[str, NDArray[np.float32]], second: Mapping[str, NDArray[np.float32]]
) -> None:
    assert first.keys() == second.keys()
    for path, weight in first.items():
        np.testing.assert_array_equal(weight, second[path], err_msg=path)


def _images(height: int = 16, width: int = 16, channels: int = 3) -> tf.Tensor:
    return tf.random.stateless_uniform((2, height, width, channels), seed=(1, 2))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_an_image_comes_out_as_large_as_it_went_in(kind: Kind, depth: int, channels: int) -> None:
    network = _build(_architecture(kind, depth=depth), channels=channels)

    assert network.input_shape == network.output_shape == (None, None, None, channels)
    for height, width in ((16, 16), (8, 24)):
        restored = network(_images(height, width, channels), training=True)
        assert restored.shape == (2, height, width, channels)


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_filters_double_with_every_level(kind: Kind) -> None:
    network = _build(_architecture(kind, depth=3, filters=3), size=16)

    shapes = {
        name: network.get_layer(f"{name}_conv_0").output.shape[1:]
        for name in ("encoder_0", "encoder_1", "encoder_2", "bottleneck", "decoder_2", "decoder_0")
    }
    assert shapes == {
        "encoder_0": (16, 16, 3),
        "encoder_1": (8, 8, 6),
        "encoder_2": (4, 4, 12),
        "bottleneck": (2, 2, 24),
        "decoder_2": (4, 4, 12),
        "decoder_0": (16, 16, 3),
    }


def test_a_unet_joins_each_level_and_an_autoencoder_none() -> None:
    joins = {
        kind: [
            layer.name
            for layer in _build(_architecture(kind)).layers
            if isinstance(layer, keras.layers.Concatenate)
        ]
        for kind in ARCHITECTURES
    }

    assert joins == {"autoencoder": [], "unet": ["decoder_1_join", "decoder_0_join"]}


def test_dropout_stands_where_its_groups_say_in_the_order_of_the_data() -> None:
    architecture = _architecture()
    network = _build(architecture, _dropout("spatial", _groups(architecture)), size=8)
    sites = find_dropout_sites(network, _dropout("spatial", _groups(architecture)), batch_size=1)

    assert [(site.group, site.layer) for site in sites] == [
        ("input", "input_dropout"),
        ("encoder", "encoder_0_dropout"),
        ("encoder", "encoder_1_dropout"),
        ("bottleneck", "bottleneck_dropout"),
        ("skip", "skip_1_dropout"),
        ("decoder", "decoder_1_dropout"),
        ("skip", "skip_0_dropout"),
        ("decoder", "decoder_0_dropout"),
        ("head", "head_dropout"),
    ]


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_alone_has_one_place_for_each_of_its_levels(group: Group) -> None:
    architecture = _architecture(depth=3)
    network = _build(architecture, _dropout("dropout", [group]))
    places = [layer for layer in network.layers if layer.name.endswith("_dropout")]

    assert len(places) == architecture.levels(group)
    assert all(layer.name.startswith(group) for layer in places)


def test_rates_of_a_list_go_to_their_levels_full_resolution_first() -> None:
    dropout = Dropout.model_validate(
        {group: {"kind": "dropout", "rate": [0.1, 0.2]} for group in ("encoder", "skip", "decoder")}
    )
    network = _build(_architecture(), dropout)

    for group in ("encoder", "skip", "decoder"):
        assert network.get_layer(f"{group}_0_dropout").rate == 0.1
        assert network.get_layer(f"{group}_1_dropout").rate == 0.2


@pytest.mark.parametrize("group", ["input", "bottleneck", "head"])
def test_a_group_of_one_place_takes_a_list_of_one_rate(group: Group) -> None:
    dropout = Dropout.model_validate({group: {"kind": "dropout", "rate": [0.3]}})

    assert _build(_architecture(), dropout).get_layer(f"{group}_dropout").rate == 0.3


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("architecture_kind", ARCHITECTURES)
@pytest.mark.parametrize("dropout_kind", KINDS)
def test_dropout_leaves_the_initial_weights_alone(
    architecture_kind: Kind, dropout_kind: str, kernel: Kernel
) -> None:
    architecture = _architecture(architecture_kind, block="residual", normalization="batch")
    plain = _weights(_build(architecture))
    dropout = _dropout(dropout_kind, _groups(architecture), kernel=kernel)

    _assert_equal(_weights(_build(architecture, dropout)), plain)


@pytest.mark.parametrize("dropout_kind", KINDS)
def test_each_kernel_takes_the_weights_of_the_other_and_restores_the_same(
    dropout_kind: str,
) -> None:
    architecture = _architecture(block="residual", normalization="batch")
    trained, other = (
        _build(architecture, _dropout(dropout_kind, _groups(architecture), kernel=kernel), seed=3)
        for kernel in KERNELS
    )
    for weight in trained.weights:
        weight.assign(weight + 0.1)
    for layer in trained.layers:
        if layer.weights:
            other.get_layer(layer.name).set_weights(layer.get_weights())

    np.testing.assert_array_equal(other(_images()), trained(_images()))


def test_any_set_of_groups_starts_from_the_same_weights() -> None:
    architecture = _architecture(depth=1)
    plain = _weights(_build(architecture))

    for group in GROUPS:
        _assert_equal(_weights(_build(architecture, _dropout("dropout", [group]))), plain)
    for pair in list(combinations(GROUPS, 2))[::4]:
        _assert_equal(_weights(_build(architecture, _dropout("spatial", list(pair)))), plain)


def test_weights_depend_on_the_seed_and_on_no_global_random_state() -> None:
    keras.utils.set_random_seed(1)
    first = _weights(_build(_architecture(), seed=3))
    keras.utils.set_random_seed(2)
    _assert_equal(_weights(_build(_architecture(), seed=3)), first)

    other = _weights(_build(_architecture(), seed=4))
    kernels = [path for path in first if path.endswith("kernel")]
    assert kernels
    assert all(np.all(first[path] != other[path]) for path in kernels)


def test_kernels_of_one_shape_are_no_copies_of_one_another() -> None:
    kernels = [
        weight
        for path, weight in _weights(_build(_architecture(convolutions=4))).items()
        if path.endswith("kernel")
    ]

    for first, second in combinations(kernels, 2):
        assert first.shape != second.shape or np.all(first != second)


def test_kernels_have_the_spread_that_keeps_a_relu_network_steady() -> None:
    network = _build(_architecture(filters=32), size=8)
    kernel = network.get_layer("bottleneck_conv_0").kernel.numpy()

    assert kernel.std() == pytest.approx(np.sqrt(2 / (3 * 3 * 64)), rel=0.02)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("dropout_kind", ["none", *KINDS])
def test_a_residual_network_starts_at_exactly_the_identity(
    dropout_kind: str, precision: str, kernel: Kernel
) -> None:
    keras.config.set_dtype_policy(precision)
    architecture = _architecture(residual=True, block="residual")
    dropout = Dropout(kernel=kernel)
    if dropout_kind != "none":
        dropout = _dropout(dropout_kind, _groups(architecture), kernel=kernel)
    network = _build(architecture, dropout)

    for training in (False, True):
        np.testing.assert_array_equal(network(_images(), training=training), _images())


def test_without_a_residual_output_the_network_does_not_start_at_its_input() -> None:
    assert np.any(_build(_architecture())(_images()) != _images())


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("residual", [False, True])
def test_the_output_is_float32_while_the_inside_is_half_precision(
    precision: str, residual: bool, kernel: Kernel
) -> None:
    keras.config.set_dtype_policy(precision)
    architecture = _architecture(residual=residual, normalization="group")
    network = _build(architecture, _dropout("spatial", _groups(architecture), kernel=kernel))
    convolutions = [layer for layer in network.layers if "_conv_" in layer.name]

    restored = network(_images(), training=True)
    assert restored.dtype == "float32"
    assert np.all(np.isfinite(restored))
    assert {layer.compute_dtype for layer in convolutions} == {precision.removeprefix("mixed_")}
    assert {layer.kernel.dtype for layer in convolutions} == {"float32"}


@pytest.mark.parametrize("kernel", KERNELS)
def test_skip_dropout_touches_the_skips_alone(kernel: Kernel) -> None:
    network = _build(_architecture(), _dropout("dropout", ["skip"], kernel=kernel))
    taps = keras.Model(
        network.input,
        [
            network.get_layer(name).output
            for name in ("encoder_1_relu_0", "bottleneck_relu_0", "decoder_1_join")
        ],
    )
    encoded, deepest, joined = (np.asarray(tap) for tap in taps(_images(), training=False))
    encoded_now, deepest_now, joined_now = (np.asarray(t) for t in taps(_images(), training=True))
    filters = encoded.shape[-1]

    np.testing.assert_array_equal(encoded_now, encoded)
    np.testing.assert_array_equal(deepest_now, deepest)
    np.testing.assert_array_equal(joined[..., :filters], encoded)
    np.testing.assert_array_equal(joined_now[..., filters:], joined[..., filters:])
    kept = joined_now[..., :filters] != 0
    np.testing.assert_allclose(joined_now[..., :filters][kept], 2 * encoded[kept], rtol=1e-6)
    assert 0.1 < np.mean(~kept[encoded > 0]) < 0.9


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("group", GROUPS)
def test_every_group_changes_the_output_while_training_and_never_after(
    group: Group, kernel: Kernel
) -> None:
    plain = _build(_architecture(), seed=1)
    dropping = _build(_architecture(), _dropout("dropout", [group], kernel=kernel), seed=1)

    np.testing.assert_array_equal(dropping(_images()), plain(_images()))
    assert np.any(dropping(_images(), training=True) != plain(_images(), training=True))
