from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dropstudy.imaging.arrays import to_bytes, to_floats, write_floats

LEVELS = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)


def test_every_level_survives_the_way_to_floats_and_back() -> None:
    floats = to_floats(LEVELS)
    assert floats.dtype == np.float32
    assert floats.min() == 0
    assert floats.max() == 1
    assert np.array_equal(to_bytes(floats), LEVELS)


def test_floats_are_taken_as_they_are() -> None:
    floats = np.array([-0.5, 0.25, 1.5], dtype=np.float32)
    assert np.array_equal(to_floats(floats), floats)
    assert to_floats(floats.astype(np.float64)).dtype == np.float32


@pytest.mark.parametrize("image", [LEVELS, LEVELS.astype(np.float64) / 300 - 0.2])
def test_floats_are_written_in_place_as_they_are_returned(image: NDArray[Any]) -> None:
    batch = np.full((2, *image.shape), 7, dtype=np.float32)
    write_floats(image.swapaxes(0, 1)[::-1], batch[1])
    assert np.array_equal(batch[1], to_floats(np.rot90(image)))
    assert np.all(batch[0] == 7)


@pytest.mark.parametrize(
    ("value", "level"), [(-1.0, 0), (2.0, 255), (99.6 / 255, 100), (100.4 / 255, 100)]
)
def test_bytes_are_clipped_and_rounded(value: float, level: int) -> None:
    assert to_bytes(np.array([value])) == level


def test_rounding_is_off_by_a_twelfth_of_a_square_level_where_truncating_is_by_a_third() -> None:
    values = np.random.default_rng(0).random(100_000)
    error = np.mean(np.square(to_bytes(values) - 255 * values))
    assert error == pytest.approx(1 / 12, rel=0.02)
