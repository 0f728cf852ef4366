from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from pydantic import TypeAdapter

from dropstudy.config.dropout import (
    DropBlock,
    Dropout,
    DropoutSetting,
    Kernel,
    NoDropout,
    RatedDropout,
)
from dropstudy.models.dropout import apply_dropout, dropout_layer
from dropstudy.models.summary import DropoutSite, find_dropout_sites
from tests.models.kinds import KERNELS, KINDS

SHAPE = (4096, 6, 5, 4)
"""Many samples, since drop_path draws one number for each; maps that are not square."""
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclass(frozen=True)
class Expectation:
    """What one kind has to do.

    Attributes:
        shares_fate: Axes along which all values are dropped together.
        multiplier: From the rate to what a kept value is multiplied by; None: no one number.
        spread: From the rate to the multipliers' variance; None where rescaling takes it away.
        options: Settings of its own, beside the rate.
    """

    shares_fate: tuple[int, ...] = ()
    multiplier: Callable[[float], float] | None = None
    spread: Callable[[float], float] | None = None
    options: dict[str, Any] = field(default_factory=dict)


def _inverted(rate: float) -> float:
    return 1 / (1 - rate)


def _odds(rate: float) -> float:
    return rate / (1 - rate)


EXPECTED = {
    "dropout": Expectation(multiplier=_inverted, spread=_odds),
    "spatial": Expectation(shares_fate=(1, 2), multiplier=_inverted, spread=_odds),
    "drop_path": Expectation(shares_fate=(1, 2, 3), multiplier=_inverted, spread=_odds),
    "gaussian": Expectation(spread=_odds),
    "dropblock": Expectation(options={"block_size": 3}),
}


def _expect(kind: str) -> Expectation:
    if kind not in EXPECTED:
        pytest.fail(
            f"the dropout kind '{kind}' has no expectations: say in EXPECTED of {__file__} which "
            "values it drops together, what it multiplies kept ones by and how these vary"
        )
    return EXPECTED[kind]


def _setting(kind: str, rate: float | list[float]) -> RatedDropout | DropBlock:
    chosen = {"kind": kind, "rate": rate, **_expect(kind).options}
    setting = TypeAdapter(DropoutSetting).validate_python(chosen)
    assert isinstance(setting, RatedDropout)
    return setting


def _layer(kind: str, rate: float, *, kernel: Kernel, seed: int = 5) -> keras.layers.Layer:
    setting = _setting(kind, rate)
    try:
        return dropout_layer(setting, rate, name="encoder_0_dropout", seed=seed, kernel=kernel)
    except AssertionError:
        pytest.fail(
            f"the dropout kind '{kind}' has no layer for the kernel '{kernel}': add its case to "
            "dropstudy/models/dropout.py"
        )


def _multipliers(layer: keras.layers.Layer, shape: tuple[int, ...] = SHAPE) -> NDArray[np.float32]:
    """What the layer's next training step multiplies each value by."""
    return np.asarray(tf.cast(layer(tf.ones(shape), training=True), "float32"))


def _apply(features: Any, kind: str, rate: float | list[float], **options: Any) -> Any:
    return apply_dropout(features, _setting(kind, rate), **{"name": "x", "seed": 0, **options})


def _site(kind: str, rate: float, kernel: Kernel) -> DropoutSite:
    features = keras.Input(SHAPE[1:])
    setting = _setting(kind, rate)
    network = keras.Model(
        features, apply_dropout(features, setting, name="encoder_0_dropout", seed=0, kernel=kernel)
    )
    [site] = find_dropout_sites(network, Dropout(encoder=setting), batch_size=SHAPE[0])
    return site


def test_every_kind_of_the_config_has_expectations_and_no_other() -> None:
    for kind in KINDS:
        _expect(kind)
    assert set(EXPECTED) <= set(KINDS)


@pytest.mark.parametrize("rate", [0.004, 0.3])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_is_kept(kind: str, rate: float, kernel: Kernel) -> None:
    multipliers = _multipliers(_layer(kind, rate, kernel=kernel))

    units = prod(SHAPE) / prod(SHAPE[axis] for axis in _expect(kind).shares_fate)
    assert abs(multipliers.mean() - 1) < 5 * np.sqrt(_odds(rate) / units)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("rate", [0.004, 0.3])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_as_much_is_dropped_as_the_summary_expects_in_every_precision(
    kind: str, rate: float, precision: str, kernel: Kernel
) -> None:
    keras.config.set_dtype_policy(precision)
    shares = (_multipliers(_layer(kind, rate, kernel=kernel)) == 0).mean(axis=(1, 2, 3))
    expected = _site(kind, rate, kernel).share_dropped

    # A noise around 1 that drops nothing can still round to 0 where numbers are short.
    tolerance = 5 * shares.std() / np.sqrt(len(shares)) if expected else 0.002
    assert abs(shares.mean() - expected) <= tolerance


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if _expect(kind).multiplier])
def test_what_is_kept_is_scaled_by_one_over_the_share_kept(kind: str, kernel: Kernel) -> None:
    multiplier = _expect(kind).multiplier
    assert multiplier is not None

    found = np.unique(_multipliers(_layer(kind, 0.3, kernel=kernel)))

    np.testing.assert_allclose(found, [0, multiplier(0.3)], rtol=1e-6)


@pytest.mark.parametrize("rate", [0.1, 0.6])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if _expect(kind).spread])
def test_multipliers_vary_as_published(kind: str, rate: float, kernel: Kernel) -> None:
    spread = _expect(kind).spread
    assert spread is not None

    by_sample = np.square(_multipliers(_layer(kind, rate, kernel=kernel)) - 1).mean(axis=(1, 2, 3))

    standard_error = by_sample.std() / np.sqrt(len(by_sample))
    assert abs(by_sample.mean() - spread(rate)) < 5 * standard_error


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_exactly_the_values_that_should_share_a_fate_do(kind: str, kernel: Kernel) -> None:
    shared = _expect(kind).shares_fate
    multipliers = _multipliers(_layer(kind, 0.3, kernel=kernel))[:256]

    for axis in range(4):
        along = np.ptp(multipliers, axis=axis)
        assert np.all(along == 0) if axis in shared else np.any(along > 0)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_features_are_multiplied_and_gradients_with_them(kind: str, kernel: Kernel) -> None:
    features = tf.random.stateless_normal((8, 6, 5, 4), seed=(1, 2))
    layer, twin = _layer(kind, 0.3, kernel=kernel), _layer(kind, 0.3, kernel=kernel)
    with tf.GradientTape() as tape:
        tape.watch(features)
        dropped = layer(features, training=True)
    multipliers = _multipliers(twin, (8, 6, 5, 4))

    np.testing.assert_allclose(dropped, features * multipliers, rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(dropped, features), multipliers, rtol=1e-5)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_inference_is_the_identity_and_draws_nothing(kind: str, kernel: Kernel) -> None:
    features = tf.random.stateless_normal((2, 6, 5, 4), seed=(1, 2))
    layer, twin = _layer(kind, 0.9, kernel=kernel), _layer(kind, 0.9, kernel=kernel)

    np.testing.assert_array_equal(layer(features, training=False), features)
    np.testing.assert_array_equal(_multipliers(layer), _multipliers(twin))


@pytest.mark.parametrize("precision", PRECISIONS[1:])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_stays_finite_at_high_rates_and_values(
    kind: str, precision: str, kernel: Kernel
) -> None:
    keras.config.set_dtype_policy(precision)
    features = tf.fill((64, 6, 5, 4), 500.0)

    dropped = tf.cast(_layer(kind, 0.95, kernel=kernel)(features, training=True), "float32")

    assert np.all(np.isfinite(dropped))
    assert np.any(np.asarray(dropped) > 0)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_masks_are_a_function_of_seed_and_step(kind: str, kernel: Kernel) -> None:
    layer, again, other = (_layer(kind, 0.3, seed=seed, kernel=kernel) for seed in (5, 5, 6))
    first, second = _multipliers(layer), _multipliers(layer)

    assert np.any(first != second)
    np.testing.assert_array_equal(_multipliers(again), first)
    np.testing.assert_array_equal(_multipliers(again), second)
    assert np.any(_multipliers(other) != first)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_masks_of_layers_of_other_names_are_independent(kind: str, kernel: Kernel) -> None:
    features = keras.Input(SHAPE[1:])
    pair = keras.Model(
        features,
        [
            _apply(features, kind, 0.3, name=name, kernel=kernel)
            for name in ("encoder_0_dropout", "encoder_1_dropout")
        ],
    )
    first, second = (np.asarray(mask) for mask in pair(tf.ones(SHAPE), training=True))
    both = (first - first.mean(axis=0)) * (second - second.mean(axis=0))
    by_sample = both.mean(axis=(1, 2, 3))

    assert abs(by_sample.mean()) < 5 * by_sample.std() / np.sqrt(len(by_sample))


@pytest.mark.parametrize(
    ("kind", "layer"),
    [
        ("dropout", keras.layers.Dropout),
        ("spatial", keras.layers.SpatialDropout2D),
        ("gaussian", keras.layers.GaussianDropout),
    ],
)
def test_a_kind_that_keras_has_gives_what_keras_gives(kind: str, layer: type[Any]) -> None:
    ours, theirs = _layer(kind, 0.3, kernel="keras", seed=5), layer(0.3, seed=5)

    for _ in range(2):
        np.testing.assert_array_equal(_multipliers(ours), _multipliers(theirs))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_rate_zero_adds_no_layer(kind: str, kernel: Kernel) -> None:
    features = keras.Input((8, 8, 2))

    assert _apply(features, kind, 0.0, kernel=kernel) is features


@pytest.mark.parametrize("kernel", KERNELS)
def test_none_adds_no_layer(kernel: Kernel) -> None:
    features = keras.Input((8, 8, 2))

    assert apply_dropout(features, NoDropout(), name="x", seed=0, kernel=kernel) is features


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_each_level_takes_its_own_rate(kind: str, kernel: Kernel) -> None:
    rates = [0.0, 0.25]
    features = keras.Input((8, 8, 2))

    assert _apply(features, kind, rates, kernel=kernel, level=0) is features
    network = keras.Model(features, _apply(features, kind, rates, kernel=kernel, level=1))
    assert network.get_layer("x").rate == 0.25


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_survives_serialisation_with_its_masks(kind: str) -> None:
    layer = _layer(kind, 0.3, kernel="keras")  # what a run saves is made of these alone
    stored = keras.saving.serialize_keras_object(layer)
    restored = keras.saving.deserialize_keras_object(stored)

    assert restored.name == layer.name
    np.testing.assert_array_equal(_multipliers(restored), _multipliers(layer))
