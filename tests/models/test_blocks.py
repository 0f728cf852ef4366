from itertools import permutations
from typing import Any, get_args

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from skimage.transform import resize

from dropstudy.config.architecture import Architecture, BlockStage
from dropstudy.config.dropout import Dropout, Kernel, NoDropout, RatedDropout
from dropstudy.models import build_network
from dropstudy.models.blocks import apply_block, upsample
from dropstudy.models.fast_layers import FastDropBlock2D, FastDropout, FastLeakyRelu
from tests.models.kinds import KERNELS, KINDS

STAGES: dict[type[Any], BlockStage] = {
    keras.layers.BatchNormalization: "normalization",
    keras.layers.Activation: "activation",
    FastLeakyRelu: "activation",
    keras.layers.Dropout: "dropout",
    FastDropout: "dropout",
    FastDropBlock2D: "dropout",
}
ORDERS = list(permutations(get_args(BlockStage)))
ACTIVATIONS = get_args(Architecture.model_fields["activation"].annotation)


def _architecture(**settings: Any) -> Architecture:
    return Architecture(**{"kind": "unet", "depth": 1, "filters": 2, **settings})


def _dropout(kind: str, rate: float = 0.5) -> RatedDropout:
    setting = Dropout.model_validate({"encoder": {"kind": kind, "rate": rate}}).encoder
    assert isinstance(setting, RatedDropout)
    return setting


def _block(
    architecture: Architecture,
    dropout: NoDropout | RatedDropout | None = None,
    *,
    kernel: Kernel = "fast",
    channels: int = 4,
    filters: int = 4,
) -> keras.Model:
    features = keras.Input((8, 8, channels))
    return keras.Model(
        features,
        apply_block(
            features,
            filters,
            architecture=architecture,
            dropout=dropout or NoDropout(),
            kernel=kernel,
            name="block",
            seed=0,
            level=0,
        ),
    )


def _stages(layer: keras.layers.Layer) -> list[str]:
    """What a layer does, in order; its name where it is none of the stages."""
    before = ["activation"] if isinstance(layer, FastDropout) and layer.activation else []
    return [*before, STAGES.get(type(layer), layer.name)]


def _features(channels: int = 4, samples: int = 2) -> tf.Tensor:
    return tf.random.stateless_normal((samples, 8, 8, channels), seed=(1, 2))


def _silence(network: keras.Model, *names: str) -> None:
    """Lets the layers of these names put out zeros."""
    for name in names:
        layer = network.get_layer(name)
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])


def _constant_through(
    network: keras.Model, value: float, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    return np.asarray(tf.cast(network(tf.fill(shape, value)), "float32"))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("order", ORDERS)
def test_a_convolution_is_followed_by_the_stages_in_the_order_wanted(
    order: tuple[BlockStage, BlockStage, BlockStage], kernel: Kernel
) -> None:
    architecture = _architecture(normalization="batch", order=order, convolutions=2)
    block = _block(architecture, RatedDropout(kind="dropout", rate=0.5), kernel=kernel)

    found = [stage for layer in block.layers[1:] for stage in _stages(layer)]
    without_dropout = [stage for stage in order if stage != "dropout"]
    assert found == ["block_conv_0", *order, "block_conv_1", *without_dropout]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_fast_kernel_takes_along_the_activation_right_before_it_and_no_other(
    kind: str, order: tuple[BlockStage, BlockStage, BlockStage]
) -> None:
    blocks = {
        (kernel, rate): _block(
            _architecture(order=order, convolutions=2), _dropout(kind, rate), kernel=kernel
        )
        for kernel in KERNELS
        for rate in (0.0, 0.5)
    }
    activations = {
        key: [STAGES.get(type(layer)) for layer in block.layers].count("activation")
        for key, block in blocks.items()
    }

    is_next = order.index("dropout") == order.index("activation") + 1
    taken = int(is_next and kind not in ("dropblock", "drop_path"))  # the latter's is the branch
    assert activations.pop(("fast", 0.5)) == 2 - taken
    assert set(activations.values()) == {2}


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_block_infers_the_same_with_either_kernel(
    kind: str, activation: str, precision: str
) -> None:
    keras.config.set_dtype_policy(precision)
    architecture = _architecture(activation=activation, block="residual")
    fast, reference = (
        _block(architecture, _dropout(kind), kernel=kernel)(_features())
        for kernel in ("fast", "keras")
    )

    assert fast.dtype == reference.dtype
    np.testing.assert_array_equal(fast, reference)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_block_drops_what_it_has_activated(kernel: Kernel, activation: str) -> None:
    architecture = _architecture(activation=activation, convolutions=1)
    block = _block(architecture, RatedDropout(kind="dropout", rate=0.5), kernel=kernel)
    whole, dropping = np.asarray(block(_features())), np.asarray(block(_features(), training=True))
    kept = dropping != 0

    np.testing.assert_allclose(dropping[kept], 2 * whole[kept], rtol=1e-5)
    assert 0.4 < np.mean(~kept[whole != 0]) < 0.6


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("convolutions", [1, 3])
def test_a_block_has_as_many_convolutions_as_wanted_and_one_dropout(
    convolutions: int, kernel: Kernel
) -> None:
    block = _block(
        _architecture(convolutions=convolutions),
        RatedDropout(kind="spatial", rate=0.5),
        kernel=kernel,
    )
    kinds = [type(layer) for layer in block.layers]
    dropout = keras.layers.SpatialDropout2D if kernel == "keras" else FastDropout

    assert kinds.count(keras.layers.Conv2D) == convolutions
    assert kinds.count(dropout) == 1


@pytest.mark.parametrize("normalization", ["none", "batch", "group"])
def test_a_residual_block_whose_convolutions_are_silent_is_the_identity(
    normalization: str,
) -> None:
    block = _block(_architecture(block="residual", normalization=normalization))
    _silence(block, "block_conv_0", "block_conv_1")

    np.testing.assert_array_equal(block(_features()), _features())


def test_a_residual_block_that_changes_its_filters_has_a_1x1_shortcut() -> None:
    block = _block(_architecture(block="residual"), channels=3, filters=4)
    _silence(block, "block_conv_0", "block_conv_1")
    shortcut = block.get_layer("block_shortcut")

    expected = np.asarray(_features(3)) @ shortcut.kernel.numpy()[0, 0]
    np.testing.assert_allclose(block(_features(3)), expected, atol=1e-5)


@pytest.mark.parametrize("kernel", KERNELS)
def test_drop_path_takes_the_branch_and_leaves_the_shortcut(kernel: Kernel) -> None:
    block = _block(
        _architecture(block="residual"), RatedDropout(kind="drop_path", rate=0.5), kernel=kernel
    )
    features = _features(samples=32)
    whole = np.asarray(block(features)) - features
    branch = np.asarray(block(features, training=True)) - features

    dropped = np.all(branch == 0, axis=(1, 2, 3))
    assert 4 < dropped.sum() < 28
    np.testing.assert_allclose(branch[~dropped], 2 * whole[~dropped], atol=1e-4)


@pytest.mark.parametrize(("filters", "groups"), [(1, 1), (4, 4), (6, 6), (16, 8), (9, 3), (11, 1)])
def test_group_normalization_takes_the_largest_count_up_to_8_that_divides(
    filters: int, groups: int
) -> None:
    block = _block(_architecture(normalization="group", convolutions=1), filters=filters)

    assert block.get_layer("block_norm_0").groups == groups


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("upsampling", ["transpose", "bilinear"])
def test_upsampling_doubles_the_sides_in_every_precision(upsampling: str, precision: str) -> None:
    keras.config.set_dtype_policy(precision)
    features = keras.Input((None, None, 4))
    network = keras.Model(
        features,
        upsample(features, 3, architecture=_architecture(upsampling=upsampling), name="up", seed=0),
    )

    upsampled = _constant_through(network, 0.5, (1, 4, 6, 4))
    assert upsampled.shape == (1, 8, 12, 3)
    assert np.all(np.isfinite(upsampled))


def test_bilinear_upsampling_interpolates_before_its_1x1_convolution() -> None:
    features = keras.Input((4, 4, 2))
    network = keras.Model(
        features,
        upsample(features, 2, architecture=_architecture(upsampling="bilinear"), name="up", seed=0),
    )
    network.get_layer("up").set_weights([np.eye(2).reshape(1, 1, 2, 2), np.zeros(2)])
    images = np.random.default_rng(0).random((1, 4, 4, 2), dtype=np.float32)

    expected = resize(images[0], (8, 8), order=1, mode="edge", anti_aliasing=False)
    np.testing.assert_allclose(network(images)[0], expected, atol=1e-6)


@pytest.mark.parametrize("normalization", ["batch", "group"])
def test_normalization_stands_after_every_convolution_but_the_last(normalization: str) -> None:
    network = build_network(
        _architecture(normalization=normalization), Dropout(), channels=3, seed=0
    )
    found = [layer.name for layer in network.layers if "_norm_" in layer.name]

    assert len(found) == 2 * 3  # two convolutions in each of encoder, bottleneck and decoder
    assert network.layers[-1].name == "head"


def test_training_steps_move_what_batch_normalization_uses_at_inference() -> None:
    block = _block(_architecture(normalization="batch", convolutions=1, activation="elu"))
    features = 3 + 5 * _features()
    before = block(features, training=False)
    block(features, training=True)

    moving = block.get_layer("block_norm_0").moving_mean.numpy()
    assert np.any(moving != 0)
    assert np.any(block(features, training=False) != before)
