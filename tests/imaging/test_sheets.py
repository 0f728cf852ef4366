import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from dropstudy.imaging.arrays import Bytes
from dropstudy.imaging.sheets import (
    BETTER,
    CAPTION_HEIGHT,
    FAINT,
    FOOT_HEIGHT,
    GAP,
    INK,
    MARGIN,
    PAPER,
    Cell,
    Sheet,
    as_rgb,
    column_left,
    draw_sheet,
    write,
)

SIDE = 40
RED, BLUE = (200, 0, 0), (0, 0, 200)


def _flat(colour: tuple[int, int, int], *, height: int = 8, width: int = 8) -> Bytes:
    return np.full((height, width, 3), colour, dtype=np.uint8)


def _sheet(rows: list[list[Cell]], *, title: str = "title", side: int = SIDE) -> Sheet:
    return Sheet(title, "subtitle", ["column"] * len(rows[0]), rows, side, "note")


def _top(page: Bytes, heights: list[int], row: int) -> int:
    """Where a row of pictures of these heights begins."""
    return len(page) - FOOT_HEIGHT - sum(height + CAPTION_HEIGHT + GAP for height in heights[row:])


def test_every_cell_has_its_place() -> None:
    rows = [[Cell(_flat(RED)), Cell(_flat(BLUE))], [Cell(_flat(BLUE)), Cell(_flat(RED))]]
    page = np.asarray(draw_sheet(_sheet(rows)))
    assert page.shape[1] == 2 * MARGIN + 2 * SIDE + GAP
    for row, colours in enumerate([(RED, BLUE), (BLUE, RED)]):
        top = _top(page, [SIDE, SIDE], row)
        for column, colour in enumerate(colours):
            left = column_left(column, SIDE)
            assert np.all(page[top : top + SIDE, left : left + SIDE] == colour)
            assert np.all(page[top : top + SIDE, left + SIDE] == PAPER)
        assert np.all(page[top - 1] == PAPER)


def test_a_flat_picture_keeps_its_shape() -> None:
    rows = [[Cell(_flat(RED, height=4, width=8))], [Cell(_flat(BLUE, height=8, width=4))]]
    page = np.asarray(draw_sheet(_sheet(rows)))
    red, blue = (np.all(page == colour, axis=-1) for colour in (RED, BLUE))
    assert red.any(axis=1).sum() == SIDE // 2
    assert blue.any(axis=1).sum() == 2 * SIDE
    assert red.any(axis=0).sum() == blue.any(axis=0).sum() == SIDE


def test_small_pictures_are_enlarged_pixel_by_pixel() -> None:
    pixels = np.indices((2, 2)).sum(axis=0)[..., np.newaxis] % 2 * np.uint8(255)
    page = np.asarray(draw_sheet(_sheet([[Cell(pixels.astype(np.uint8))]])))
    top, half = _top(page, [SIDE], 0), SIDE // 2
    shown = page[top : top + SIDE, MARGIN : MARGIN + SIDE, 0]
    assert np.all(shown[:half, :half] == 0)
    assert np.all(shown[:half, half:] == 255)


def test_large_pictures_are_averaged_down() -> None:
    """A chequerboard of single pixels is grey from afar, neither black nor white."""
    pixels = np.indices((4 * SIDE, 4 * SIDE)).sum(axis=0)[..., np.newaxis] % 2 * np.uint8(255)
    page = np.asarray(draw_sheet(_sheet([[Cell(pixels.astype(np.uint8))]])))
    top = _top(page, [SIDE], 0)
    shown = page[top : top + SIDE, MARGIN : MARGIN + SIDE]
    assert 126 <= shown.min() <= shown.max() <= 129


def test_a_frame_is_drawn_around_its_part_in_light_within_dark() -> None:
    grey = np.full((10, 10, 1), 128, dtype=np.uint8)
    page = np.asarray(draw_sheet(_sheet([[Cell(grey, frame=(2, 3, 5, 4))]])))
    top = _top(page, [SIDE], 0)
    shown = page[top : top + SIDE, MARGIN : MARGIN + SIDE]
    light = np.argwhere(np.all(shown == PAPER, axis=-1))
    # Four pixels for one: from row 8 to row 27, from column 12 to column 27.
    assert light.min(axis=0).tolist() == [8, 12]
    assert light.max(axis=0).tolist() == [27, 27]
    assert np.all(shown == INK, axis=-1).any()
    assert np.all(shown[14:22, 17:23] == 128)
    assert np.all(shown[:6] == 128)


def test_captions_have_their_colour() -> None:
    page = draw_sheet(_sheet([[Cell(_flat(RED), "25.00 dB", BETTER)]], side=120))
    pixels = np.asarray(page)
    below = pixels[_top(pixels, [120], 0) + 120 : -FOOT_HEIGHT]
    assert np.all(below == BETTER, axis=-1).any()
    assert not np.all(below == INK, axis=-1).any()


def test_a_long_title_stays_on_the_page() -> None:
    rows = [[Cell(_flat(RED), "a caption that is far too long for its cell " * 3)]]
    page = np.asarray(draw_sheet(_sheet(rows, title="a very long title " * 20)))
    assert np.all(page[:, -MARGIN // 2 :] == PAPER)


@pytest.mark.parametrize(("text", "room"), [("short", 300), ("a longer text to write", 120)])
def test_text_is_written_as_large_as_there_is_room(text: str, room: int) -> None:
    page = Image.new("RGB", (400, 40), PAPER)
    draw = ImageDraw.Draw(page)
    write(draw, (0, 0), text, INK, room=room, sizes=(26, 8))
    width = int(np.flatnonzero(np.any(np.asarray(page) != PAPER, axis=(0, 2))).max())
    assert width <= room
    full = draw.textlength(text, ImageFont.load_default(26))
    assert abs(width - min(full, room)) < 0.2 * room


def test_text_for_which_there_is_no_room_ends_in_an_ellipsis() -> None:
    pages = []
    for text in ("an endless text that nobody reads", "an endless text that nobody wrote"):
        page = Image.new("RGB", (400, 40), PAPER)
        write(ImageDraw.Draw(page), (0, 0), text, FAINT, room=90, sizes=(20, 14))
        pages.append(np.asarray(page))
    assert np.array_equal(pages[0], pages[1])  # they differ only in what was cut
    assert np.all(pages[0][:, 92:] == PAPER)


def test_grey_becomes_three_equal_channels_and_colour_stays() -> None:
    grey = np.arange(4, dtype=np.uint8).reshape(2, 2, 1)
    assert np.array_equal(as_rgb(grey), np.concatenate([grey] * 3, axis=-1))
    assert as_rgb(_flat(RED)).tolist() == _flat(RED).tolist()
