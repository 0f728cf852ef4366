from typing import Any, get_args

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from dropstudy.config.training import LossName
from dropstudy.training.losses import SCALE_WEIGHTS, count_scales, make_loss, multi_scale_ssim

LOSSES: tuple[LossName, ...] = get_args(LossName)


def _pair(
    size: int = 48, *, samples: int = 3, channels: int = 3, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Smooth images with detail, and noisier ones from one to the next."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size] / 7
    waves = 0.5 + 0.4 * np.sin(rows + 0.3 * columns) * np.cos(columns)
    clean = np.broadcast_to(waves[None, ..., None], (samples, size, size, channels))
    strengths = np.linspace(0.02, 0.2, samples).reshape(-1, 1, 1, 1)
    restored = np.clip(clean + strengths * rng.standard_normal(clean.shape), 0, 1)
    return restored.astype(np.float32), clean.astype(np.float32)


def _values(name: LossName, restored: Any, clean: Any) -> NDArray[np.float32]:
    return np.asarray(make_loss(name, patch_size=restored.shape[1])(restored, clean))


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_gives_each_image_its_own_number(name: LossName) -> None:
    restored, clean = _pair()
    together = _values(name, restored, clean)
    alone = [_values(name, restored[i : i + 1], clean[i : i + 1])[0] for i in range(3)]

    assert together.shape == (3,)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    assert together[0] < together[1] < together[2]


@pytest.mark.parametrize("channels", [1, 3])
def test_errors_are_means_over_pixels_and_channels(channels: int) -> None:
    restored, clean = _pair(16, channels=channels)
    difference = restored.astype(np.float64) - clean
    axes = (1, 2, 3)

    expected = {
        "mse": np.mean(difference**2, axis=axes),
        "mae": np.mean(np.abs(difference), axis=axes),
        "charbonnier": np.mean(np.sqrt(difference**2 + 1e-6), axis=axes),
    }
    for name in ("mse", "mae", "charbonnier"):
        np.testing.assert_allclose(_values(name, restored, clean), expected[name], rtol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_ssim_mix_agrees_with_tensorflow_and_scikit_image(channels: int) -> None:
    restored, clean = _pair(32, channels=channels)
    mae = np.mean(np.abs(restored - clean), axis=(1, 2, 3))
    by_tensorflow = np.asarray(tf.image.ssim(restored, clean, max_val=1.0))
    by_scikit = [
        structural_similarity(
            *images,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1.0,
            channel_axis=-1,
        )
        for images in zip(restored, clean, strict=True)
    ]

    found = _values("ssim_mix", restored, clean)
    np.testing.assert_allclose(found, 0.84 * (1 - by_tensorflow) + 0.16 * mae, atol=1e-5)
    np.testing.assert_allclose(found, 0.84 * (1 - np.array(by_scikit)) + 0.16 * mae, atol=1e-5)


def test_ssim_of_two_constant_images_is_the_published_number() -> None:
    first, second = (np.full((1, 16, 16, 1), level / 255, dtype=np.float32) for level in (1, 2))

    similarity = multi_scale_ssim(first, second, scales=1)
    assert float(similarity[0]) == pytest.approx(0.9130623777, abs=1e-4)


@pytest.mark.parametrize(("size", "scales"), [(192, 5), (96, 4), (48, 3), (24, 2)])
@pytest.mark.parametrize("channels", [1, 3])
def test_ms_ssim_mix_agrees_with_tensorflow(channels: int, size: int, scales: int) -> None:
    restored, clean = _pair(size, samples=2, channels=channels)
    weights = np.array(SCALE_WEIGHTS[:scales]) / sum(SCALE_WEIGHTS[:scales])
    similarity = tf.image.ssim_multiscale(
        restored, clean, max_val=1.0, power_factors=[float(weight) for weight in weights]
    )
    mae = np.mean(np.abs(restored - clean), axis=(1, 2, 3))

    expected = 0.84 * (1 - np.asarray(similarity)) + 0.16 * mae
    # TensorFlow multiplies the scales of each channel before it averages over channels.
    tolerance = 2e-5 if channels == 1 else 1e-3
    np.testing.assert_allclose(_values("ms_ssim_mix", restored, clean), expected, atol=tolerance)


def test_an_odd_side_loses_its_last_row_where_scales_halve_it() -> None:
    restored, clean = _pair(45)
    cut = _values("ms_ssim_mix", restored, clean)

    assert np.all(np.isfinite(cut))
    assert count_scales(45) == 3


@pytest.mark.parametrize("name", LOSSES)
def test_equal_images_lose_nothing_and_have_finite_gradients(name: LossName) -> None:
    _, clean = _pair(24)
    restored = tf.Variable(clean)
    with tf.GradientTape() as tape:
        values = make_loss(name, patch_size=24)(restored, clean)
    gradient = np.asarray(tape.gradient(values, restored))

    # Charbonnier's ε is what it costs to be smooth at 0.
    np.testing.assert_allclose(values, 1e-3 if name == "charbonnier" else 0, atol=1e-6)
    assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_finite_for_black_inverted_and_far_off_images(name: LossName) -> None:
    _, clean = _pair(24, samples=1)
    loss = make_loss(name, patch_size=24)
    for start in (np.zeros_like(clean), 1 - clean, np.full_like(clean, 50)):
        restored = tf.Variable(start)
        with tf.GradientTape() as tape:
            values = loss(restored, clean)

        assert np.all(np.isfinite(values))
        assert np.all(np.isfinite(tape.gradient(values, restored)))


@pytest.mark.parametrize("name", LOSSES)
def test_a_step_against_the_gradient_lowers_the_loss(name: LossName) -> None:
    start, clean = _pair(24, samples=1)
    loss = make_loss(name, patch_size=24)
    restored = tf.Variable(start)
    with tf.GradientTape() as tape:
        before = loss(restored, clean)
    gradient = tape.gradient(before, restored)
    stepped = restored - 0.01 * gradient / tf.norm(gradient)

    assert float(loss(stepped, clean)[0]) < float(before[0])


def test_a_loss_compiles_for_images_of_every_size() -> None:
    loss = make_loss("ms_ssim_mix", patch_size=24)
    compiled = tf.function(loss, input_signature=[tf.TensorSpec((1, None, None, 3))] * 2)

    for size in (24, 40):
        restored, clean = _pair(size, samples=1)
        np.testing.assert_allclose(compiled(restored, clean), loss(restored, clean), atol=1e-5)


def _halvings(size: int) -> int:
    return 0 if size // 2 < 11 else 1 + _halvings(size // 2)


@pytest.mark.parametrize("size", [11, 16, 21, 22, 23, 43, 44, 64, 87, 88, 128, 175, 176, 512])
def test_as_many_scales_are_used_as_leave_the_window_room(size: int) -> None:
    assert count_scales(size) == min(5, 1 + _halvings(size))
