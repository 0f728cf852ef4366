"""The fast kernels drop, scale and differentiate as exactly as their words allow.

Words themselves are questioned in ``test_random_words.py``. Bounds leave a chance of ``ALPHA``
that a true drop rate breaks them, shared evenly (Bonferroni) by all counts that are looked at.
"""

from math import prod
from typing import Any, get_args

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from scipy import stats

from dropstudy.config.architecture import Architecture
from dropstudy.models.dropblock import expected_share_dropped, seed_rates
from dropstudy.models.kernels import (
    Noise,
    drop_blocks,
    multiply_noise,
    random_words,
    step_keys,
)

Floats = NDArray[np.float32]

ALPHA = 1e-3
ACTIVATIONS: tuple[str, ...] = get_args(Architecture.model_fields["activation"].annotation)
SHARED: list[tuple[int, ...]] = [(), (1, 2), (1, 2, 3)]
SMALL, LARGE = (6, 8, 5, 4), (8, 16, 16, 4)
"""Of one the loops are left to TensorFlow's operations, of the other they are compiled."""
PLACES = [*((SMALL, axes) for axes in SHARED), (LARGE, ()), ((16, 32, 32, 16), (1, 2))]
RATES = [0.02, 0.1, 0.5]
EXACT = (None, "relu", "leaky_relu")
"""Activations that are computed without an exponential."""


def _multiply(
    features: tf.Tensor,
    keys: tf.Tensor,
    *,
    rate: float = 0.3,
    noise: Noise = "bernoulli",
    shared_axes: tuple[int, ...] = (),
    activation: str | None = None,
) -> tf.Tensor:
    return multiply_noise(
        features, keys, rate=rate, noise=noise, shared_axes=shared_axes, activation=activation
    )


def _differentiate(
    features: tf.Tensor, upstream: tf.Tensor, **options: Any
) -> tuple[tf.Tensor, tf.Tensor]:
    """What the kernel makes of features, and what of the gradient that comes back."""
    with tf.GradientTape() as tape:
        tape.watch(features)
        multiplied = _multiply(features, step_keys((1, 2)), **options)
    return multiplied, tape.gradient(multiplied, features, upstream)


def _normals(*seed: int, shape: tuple[int, ...] = SMALL) -> tf.Tensor:
    return 3 * tf.random.stateless_normal(shape, seed=seed)


def _words(shape: tuple[int, ...], keys: tf.Tensor) -> NDArray[np.uint32]:
    words: NDArray[np.uint32] = random_words(list(shape), keys).numpy()
    return words


def _units(shared_axes: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if axis in shared_axes else side for axis, side in enumerate(shape))


def _assert_binomial(counts: NDArray[np.int64], trials: int, rate: float, tests: int) -> None:
    """No count, nor how much they vary, is beyond what chance does in one of ``tests`` tests."""
    outside = ALPHA / tests / 2
    low, high = stats.binom.interval(1 - outside / counts.size, trials, rate)
    assert np.all((low <= counts) & (counts <= high)), f"not all from {low} to {high}"
    if counts.size > 1:
        varied = np.square(counts - trials * rate).sum() / (trials * rate * (1 - rate))
        least, most = stats.chi2.interval(1 - outside, counts.size)
        assert least < varied < most, f"{varied:.0f} for {counts.size} counts"


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("shared_axes", SHARED)
def test_each_value_channel_sample_and_step_is_dropped_at_the_rate(
    shared_axes: tuple[int, ...], rate: float
) -> None:
    # Of 4·10⁶ values at a rate of 0.1 it shows a bias of 0.0007, of 256 channels in 1,000 steps
    # each one of 0.05. Smaller ones are shown by the exact threshold, and by the words' bytes.
    steps, shape = 1000, (16, 4, 4, 16)
    units = _units(shared_axes, shape)
    ones = tf.ones(shape)

    @tf.function  # type: ignore[untyped-decorator]
    def drop(step: tf.Tensor) -> tf.Tensor:
        return _multiply(ones, step_keys(tf.stack([9, step])), rate=rate, shared_axes=shared_axes)

    dropped = np.stack([drop(tf.constant(step)).numpy() == 0 for step in range(steps)])
    dropped = dropped[(slice(None), *(slice(side) for side in units))]

    views = [(), (0,), (1, 2, 3, 4), *((axis,) for axis in range(1, 5) if units[axis - 1] > 1)]
    for kept_axes in views:
        summed = tuple(axis for axis in range(5) if axis not in kept_axes)
        counts = np.asarray(dropped.sum(axis=summed))
        _assert_binomial(counts, dropped.size // counts.size, rate, len(views))


@pytest.mark.parametrize(("shape", "shared_axes"), PLACES)
def test_a_rate_is_exact_to_one_word(shape: tuple[int, ...], shared_axes: tuple[int, ...]) -> None:
    keys, units = step_keys((1, 2)), _units(shared_axes, shape)
    words = _words(units, keys)
    chosen = int(np.sort(words.ravel())[words.size // 3])

    for threshold in (chosen, chosen + 1, 2**32 // 50, 2**31):
        multiplied = _multiply(
            tf.ones(shape), keys, rate=threshold / 2**32, shared_axes=shared_axes
        )
        kept = np.broadcast_to(words >= threshold, shape)
        np.testing.assert_array_equal(multiplied.numpy() != 0, kept)


@pytest.mark.parametrize("rate", [*RATES, 0.3, 0.95, 0.999, 1 - 1e-6])
def test_what_is_kept_is_scaled_as_exactly_as_a_float32_can(rate: float) -> None:
    features = tf.ones((256, 64, 64, 1))
    multiplied = np.unique(_multiply(features, step_keys((1, 2)), rate=rate))
    noisy = _multiply(features, step_keys((1, 2)), rate=rate, noise="gaussian")
    unit = _multiply(features, step_keys((1, 2)), rate=0.5, noise="gaussian")

    assert set(multiplied.tolist()) <= {0.0, float(np.float32(1 / (1 - rate)))}
    expected = 1 + np.sqrt(rate / (1 - rate)) * (np.float64(unit) - 1)
    np.testing.assert_allclose(noisy, expected, rtol=1e-5, atol=1e-6 / (1 - rate))


def test_gaussian_noise_is_normal_up_to_its_tails() -> None:
    # At a rate of one half the noise is 1 and a standard normal number.
    shape, steps = (16, 64, 64, 32), 16
    count = steps * prod(shape)
    chances = np.sort(
        [*np.linspace(0, 1, 201)[1:-1], *(c for t in (1e-6, 1e-4) for c in (t, 1 - t))]
    )
    edges = stats.norm.ppf(chances)
    counts, sums, extremes = np.zeros(len(edges) + 1), np.zeros(2), np.zeros(2)
    for step in range(steps):
        drawn = _multiply(tf.ones(shape), step_keys((4, step)), rate=0.5, noise="gaussian")
        normal = np.sort(drawn.numpy().ravel()) - 1
        assert np.all(np.isfinite(normal))
        counts += np.diff([0, *np.searchsorted(normal, edges), normal.size])
        sums += [normal.sum(dtype=np.float64), np.square(normal, dtype=np.float64).sum()]
        extremes = np.array([min(extremes[0], normal[0]), max(extremes[1], normal[-1])])

    bound = stats.norm.isf(ALPHA / 3 / 2)
    expected = count * np.diff([0, *chances, 1])
    assert abs(sums[0] / count) < bound / np.sqrt(count)
    assert abs(sums[1] / count - 1) < bound * np.sqrt(2 / count)
    assert stats.chisquare(counts, expected).pvalue > ALPHA / 3
    # The ends of 2²³ numbers, so that infinity would have been met.
    np.testing.assert_allclose(extremes, [-5.2947, 5.2947], atol=1e-4)


@pytest.mark.parametrize("activation", [None, *ACTIVATIONS])
@pytest.mark.parametrize("noise", get_args(Noise))
def test_values_are_activated_then_multiplied_and_gradients_likewise_bit_for_bit(
    noise: Noise, activation: str | None
) -> None:
    for shape, shared_axes in PLACES[:4]:
        features, upstream = (_normals(1, own, shape=shape) for own in (2, 3))
        options: dict[str, Any] = {"noise": noise, "shared_axes": shared_axes}
        multipliers = _multiply(tf.ones(shape), step_keys((1, 2)), **options)
        # At rate 0 the same code activates alone, to the last bit of its exponentials.
        still = {**options, "activation": activation, "rate": 0.0}
        activated, _ = _differentiate(features, upstream, **still)
        _, expected_gradient = _differentiate(features, upstream * multipliers, **still)
        multiplied, gradient = _differentiate(features, upstream, **options, activation=activation)

        np.testing.assert_array_equal(multiplied, activated * multipliers)
        np.testing.assert_array_equal(gradient, expected_gradient)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_and_their_gradients_are_those_of_keras(activation: str) -> None:
    features, upstream = _normals(1, 2), _normals(1, 3)
    with tf.GradientTape() as tape:
        tape.watch(features)
        expected = keras.activations.get(activation)(features)
    activated, gradient = _differentiate(features, upstream, rate=0.0, activation=activation)

    np.testing.assert_allclose(activated, expected, rtol=1e-4, atol=1e-6)
    expected_gradient = tape.gradient(expected, features, upstream)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("precision", "shape"), [("bfloat16", LARGE), ("float16", SMALL)])
@pytest.mark.parametrize(
    ("noise", "activation"),
    [("gaussian", None), *(("bernoulli", own) for own in (None, *ACTIVATIONS))],
)
def test_half_precision_is_rounded_once_after_all_is_done(
    noise: Noise, activation: str | None, precision: str, shape: tuple[int, ...]
) -> None:
    features, upstream = (tf.cast(_normals(1, own, shape=shape), precision) for own in (2, 3))
    options: dict[str, Any] = {"noise": noise, "activation": activation}
    whole = _differentiate(tf.cast(features, "float32"), tf.cast(upstream, "float32"), **options)

    for found, expected in zip(_differentiate(features, upstream, **options), whole, strict=True):
        assert found.dtype == precision
        rounded = tf.cast(expected, precision)
        # Two compilations of one exponential may differ in a bit that tips a rounding.
        assert np.mean(found != rounded) <= (0.0 if activation in EXACT else 0.005)
        np.testing.assert_allclose(tf.cast(found, "float32"), expected, rtol=2**-8, atol=1e-6)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("shape", "block_size"), [((4, 16, 16, 3), 3), ((4, 9, 20, 3), 4), ((8, 3, 12, 3), 5)]
)
def test_blocks_are_those_that_the_words_start_and_gradients_have_the_same(
    shape: tuple[int, int, int, int], block_size: int, precision: str
) -> None:
    start_rate, height, width = seed_rates(shape[1], shape[2], 0.2, block_size)
    keys = step_keys((1, 2))
    places = (shape[0], shape[1] - height + 1, shape[2] - width + 1, shape[3])
    kept = np.ones(shape, bool)
    for sample, top, left, channel in np.argwhere(_words(places, keys) < start_rate * 2**32):
        kept[sample, top : top + height, left : left + width, channel] = False
    multipliers = kept * np.float32(kept.size / kept.sum())
    features, upstream = (tf.cast(_normals(1, own, shape=shape), precision) for own in (2, 3))

    with tf.GradientTape() as tape:
        tape.watch(features)
        dropped = drop_blocks(features, keys, start_rate=start_rate, block=(height, width))

    assert 0 < kept.mean() < 1
    for found, given in (
        (dropped, features),
        (tape.gradient(dropped, features, upstream), upstream),
    ):
        expected = tf.cast(tf.cast(given, "float32") * multipliers, precision)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("block_size", [1, 3, 7])
def test_blocks_drop_the_share_that_is_expected_of_them(block_size: int) -> None:
    start_rate, *block = seed_rates(16, 16, 0.1, block_size)
    shares = []
    for step in range(20):
        dropped = drop_blocks(
            tf.ones((32, 16, 16, 16)),
            step_keys((1, step)),
            start_rate=start_rate,
            block=(block[0], block[1]),
        )
        shares.append((dropped.numpy() == 0).mean(axis=(1, 2)))
    error = np.std(shares) / np.sqrt(np.size(shares))  # maps are independent, their values not

    bound = stats.norm.isf(ALPHA / 2) * error
    assert abs(np.mean(shares) - expected_share_dropped(16, 16, 0.1, block_size)) < bound < 0.004
