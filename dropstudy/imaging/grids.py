"""Draws a run's work: what went in, what came out, what should have, and how far off."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from dropstudy.config.training import SSIM_WINDOW
from dropstudy.imaging.arrays import Bytes, Floats, to_bytes
from dropstudy.imaging.evaluation import EvaluationImage
from dropstudy.imaging.metrics import psnr, ssim

CELL_SIDE = 240
"""About how wide a cell is: the nearest whole multiple of the window."""
GAP = 12
MARGIN = 24
CAPTION_HEIGHT = 26
TITLE_HEIGHT = 34
INK, FAINT, PAPER = (24, 24, 27), (100, 100, 108), (255, 255, 255)
BETTER, WORSE = (21, 110, 60), (170, 40, 30)
ERROR_CEILING = 32
"""The mean absolute error, in levels of 255, that the error map paints brightest."""

_HEAT = np.array([[0, 0, 4], [81, 18, 124], [183, 55, 121], [252, 137, 97], [252, 253, 191]])
"""Five evenly spaced colours of Matplotlib's magma."""


@dataclass(frozen=True)
class GridHeader:
    """What the top of a grid says.

    Attributes:
        title: The run's name and the epoch.
        subtitle: Task, network and dropout.
        baseline: The name of the classical method.
    """

    title: str
    subtitle: str
    baseline: str


@dataclass(frozen=True)
class _Cell:
    pixels: Bytes
    caption: str = ""
    colour: tuple[int, int, int] = FAINT


def draw_grid(
    images: Sequence[EvaluationImage],
    restored: Sequence[Floats],
    *,
    header: GridHeader,
    window: int,
) -> Image.Image:
    """One row an image: degraded, classical, restored, clean and the error.

    Scores are of the window that is shown; it is the same in every run of the same data.

    Args:
        images: What was restored; at least one.
        restored: The network's output for each, shaped as the image.
        header: Words for the top.
        window: Side, in pixels, of the part that is shown.
    """
    titles = ["degraded", header.baseline, "restored", "clean", "error of restored"]
    rows = [_row(image, output, window) for image, output in zip(images, restored, strict=True)]
    shown = rows[0][0].pixels.shape[0]
    side = shown * max(1, round(CELL_SIDE / shown))
    width = 2 * MARGIN + len(titles) * side + (len(titles) - 1) * GAP
    top = MARGIN + 74 + TITLE_HEIGHT
    row_height = side + CAPTION_HEIGHT + GAP
    page = Image.new("RGB", (width, top + len(rows) * row_height + 50), PAPER)
    draw = ImageDraw.Draw(page)
    room = width - 2 * MARGIN
    _write(draw, (MARGIN, MARGIN - 4), header.title, INK, room=room, sizes=(26, 16))
    _write(draw, (MARGIN, MARGIN + 34), header.subtitle, FAINT, room=room, sizes=(16, 10))
    for column, title in enumerate(titles):
        place = (_left(column, side), top - TITLE_HEIGHT + 4)
        _write(draw, place, title, INK, room=side, sizes=(17, 12))
    for index, (image, cells) in enumerate(zip(images, rows, strict=True)):
        y = top + index * row_height
        for column, cell in enumerate(cells):
            picture = Image.fromarray(cell.pixels).resize((side, side), Image.Resampling.NEAREST)
            page.paste(picture, (_left(column, side), y))
            place = (_left(column, side), y + side + 4)
            caption = cell.caption or image.name
            _write(draw, place, caption, cell.colour, room=side, sizes=(15, 12))
    _draw_scale(page, draw, left=_left(len(titles) - 1, side), width=side, top=page.height - 44)
    note = "PSNR in dB / SSIM of the window shown; green: above the classical method, red: below"
    draw.text((MARGIN, page.height - 40), note, FAINT, ImageFont.load_default(14))
    return page


def most_detailed_window(clean: Floats, side: int) -> tuple[slice, slice]:
    """The square of ``side`` pixels whose edges are strongest: faces, text, fine structure."""
    side = min(side, *clean.shape[:2])
    grey = clean.mean(axis=-1)
    energy = np.hypot(ndimage.sobel(grey, axis=0), ndimage.sobel(grey, axis=1))
    sums = np.pad(energy.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    windows = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    top, left = np.unravel_index(int(windows.argmax()), windows.shape)
    return slice(int(top), int(top) + side), slice(int(left), int(left) + side)


def _row(image: EvaluationImage, restored: Floats, side: int) -> list[_Cell]:
    window = most_detailed_window(image.clean, side)
    clean = image.clean[window]
    shown = {
        "degraded": image.degraded[window],
        "baseline": image.baseline[window],
        "restored": restored[window],
    }
    levels = {name: psnr(pixels, clean) for name, pixels in shown.items()}
    cells = []
    for name, pixels in shown.items():
        colour = FAINT
        if name == "restored":
            colour = BETTER if levels["restored"] > levels["baseline"] else WORSE
        caption = f"{levels[name]:.2f}"
        if min(clean.shape[:2]) >= SSIM_WINDOW:
            caption += f" / {ssim(pixels, clean):.3f}"
        cells.append(_Cell(_as_rgb(to_bytes(pixels)), caption, colour))
    error = np.abs(to_bytes(restored[window]).astype(float) - to_bytes(clean)).mean(axis=-1)
    cells.append(_Cell(_as_rgb(to_bytes(clean))))
    cells.append(_Cell(_paint_error(error), f"mean {error.mean():.1f} levels of 255"))
    return cells


def _as_rgb(pixels: Bytes) -> Bytes:
    return np.broadcast_to(pixels, (*pixels.shape[:2], 3)) if pixels.shape[-1] == 1 else pixels


def _paint_error(error: NDArray[np.float64]) -> Bytes:
    position = np.clip(error / ERROR_CEILING, 0, 1)
    stops = np.linspace(0, 1, len(_HEAT))
    channels = [np.interp(position, stops, _HEAT[:, channel]) for channel in range(3)]
    return np.round(np.stack(channels, axis=-1)).astype(np.uint8)


def _left(column: int, side: int) -> int:
    return MARGIN + column * (side + GAP)


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    colour: tuple[int, int, int],
    *,
    room: int,
    sizes: tuple[int, int],
) -> None:
    """Writes ``text`` within ``room`` pixels: smaller if it must be, and at worst cut short."""
    largest, smallest = sizes
    fonts = (ImageFont.load_default(size) for size in range(largest, smallest - 1, -1))
    font = next((font for font in fonts if draw.textlength(text, font) <= room), None)
    if font is None:
        font = ImageFont.load_default(smallest)
        while text and draw.textlength(text + "…", font) > room:
            text = text[:-1]
        text += "…"
    draw.text(place, text, colour, font)


def _draw_scale(
    page: Image.Image, draw: ImageDraw.ImageDraw, *, left: int, width: int, top: int
) -> None:
    ramp = np.tile(np.linspace(0, ERROR_CEILING, width), (12, 1))
    page.paste(Image.fromarray(_paint_error(ramp)), (left, top))
    font = ImageFont.load_default(13)
    draw.text((left, top + 15), "0", FAINT, font)
    text = f"{ERROR_CEILING} levels or more"
    draw.text((left + width - draw.textlength(text, font), top + 15), text, FAINT, font)
