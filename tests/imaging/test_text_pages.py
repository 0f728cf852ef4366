import hashlib
from itertools import product

import numpy as np
import pytest

from dropstudy.config.task import Pixelate
from dropstudy.imaging.arrays import Floats, to_floats
from dropstudy.imaging.degradations import degrade
from dropstudy.imaging.metrics import psnr
from dropstudy.imaging.text_pages import LEAST_CONTRAST, PAGE_SIDE, Part, draw_text_page

PARTS: tuple[Part, ...] = ("training", "validation", "test")
SOME = [(part, index) for part, index in product(PARTS, range(6))]


def _detail(page: Floats) -> float:
    """Share of pixels that differ from their left neighbour by a fifth of the contrast."""
    return float(np.mean(np.abs(np.diff(page.mean(axis=-1), axis=1)) > LEAST_CONTRAST / 5 / 255))


def test_a_page_is_a_function_of_its_part_and_number() -> None:
    first, again = ({place: draw_text_page(*place).tobytes() for place in SOME} for _ in "ab")
    assert first == again
    assert len({hashlib.sha256(page).digest() for page in first.values()}) == len(SOME)


@pytest.mark.parametrize(("part", "index"), SOME)
def test_every_page_is_covered_with_legible_lines(part: Part, index: int) -> None:
    page = draw_text_page(part, index)
    assert page.shape == (PAGE_SIDE, PAGE_SIDE, 3)
    assert page.dtype == np.uint8
    grey = to_floats(page).mean(axis=-1)
    contrast = 255 * (np.quantile(grey, 0.995) - np.quantile(grey, 0.005))
    assert contrast > 0.7 * LEAST_CONTRAST
    rows = np.abs(np.diff(grey, axis=1)).max(axis=1) > 0.2 * contrast / 255
    lines = np.count_nonzero(np.diff(rows.astype(int)) == 1) + int(rows[0])
    assert 6 <= lines <= 28
    assert 0.04 < _detail(to_floats(page)) < 0.5


def test_papers_and_inks_differ() -> None:
    pages = [draw_text_page("training", index) for index in range(24)]
    papers = [np.median(page, axis=(0, 1)) for page in pages]
    levels = [float(paper.mean()) for paper in papers]
    assert min(levels) < 100 < 180 < max(levels)
    assert len({tuple(paper) for paper in papers}) == len(pages)
    blocks = [page.reshape(8, 32, 8, 32, 3) for page in pages]
    uneven = [float(np.median(own, axis=(1, 3)).std(axis=(0, 1)).mean()) for own in blocks]
    assert np.mean(uneven[1::3]) > 2 * np.mean([*uneven[0::3], *uneven[2::3]])


def test_a_grey_page_is_the_luma_of_the_coloured_one() -> None:
    colours, grey = (draw_text_page("test", 1, channels=kind) for kind in ("rgb", "grey"))
    assert grey.shape == (PAGE_SIDE, PAGE_SIDE, 1)
    luma = colours @ np.array([0.299, 0.587, 0.114])
    assert np.abs(grey[..., 0] - luma).max() <= 1


def test_blocks_of_four_pixels_take_the_letters_away() -> None:
    for part, index in SOME:
        page = to_floats(draw_text_page(part, index))
        blurred = degrade(page, Pixelate(kind="pixelate", block=4), np.random.default_rng(0))
        assert _detail(blurred) < 0.5 * _detail(page)
        assert 8 < psnr(blurred, page) < 32
