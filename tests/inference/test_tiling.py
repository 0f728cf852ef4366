from collections.abc import Callable

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropstudy.config.architecture import Architecture
from dropstudy.config.dropout import Dropout
from dropstudy.errors import ConfigError
from dropstudy.imaging.arrays import Floats
from dropstudy.inference.tiling import (
    TILE_SIDE,
    Tiling,
    divide_axis,
    plan_tiling,
    reach,
    restore_in_tiles,
)
from dropstudy.models import build_network

every_network = pytest.mark.parametrize(
    "architecture",
    [
        Architecture.model_validate(
            {
                "kind": kind,
                "depth": depth,
                "filters": 2,
                "convolutions": convolutions,
                "block": block,
                "upsampling": upsampling,
            }
        )
        for kind, block, upsampling, depth, convolutions in (
            ("autoencoder", "plain", "transpose", 1, 1),
            ("autoencoder", "residual", "bilinear", 1, 2),
            ("autoencoder", "plain", "bilinear", 2, 1),
            ("autoencoder", "residual", "transpose", 3, 1),
            ("unet", "residual", "transpose", 1, 3),
            ("unet", "plain", "bilinear", 1, 1),
            ("unet", "residual", "transpose", 2, 2),
            ("unet", "residual", "bilinear", 3, 1),
            ("unet", "plain", "transpose", 3, 1),
        )
    ],
    ids=lambda a: f"{a.kind}-{a.block}-{a.upsampling}-{a.depth}-{a.convolutions}",
)


def _network(architecture: Architecture) -> keras.Model:
    return build_network(architecture, Dropout(), channels=1, seed=3)


def _as_function(network: keras.Model) -> Callable[[Floats], Floats]:
    return lambda image: np.asarray(network(image[np.newaxis], training=False))[0]


def _noise(height: int, width: int, channels: int = 1) -> Floats:
    return np.random.default_rng(0).random((height, width, channels), dtype=np.float32)


def _measure_reach(architecture: Architecture) -> int:
    """Lights one pixel after the other in a network of ones, and sees where light comes out.

    All weights being positive, light reaches every place that depends on the pixel.
    """
    network = _network(architecture)
    network.set_weights(
        [np.ones_like(w) if w.ndim == 4 else np.zeros_like(w) for w in network.get_weights()]
    )
    side = architecture.size_multiple
    start = side * 12
    lights = np.zeros((25 * side, side, 25 * side, 1), dtype=np.float32)
    lights[np.arange(25 * side), 0, np.arange(25 * side), 0] = 1
    shown = np.asarray(network(lights, training=False))[:, :, start : start + side]
    felt = np.flatnonzero(shown.any(axis=(1, 2, 3)))
    assert felt[0] > 0, "the image is too small to see the reach"
    assert felt[-1] < 25 * side - 1, "the image is too small to see the reach"
    return max(start - int(felt[0]), int(felt[-1]) - (start + side - 1))


@every_network
def test_the_reach_is_how_far_a_networks_output_depends_on_its_input(
    architecture: Architecture,
) -> None:
    assert reach(architecture) == _measure_reach(architecture)


@every_network
def test_tiles_restore_what_the_whole_image_does(architecture: Architecture) -> None:
    restore = _as_function(_network(architecture))
    overlap, multiple = plan_tiling(architecture).overlap, architecture.size_multiple
    tiling = plan_tiling(architecture, 4 * overlap + multiple)
    image = _noise(9 * overlap - 1, 4 * overlap + 2 * multiple + 1)
    whole = restore_in_tiles(image, restore, tiling=plan_tiling(architecture, 0))
    tiled = restore_in_tiles(image, restore, tiling=tiling)
    assert tiling.cuts(*image.shape[:2])
    assert whole.std() > 0.01
    assert np.allclose(tiled, whole, rtol=0, atol=1e-5)


def test_with_too_small_an_overlap_the_seams_would_show() -> None:
    architecture = Architecture(kind="unet", depth=2, filters=2)
    restore = _as_function(_network(architecture))
    image = _noise(96, 96)
    whole = restore_in_tiles(image, restore, tiling=plan_tiling(architecture, 0))
    careless = Tiling(side=48, overlap=4, multiple=4, is_exact=True)
    assert np.abs(restore_in_tiles(image, restore, tiling=careless) - whole).max() > 1e-4


def test_only_group_normalization_makes_tiles_differ_from_the_whole() -> None:
    for normalization, is_exact in (("batch", True), ("group", False)):
        architecture = Architecture.model_validate(
            {"kind": "unet", "depth": 1, "filters": 4, "normalization": normalization}
        )
        restore = _as_function(_network(architecture))
        image = _noise(64, 64)
        whole = restore_in_tiles(image, restore, tiling=plan_tiling(architecture, 0))
        tiling = plan_tiling(architecture, 32)
        difference = np.abs(restore_in_tiles(image, restore, tiling=tiling) - whole).max()
        assert tiling.is_exact == is_exact
        assert (difference < 1e-5) == is_exact


@given(
    multiple=st.sampled_from([2, 4, 8]),
    overlap=st.integers(1, 5),
    inside=st.integers(1, 6),
    size=st.integers(1, 80),
)
def test_every_pixel_is_kept_once_and_far_enough_from_a_tiles_edge(
    multiple: int, overlap: int, inside: int, size: int
) -> None:
    overlap, length = overlap * multiple, size * multiple
    tiling = Tiling(2 * overlap + inside * multiple, overlap, multiple, is_exact=True)
    spans = divide_axis(length, tiling)
    kept = [pixel for span in spans for pixel in range(span.kept_start, span.kept_stop)]
    assert kept == list(range(length))
    assert len({span.stop - span.start for span in spans}) == 1
    for span in spans:
        assert 0 <= span.start <= span.kept_start < span.kept_stop <= span.stop <= length
        assert span.start % multiple == span.stop % multiple == 0
        assert span.start == 0 or span.kept_start - span.start >= overlap
        assert span.stop == length or span.stop - span.kept_stop >= overlap


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (37, 61), (64, 64), (65, 129)])
@pytest.mark.parametrize("side", [None, 64])
def test_any_size_comes_back_as_it_was_though_the_network_sees_multiples(
    size: tuple[int, int], side: int | None
) -> None:
    seen: list[tuple[int, ...]] = []

    def network(image: Floats) -> Floats:
        seen.append(image.shape)
        return image

    image = _noise(*size, channels=3)
    tiling = Tiling(side, overlap=16, multiple=8, is_exact=True)
    assert np.array_equal(restore_in_tiles(image, network, tiling=tiling), image)
    assert all(height % 8 == width % 8 == 0 for height, width, _ in seen)
    assert side is None or all(max(shape[:2]) <= side for shape in seen)


def test_what_is_added_at_the_edges_is_the_images_reflection() -> None:
    seen: list[Floats] = []

    def network(image: Floats) -> Floats:
        seen.append(image)
        return image

    row = np.arange(6, dtype=np.float32).reshape(1, 6, 1)
    restore_in_tiles(row, network, tiling=Tiling(None, 0, 4, is_exact=True))
    assert seen[0].shape == (4, 8, 1)
    assert seen[0][0, :, 0].tolist() == [0, 1, 2, 3, 4, 5, 4, 3]


def test_a_tile_has_room_for_its_overlap() -> None:
    shallow = Architecture(kind="unet", depth=1, convolutions=1)
    deep = Architecture(kind="unet", depth=6, convolutions=8)
    assert plan_tiling(shallow).side == TILE_SIDE
    assert (plan_tiling(deep).side or 0) > 3 * plan_tiling(deep).overlap > TILE_SIDE
    assert plan_tiling(shallow, 0).side is None
    assert plan_tiling(shallow, 101).side == 100
    with pytest.raises(ConfigError, match=r"--tile: got 13; .* sees 6 pixels .* at least 14, or 0"):
        plan_tiling(shallow, 13)
