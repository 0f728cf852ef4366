import math

import numpy as np
import pytest

from dropstudy.errors import DataError
from dropstudy.imaging.arrays import to_bytes
from dropstudy.imaging.conventions import (
    PAPER_DENOISE,
    RGB_8BIT,
    Convention,
    ConventionName,
    find_convention,
    luma,
    to_levels,
)
from dropstudy.imaging.metrics import psnr
from tests.imaging.examples import flat_image, random_image

FLOAT_LUMA = Convention("y", rounded=False, luma=True)
WEIGHTS = 65.481, 128.553, 24.966


@pytest.mark.parametrize(
    ("name", "border", "description"),
    [
        ("rgb-8bit", None, "clipped and rounded to 8 bits, all channels, no edge left out"),
        ("paper-denoise", 1, "neither clipped nor rounded, all channels, 1 pixel of each edge"),
        ("paper-sr", 4, "clipped and rounded to 8 bits, BT.601 luma (16–235) alone, 4 pixels of"),
        ("paper-sr", 0, "clipped and rounded to 8 bits, BT.601 luma (16–235) alone, no edge left"),
    ],
)
def test_a_convention_is_found_by_name_and_says_what_it_does(
    name: ConventionName, border: int | None, description: str
) -> None:
    convention = find_convention(name, border)
    assert (convention.name, convention.border) == (name, border or 0)
    assert convention.description.startswith(description)


def test_the_conventions_that_need_no_border_are_those_of_the_constants() -> None:
    assert find_convention("rgb-8bit") == RGB_8BIT
    assert find_convention("paper-denoise") == PAPER_DENOISE


def test_super_resolution_without_a_border_is_refused() -> None:
    with pytest.raises(DataError, match=r"^paper-sr: no border given; .* --border 4"):
        find_convention("paper-sr")


def test_eight_bits_clip_and_round_and_floats_are_left_as_they_are() -> None:
    image = np.array([-0.1, 0.4 / 255, 0.6 / 255, 100.6 / 255, 1.1]).reshape(1, 5, 1)
    assert to_levels(image, RGB_8BIT).ravel().tolist() == [0, 0, 1, 101, 255]
    assert to_levels(image, PAPER_DENOISE).ravel() == pytest.approx([-25.5, 0.4, 0.6, 100.6, 280.5])


def test_bytes_are_the_same_levels_by_every_convention_of_all_channels() -> None:
    pixels = to_bytes(random_image(9, 7))
    for convention in (RGB_8BIT, PAPER_DENOISE):
        levels = to_levels(pixels, convention)
        assert levels.dtype == np.float64
        assert np.array_equal(levels, pixels)


def test_the_border_is_cut_from_all_four_edges() -> None:
    image = to_bytes(random_image(10, 12))
    assert np.array_equal(to_levels(image, Convention("cut", border=2)), image[2:8, 2:10])
    assert to_levels(image, Convention("cut", border=4)).shape == (2, 4, 3)


def test_a_border_that_leaves_nothing_is_refused() -> None:
    text = r"^an image of 12×10 has nothing left within a border of 5 pixels$"
    with pytest.raises(DataError, match=text):
        to_levels(random_image(10, 12), Convention("cut", border=5))


def test_luma_of_known_colours() -> None:
    """BT.601: black 16, white 235, and each primary its weight above black."""
    colours = np.eye(3)[np.newaxis] * 255
    assert luma(colours).shape == (1, 3, 1)
    assert luma(colours).ravel() == pytest.approx([16 + weight for weight in WEIGHTS])
    assert luma(np.zeros((1, 1, 3))).item() == 16
    assert luma(np.full((1, 1, 3), 255)).item() == pytest.approx(235)


def test_luma_has_the_depth_of_its_pixels_as_in_matlab() -> None:
    """Red of 255: 81.481, which 8 bits hold as 81."""
    red = np.zeros((4, 4, 3), dtype=np.float32)
    red[..., 0] = 1
    assert to_levels(red, find_convention("paper-sr", 0)) == pytest.approx(81, abs=0)
    assert to_levels(red, FLOAT_LUMA) == pytest.approx(81.481)


def test_independent_noise_gains_4_819_db_when_it_is_read_on_luma() -> None:
    """Channels uncorrelated, of one variance: luma's is that times the squares of its weights."""
    red, green = (np.array(signs, dtype=float) for signs in ((1, -1, 1, -1), (1, 1, -1, -1)))
    noise = 0.1 * np.stack([red, green, red * green], axis=-1).reshape(2, 2, 3)
    clean = np.full(noise.shape, 0.5)
    on_luma, on_rgb = (
        psnr(clean + noise, clean, convention=convention)
        for convention in (FLOAT_LUMA, PAPER_DENOISE)
    )
    assert on_rgb == pytest.approx(20, abs=1e-12)
    gain = -10 * math.log10(sum(weight**2 for weight in WEIGHTS) / 255**2)
    assert on_luma - on_rgb == pytest.approx(gain, abs=1e-12)
    assert gain == pytest.approx(4.819, abs=5e-4)


def test_luma_takes_nothing_from_an_image_that_is_grey_already() -> None:
    noisy, clean = random_image(16, 16, 1), random_image(16, 16, 1, seed=1)
    assert psnr(noisy, clean, convention=FLOAT_LUMA) == psnr(noisy, clean, convention=PAPER_DENOISE)


def test_super_resolution_scores_nothing_of_the_edge() -> None:
    clean = flat_image(0.5, 32)
    restored = clean.copy()
    restored[:3] = restored[:, -3:] = 0
    assert psnr(restored, clean, convention=find_convention("paper-sr", 2)) < 30
    assert psnr(restored, clean, convention=find_convention("paper-sr", 3)) == math.inf
