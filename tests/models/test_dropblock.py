import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from scipy import ndimage

from dropstudy.models.dropblock import DropBlock2D, expected_share_dropped, seed_rates
from dropstudy.models.fast_layers import FastDropBlock2D

LAYERS = [DropBlock2D, FastDropBlock2D]


def _dropped(
    layer_type: type[DropBlock2D], shape: tuple[int, int, int, int], rate: float, block_size: int
) -> NDArray[np.bool_]:
    layer = layer_type(rate, block_size=block_size, seed=3)
    dropped: NDArray[np.bool_] = np.equal(layer(tf.ones(shape), training=True), 0)
    return dropped


@pytest.mark.parametrize(
    ("height", "width", "rate", "block_size", "expected"),
    [
        (8, 8, 0.1, 3, (0.1 * 64 / (9 * 36), 3, 3)),
        (28, 28, 0.1, 7, (0.1 / 49 * 28**2 / 22**2, 7, 7)),  # the paper's own form
        (4, 10, 0.2, 3, (8 / 144, 3, 3)),
        (2, 5, 0.3, 7, (0.3, 2, 5)),
        (3, 10, 0.4, 7, (12 / (21 * 4), 3, 7)),
        (5, 5, 0.25, 1, (0.25, 1, 1)),
    ],
)
def test_blocks_start_as_often_as_the_formula_says(
    height: int, width: int, rate: float, block_size: int, expected: tuple[float, int, int]
) -> None:
    gamma, *sides = seed_rates(height, width, rate, block_size)

    assert gamma == pytest.approx(expected[0], rel=1e-12)
    assert tuple(sides) == expected[1:]


def test_the_expected_share_is_exact_by_hand() -> None:
    # A map of 1×3 and blocks of 1×2: two starts, γ = 0.5·3/(2·2) = 0.375; the middle has both.
    by_hand = (0.375 + (1 - 0.625**2) + 0.375) / 3

    assert expected_share_dropped(1, 3, 0.5, 2) == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize(
    ("height", "width", "block_size"), [(8, 8, 3), (5, 12, 4), (3, 9, 7), (4, 4, 7), (16, 16, 7)]
)
def test_the_expected_share_agrees_with_blocks_laid_one_by_one(
    height: int, width: int, block_size: int
) -> None:
    gamma, block_height, block_width = seed_rates(height, width, 0.3, block_size)
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(1000):
        dropped = np.zeros((height, width), dtype=bool)
        starts = rng.random((height - block_height + 1, width - block_width + 1)) < gamma
        for top, left in np.argwhere(starts):
            dropped[top : top + block_height, left : left + block_width] = True
        shares.append(dropped.mean())

    expected = expected_share_dropped(height, width, 0.3, block_size)
    assert abs(np.mean(shares) - expected) < 5 * np.std(shares) / np.sqrt(len(shares))


@pytest.mark.parametrize("block_size", [2, 3, 7])
def test_overlapping_blocks_drop_less_than_the_rate(block_size: int) -> None:
    assert 0.2 < expected_share_dropped(32, 32, 0.3, block_size) < 0.3


@pytest.mark.parametrize("size", [1, 8, 31])
def test_blocks_of_one_value_drop_the_rate(size: int) -> None:
    assert expected_share_dropped(size, size, 0.3, 1) == pytest.approx(0.3)


@pytest.mark.parametrize("layer_type", LAYERS)
@pytest.mark.parametrize(
    ("shape", "block_size"), [((4, 16, 16, 3), 3), ((4, 9, 20, 3), 4), ((4, 3, 12, 3), 5)]
)
def test_every_dropped_value_lies_in_a_block_that_is_dropped_whole(
    shape: tuple[int, int, int, int], block_size: int, layer_type: type[DropBlock2D]
) -> None:
    dropped = _dropped(layer_type, shape, 0.2, block_size)
    block = np.ones((min(block_size, shape[1]), min(block_size, shape[2])))

    assert 0 < dropped.mean() < 1
    for feature_map in dropped.transpose(0, 3, 1, 2).reshape(-1, *shape[1:3]):
        opened = ndimage.binary_opening(feature_map, structure=block)
        np.testing.assert_array_equal(opened, feature_map)


@pytest.mark.parametrize("layer_type", LAYERS)
def test_each_feature_map_of_each_sample_has_blocks_of_its_own(
    layer_type: type[DropBlock2D],
) -> None:
    dropped = _dropped(layer_type, (4, 16, 16, 4), 0.3, 3)
    maps = {feature_map.tobytes() for feature_map in dropped.transpose(0, 3, 1, 2).reshape(16, -1)}

    assert len(maps) == 16


@pytest.mark.parametrize("layer_type", LAYERS)
def test_a_map_as_small_as_a_block_is_kept_or_dropped_whole_at_the_rate(
    layer_type: type[DropBlock2D],
) -> None:
    dropped = _dropped(layer_type, (200, 4, 4, 20), 0.25, 7)

    np.testing.assert_array_equal(dropped.all(axis=(1, 2)), dropped.any(axis=(1, 2)))
    assert abs(dropped.mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 4000)


@pytest.mark.parametrize("layer_type", LAYERS)
def test_the_share_kept_rescales_every_step_to_a_mean_of_one(layer_type: type[DropBlock2D]) -> None:
    layer = layer_type(0.3, block_size=3, seed=0)

    for _ in range(3):
        assert float(tf.reduce_mean(layer(tf.ones((2, 8, 8, 2)), training=True))) == pytest.approx(
            1, abs=1e-6
        )


@pytest.mark.parametrize("layer_type", LAYERS)
def test_dropping_everything_gives_zeros(layer_type: type[DropBlock2D]) -> None:
    layer = layer_type(1 - 1e-9, block_size=8, seed=0)

    np.testing.assert_array_equal(layer(tf.ones((1, 8, 8, 1)), training=True), 0)


@pytest.mark.parametrize("layer_type", LAYERS)
def test_a_map_of_unknown_size_cannot_train_but_can_infer(layer_type: type[DropBlock2D]) -> None:
    layer = layer_type(0.3, seed=0)
    signature = [tf.TensorSpec((None, None, None, 2))]

    def infer(features: tf.Tensor) -> tf.Tensor:
        return layer(features, training=False)

    def train(features: tf.Tensor) -> tf.Tensor:
        return layer(features, training=True)

    assert tf.function(infer, input_signature=signature)(tf.ones((1, 8, 9, 2))).shape == (
        1,
        8,
        9,
        2,
    )
    with pytest.raises(ValueError, match="of a known size only"):
        tf.function(train, input_signature=signature)(tf.ones((1, 8, 8, 2)))


def test_a_batch_of_unknown_size_trains() -> None:
    layer, twin = (DropBlock2D(0.3, block_size=3, seed=0) for _ in range(2))

    def train(features: tf.Tensor) -> tf.Tensor:
        return layer(features, training=True)

    compiled = tf.function(train, input_signature=[tf.TensorSpec((None, 8, 8, 2))])
    features = tf.ones((5, 8, 8, 2))

    np.testing.assert_array_equal(compiled(features), twin(features, training=True))


def test_plain_keras_knows_the_layer_by_its_registered_name() -> None:
    assert keras.saving.get_registered_object("dropstudy>DropBlock2D") is DropBlock2D
