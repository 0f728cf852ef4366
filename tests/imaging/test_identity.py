import math

import numpy as np
import pytest

from dropstudy.errors import DataError
from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.identity import (
    COPY_RATIO_OF_A_COPY,
    GAIN_OF_A_COPY_DB,
    copy_ratio,
    identity_gain,
    returns_input,
)
from dropstudy.imaging.metrics import psnr
from tests.imaging.examples import random_image

SIDE = 64


def _noise(seed: int, deviation: float = 0.1) -> Floats:
    noise = np.random.default_rng(seed).normal(0, deviation, (SIDE, SIDE, 3))
    return noise.astype(np.float32)


def _leaving(share: float) -> Floats:
    """An image that has so much of its degradation left."""
    return np.asarray(CLEAN + share * (DEGRADED - CLEAN), dtype=np.float32)


CLEAN = 0.3 + 0.4 * random_image(SIDE, SIDE)
DEGRADED = CLEAN + _noise(1)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0, -0.5, 1.5])
def test_the_ratio_is_the_share_of_the_degradation_that_is_left(share: float) -> None:
    restored = _leaving(share)
    assert copy_ratio(restored, DEGRADED, CLEAN) == pytest.approx(share, abs=1e-5)


def test_errors_of_the_networks_own_are_no_copy() -> None:
    """Independent of the noise, they project onto it by chance alone: 1/√n is 0.009."""
    assert abs(copy_ratio(CLEAN + _noise(2, 0.3), DEGRADED, CLEAN)) < 0.1
    assert copy_ratio(DEGRADED + _noise(2, 0.3), DEGRADED, CLEAN) == pytest.approx(1, abs=0.1)


def test_the_ratio_is_that_of_the_formula() -> None:
    restored = np.float32(0.5) * DEGRADED + np.float32(0.3) * random_image(SIDE, SIDE, seed=5)
    f, y, x = (image.astype(np.float64) for image in (restored, DEGRADED, CLEAN))
    expected = np.vdot(f - x, y - x) / np.linalg.norm(y - x) ** 2
    assert copy_ratio(restored, DEGRADED, CLEAN) == pytest.approx(expected, rel=1e-6)


def test_an_input_without_degradation_has_no_ratio() -> None:
    with pytest.raises(DataError, match="the degraded image equals the clean one: nothing of it"):
        copy_ratio(DEGRADED, CLEAN, CLEAN)


def test_the_gain_is_in_decibels_over_the_input() -> None:
    half = _leaving(0.5)
    assert identity_gain(DEGRADED, DEGRADED, CLEAN) == 0
    assert identity_gain(half, DEGRADED, CLEAN) == pytest.approx(20 * math.log10(2), abs=0.1)
    assert identity_gain(CLEAN, DEGRADED, CLEAN) == math.inf
    worse = _leaving(2)
    assert identity_gain(worse, DEGRADED, CLEAN) == psnr(worse, CLEAN) - psnr(DEGRADED, CLEAN) < -3


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.3])
def test_for_a_conditional_mean_the_ratio_is_that_of_the_errors_squared(noise: float) -> None:
    """Clean N(μ, s²) and noise N(0, σ²): the mean of x given y is μ + (y − μ)·s²/(s² + σ²)."""
    deviation, rng = 0.1, np.random.default_rng(3)
    clean = rng.normal(0.5, deviation, (512, 512, 1)).astype(np.float32)
    degraded = clean + rng.normal(0, noise, clean.shape).astype(np.float32)
    share = deviation**2 / (deviation**2 + noise**2)
    restored = (0.5 + share * (degraded - 0.5)).astype(np.float32)
    ratio = copy_ratio(restored, degraded, clean)
    errors = [float(np.mean((image - clean) ** 2)) for image in (restored, degraded)]
    assert ratio == pytest.approx(errors[0] / errors[1], abs=0.01)
    assert ratio == pytest.approx(share, abs=0.01)


def test_so_the_two_thresholds_agree_and_the_gain_adds_no_alarm() -> None:
    gain = -10 * math.log10(COPY_RATIO_OF_A_COPY)
    assert gain == pytest.approx(0.4576, abs=1e-4)
    assert GAIN_OF_A_COPY_DB - 0.05 < gain < GAIN_OF_A_COPY_DB
    for ratio in np.linspace(0.5, 1, 101):
        of_a_mean = returns_input(-10 * math.log10(ratio), float(ratio))
        assert of_a_mean == (ratio > COPY_RATIO_OF_A_COPY)


@pytest.mark.parametrize(
    ("gain", "ratio", "returned"),
    [
        (0.0, 1.0, True),
        (0.49, 0.91, True),
        (-0.49, 1.02, True),
        (0.0, 0.2, False),  # as wrong as the input, but by errors of its own
        (-3.0, 1.0, False),  # the input and errors on top of it
        (2.0, 0.95, False),
        (math.nan, 1.0, False),
        (math.inf, 0.0, False),
    ],
)
def test_only_a_network_that_gains_nothing_and_copies_returns_its_input(
    gain: float, ratio: float, returned: bool
) -> None:
    assert returns_input(gain, ratio) == returned
