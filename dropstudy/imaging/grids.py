"""Draws a run's work: what went in, what came out, what should have, and how far off."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dropstudy.imaging.arrays import Bytes, Floats, to_bytes
from dropstudy.imaging.evaluation import EvaluationImage
from dropstudy.imaging.metrics import psnr, ssim
from dropstudy.imaging.sheets import (
    BETTER,
    FAINT,
    WORSE,
    Cell,
    Sheet,
    column_left,
    draw_sheet,
)
from dropstudy.imaging.windows import most_detailed_window
from dropstudy.ssim import SSIM_WINDOW

CELL_SIDE = 240
"""About how wide a cell is: the nearest whole multiple of the window."""
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
    note = "PSNR in dB / SSIM of the window shown; green: above the classical method, red: below"
    page = draw_sheet(Sheet(header.title, header.subtitle, titles, rows, side, note))
    _draw_scale(page, left=column_left(len(titles) - 1, side), width=side, top=page.height - 44)
    return page


def _row(image: EvaluationImage, restored: Floats, side: int) -> list[Cell]:
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
        cells.append(Cell(to_bytes(pixels), caption, colour))
    error = np.abs(to_bytes(restored[window]).astype(float) - to_bytes(clean)).mean(axis=-1)
    cells.append(Cell(to_bytes(clean), image.name))
    cells.append(Cell(_paint_error(error), f"mean {error.mean():.1f} levels of 255"))
    return cells


def _paint_error(error: NDArray[np.float64]) -> Bytes:
    position = np.clip(error / ERROR_CEILING, 0, 1)
    stops = np.linspace(0, 1, len(_HEAT))
    channels = [np.interp(position, stops, _HEAT[:, channel]) for channel in range(3)]
    return np.round(np.stack(channels, axis=-1)).astype(np.uint8)


def _draw_scale(page: Image.Image, *, left: int, width: int, top: int) -> None:
    draw = ImageDraw.Draw(page)
    ramp = np.tile(np.linspace(0, ERROR_CEILING, width), (12, 1))
    page.paste(Image.fromarray(_paint_error(ramp)), (left, top))
    font = ImageFont.load_default(13)
    draw.text((left, top + 15), "0", FAINT, font)
    text = f"{ERROR_CEILING} levels or more"
    draw.text((left + width - draw.textlength(text, font), top + 15), text, FAINT, font)
