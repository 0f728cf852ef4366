from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from dropstudy.config import Experiment
from dropstudy.models import build_network
from dropstudy.probes.variance_shift import (
    expected_variance_ratio,
    find_rate_before,
    measure_variance_shift,
)

pytestmark = pytest.mark.usefixtures("started_tensorflow")

MEAN, VARIANCE = 1 / np.sqrt(2 * np.pi), (1 - 1 / np.pi) / 2
"""Of ReLU(N(0, 1))."""
TABLE = {0.9: 0.860, 0.8: 0.732, 0.7: 0.614, 0.5: 0.405}
"""The variance ratio of dropout behind ReLU(N(0, 1)), by the share kept."""


def _rectified(count: int, *, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    normals = np.random.default_rng(seed).standard_normal((count, 64, 64, 2), dtype=np.float32)
    return np.maximum(normals, 0)


def _network(*stages: layers.Layer, momentum: float = 0.7) -> keras.Model:
    features = image = keras.Input((None, None, 2))
    for stage in (*stages, layers.BatchNormalization(momentum=momentum, epsilon=1e-6)):
        features = stage(features)
    return keras.Model(image, features)


def _learn(network: keras.Model, *, steps: int = 24, batch: int = 8) -> keras.Model:
    """Lets batch normalization learn its moving averages, dropout on."""
    for step in range(steps):
        network(_rectified(batch, seed=100 + step), training=True)
    return network


@pytest.mark.parametrize(("kept", "ratio"), TABLE.items())
def test_the_closed_form_gives_the_published_ratios(kept: float, ratio: float) -> None:
    found = expected_variance_ratio(np.array([MEAN]), np.array([VARIANCE]), kept=kept)
    assert found == pytest.approx([ratio], abs=0.0005)


@pytest.mark.parametrize(("kept", "ratio"), TABLE.items())
@pytest.mark.parametrize("dropout", [layers.Dropout, layers.GaussianDropout])
def test_dropout_right_before_batch_norm_shifts_variances_by_the_closed_form(
    dropout: type[layers.Layer], kept: float, ratio: float
) -> None:
    network = _learn(_network(dropout(1 - kept, seed=1)))
    shift = measure_variance_shift(network, [_rectified(8, seed=seed) for seed in range(4)])
    assert shift["mean"] == pytest.approx(1 / ratio, rel=0.02)
    assert shift["predicted"] == pytest.approx(1 / ratio, rel=0.02)
    assert shift["behind_dropout"] == shift["mean"] == shift["maximum"]


def test_without_dropout_a_layer_that_has_learned_meets_what_it_knows() -> None:
    shift = measure_variance_shift(_learn(_network()), [_rectified(8)])
    assert shift.keys() == {"mean", "maximum"}
    assert shift["mean"] == pytest.approx(1, abs=0.02)


def test_a_shift_is_the_larger_variance_over_the_smaller_averaged_over_channels() -> None:
    network = _network()
    image = np.stack([np.full((4, 4), 0.0), np.full((4, 4), 0.0)], axis=-1)[None]
    image[0, :2, :, 0] = 2.0  # variance 1
    image[0, :2, :, 1] = 4.0  # variance 4
    network.layers[-1].moving_variance.assign([2.0, 2.0])
    shift = measure_variance_shift(network, [image.astype(np.float32)])
    assert shift["mean"] == pytest.approx(2, abs=1e-4)
    network.layers[-1].moving_variance.assign([1.0, 1.0])
    shift = measure_variance_shift(network, [image.astype(np.float32)])
    assert shift["mean"] == pytest.approx((1 + 4) / 2, abs=1e-4)


def test_channels_that_are_always_0_have_no_shift() -> None:
    network = _network()
    network.layers[-1].moving_variance.assign([0.0, 0.0])
    shift = measure_variance_shift(network, [np.zeros((2, 4, 4, 2), np.float32)])
    assert shift == {"mean": 1.0, "maximum": 1.0}


def test_a_network_without_batch_norm_has_no_shift() -> None:
    image = keras.Input((None, None, 2))
    network = keras.Model(image, layers.Conv2D(2, 3)(image))
    assert measure_variance_shift(network, [_rectified(2)]) == {}


@pytest.mark.parametrize(
    ("order", "rate"),
    [
        (("activation", "dropout", "normalization"), 0.25),
        (("dropout", "normalization", "activation"), 0.25),
        (("dropout", "activation", "normalization"), 0.25),
        (("normalization", "activation", "dropout"), None),  # a convolution stands between
        (("normalization", "dropout", "activation"), None),
        (("activation", "normalization", "dropout"), None),
    ],
)
def test_dropout_is_found_where_no_convolution_is_between_it_and_the_norm(
    order: tuple[str, str, str], rate: float | None
) -> None:
    network = _build(order=order)
    assert find_rate_before(network.get_layer("encoder_0_norm_0")) == rate
    assert find_rate_before(network.get_layer("encoder_0_norm_1")) is None
    assert find_rate_before(network.get_layer("decoder_0_norm_0")) is None


def test_behind_an_activation_that_is_not_homogeneous_dropout_has_no_closed_form() -> None:
    network = _build(order=("dropout", "activation", "normalization"), activation="silu")
    assert find_rate_before(network.get_layer("encoder_0_norm_0")) is None


def _build(**architecture: Any) -> keras.Model:
    experiment = Experiment.model_validate(
        {
            "name": "tiny",
            "data": {"kind": "photos", "collection": "tiny"},
            "task": {"kind": "gaussian"},
            "architecture": {"kind": "unet", "depth": 1, "filters": 2, "normalization": "batch"}
            | architecture,
            "dropout": {"encoder": {"kind": "dropout", "rate": 0.25}, "kernel": "keras"},
        }
    )
    return build_network(experiment.architecture, experiment.dropout, channels=3, seed=0)
