"""Draws pages of pictures: a title, columns with headings, captions below."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from dropstudy.imaging.arrays import Bytes

GAP = 12
MARGIN = 24
CAPTION_HEIGHT = 26
TITLE_HEIGHT = 34
FOOT_HEIGHT = 50
INK, FAINT, PAPER = (24, 24, 27), (100, 100, 108), (255, 255, 255)
BETTER, WORSE = (21, 110, 60), (170, 40, 30)

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Cell:
    """A picture and the words below it.

    Attributes:
        pixels: Shape ``(height, width, 1 or 3)``.
        caption: One line.
        colour: Of the caption.
        frame: Top, left, height and width of a part to be framed, in pixels of the picture.
    """

    pixels: Bytes
    caption: str = ""
    colour: Colour = FAINT
    frame: tuple[int, int, int, int] | None = None


@dataclass(frozen=True)
class Sheet:
    """A page of pictures.

    Attributes:
        title: The first line.
        subtitle: The second.
        columns: A heading for each.
        rows: As many cells in each as there are columns, all of one shape.
        side: Width of every cell, in pixels.
        note: A line at the foot.
    """

    title: str
    subtitle: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    side: int
    note: str = ""


def draw_sheet(sheet: Sheet) -> Image.Image:
    """The page; small pictures are enlarged pixel by pixel, large ones are averaged down."""
    heights = [_shown_height(row[0], sheet.side) for row in sheet.rows]
    width = 2 * MARGIN + len(sheet.columns) * sheet.side + (len(sheet.columns) - 1) * GAP
    top = MARGIN + 74 + TITLE_HEIGHT
    body = sum(height + CAPTION_HEIGHT + GAP for height in heights)
    page = Image.new("RGB", (width, top + body + FOOT_HEIGHT), PAPER)
    draw = ImageDraw.Draw(page)
    room = width - 2 * MARGIN
    write(draw, (MARGIN, MARGIN - 4), sheet.title, INK, room=room, sizes=(26, 16))
    write(draw, (MARGIN, MARGIN + 34), sheet.subtitle, FAINT, room=room, sizes=(16, 10))
    for column, heading in enumerate(sheet.columns):
        place = (column_left(column, sheet.side), top - TITLE_HEIGHT + 4)
        write(draw, place, heading, INK, room=sheet.side, sizes=(17, 12))
    y = top
    for row, height in zip(sheet.rows, heights, strict=True):
        for column, cell in enumerate(row):
            left = column_left(column, sheet.side)
            page.paste(_show(cell, sheet.side, height), (left, y))
            place = (left, y + height + 4)
            write(draw, place, cell.caption, cell.colour, room=sheet.side, sizes=(15, 12))
        y += height + CAPTION_HEIGHT + GAP
    write(draw, (MARGIN, page.height - 40), sheet.note, FAINT, room=room, sizes=(14, 10))
    return page


def column_left(column: int, side: int) -> int:
    """Where a column of cells of width ``side`` begins."""
    return MARGIN + column * (side + GAP)


def as_rgb(pixels: Bytes) -> Bytes:
    """Grey pixels as three equal channels; colours as they are."""
    return pixels.repeat(3, axis=-1) if pixels.shape[-1] == 1 else pixels


def write(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    colour: Colour,
    *,
    room: int,
    sizes: tuple[int, int],
) -> None:
    """Writes ``text`` within ``room`` pixels: smaller if it must be, and at worst cut short."""
    largest, smallest = sizes
    text = text[:room]  # a letter takes a pixel or more, and to measure thousands takes minutes
    fonts = (ImageFont.load_default(size) for size in range(largest, smallest - 1, -1))
    font = next((font for font in fonts if draw.textlength(text, font) <= room), None)
    if font is None:
        font = ImageFont.load_default(smallest)
        while text and draw.textlength(text + "…", font) > room:
            text = text[:-1]
        text += "…"
    draw.text(place, text, colour, font)


def _shown_height(cell: Cell, side: int) -> int:
    height, width = cell.pixels.shape[:2]
    return int(max(1, round(side * height / width)))


def _show(cell: Cell, side: int, height: int) -> Image.Image:
    enlarged = cell.pixels.shape[1] <= side
    way = Image.Resampling.NEAREST if enlarged else Image.Resampling.BOX
    shown = Image.fromarray(as_rgb(cell.pixels)).resize((side, height), way)
    if cell.frame is not None:
        scale = side / cell.pixels.shape[1]
        top, left, tall, wide = (round(number * scale) for number in cell.frame)
        box = (left, top, left + wide - 1, top + tall - 1)
        draw = ImageDraw.Draw(shown)
        draw.rectangle(box, outline=INK, width=4)  # seen on any picture: dark within light
        draw.rectangle(box, outline=PAPER, width=2)
    return shown
