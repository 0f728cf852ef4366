"""The same images restored by each arm, side by side, with the parts in which they differ."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dropstudy.analysis.arms import Arm, representative_runs
from dropstudy.analysis.cells import count_of
from dropstudy.imaging.arrays import Bytes
from dropstudy.imaging.metrics import psnr
from dropstudy.imaging.reading import read_image
from dropstudy.imaging.sheets import BETTER, FAINT, WORSE, Cell, Sheet, draw_sheet
from dropstudy.imaging.windows import strongest_window
from dropstudy.reports.kept_images import FORMS, describe_order, find_kept_images

CELL_SIDE = 256
"""Width of a picture, in pixels: enough for six side by side on a screen."""
CROP_SIDE = 64
"""Of the part that is enlarged, in pixels of the image."""
MOST_ARMS = 8
MOST_IMAGES = 4


@dataclass(frozen=True)
class SharedImage:
    """An image that a run of every arm kept; all shaped ``(height, width, 1 or 3)``.

    Attributes:
        name: The picture's.
        degraded: What the networks saw.
        classical: What the classical method made of it.
        clean: What it should have been.
        restored: What each arm made of it, in the arms' order.
        levels: The recorded PSNR of the degraded image, the classical one and each restored
            one, in dB; NaN where there was no error.
    """

    name: str
    degraded: Bytes
    classical: Bytes
    clean: Bytes
    restored: tuple[Bytes, ...]
    levels: tuple[float, ...]

    @cached_property
    def disagreement(self) -> NDArray[np.float32]:
        """How far the arms' restorations are apart: the largest squared error of two, by pixel."""
        if len(self.restored) == 1:
            pairs = [(self.restored[0], self.clean)]
        else:
            pairs = list(combinations(self.restored, 2))
        errors = [
            np.square(first.astype(np.float32) - second).mean(axis=-1) for first, second in pairs
        ]
        return np.asarray(np.max(errors, axis=0))


def shared_images(arms: Sequence[Arm]) -> list[SharedImage]:
    """The first images that a run of every arm kept, by the rule of `find_kept_images`.

    An arm is seen through the run that `representative_runs` takes.

    Returns:
        At most `MOST_IMAGES`: no others are decoded.

    Raises:
        DataError: A saved image cannot be read.
    """
    runs = representative_runs(arms[:MOST_ARMS])
    read = partial(read_image, channels=runs[0].settings["data"].get("channels", 3))
    *common, own = FORMS
    shared: list[SharedImage] = []
    with ThreadPoolExecutor() as pool:
        for images in find_kept_images(runs):
            paths = [runs[0].image_file(images[0], form) for form in common]
            paths += [run.image_file(image, own) for run, image in zip(runs, images, strict=True)]
            pixels = list(pool.map(read, filter(None, paths)))
            if len({item.shape for item in pixels}) == 1:
                degraded, classical, clean, *restored = pixels
                first = images[0]
                levels = (first.identity_psnr, first.classical_psnr, *(own.psnr for own in images))
                shared.append(
                    SharedImage(first.image, degraded, classical, clean, tuple(restored), levels)
                )
            if len(shared) == MOST_IMAGES:
                break
    return shared


def draw_arms(arms: Sequence[Arm]) -> Image.Image | None:
    """A page of the first images that all kept, whole and enlarged.

    Returns:
        None where no image was kept by all.
    """
    images = shared_images(arms)
    if not images:
        return None
    arms, left_out = arms[:MOST_ARMS], len(arms[MOST_ARMS:])
    runs = representative_runs(arms)
    seeds = {run.seed for run in runs}
    of_seed = f"seed {seeds.pop()}" if len(seeds) == 1 else "of different seeds"
    place = "the arms differ most" if len(arms) > 1 else "it errs most"
    return draw_sheet(
        Sheet(
            title=" · ".join(arm.label for arm in arms),
            subtitle=f"validation images, {of_seed}, {describe_order(len(arms))}"
            + (f"; not shown: {count_of(left_out, 'arm')}" if left_out else ""),
            columns=["degraded", runs[0].classical_method, *(arm.label for arm in arms), "clean"],
            rows=[row for image in images for row in _rows(image)],
            side=CELL_SIDE,
            note=f"PSNR in dB of the whole image, and below it of the framed part, where {place}; "
            "green: above the classical method, red: below",
        )
    )


def _rows(image: SharedImage) -> list[list[Cell]]:
    window = strongest_window(image.disagreement, CROP_SIDE)
    rows, columns = window
    shown = (image.degraded, image.classical, *image.restored)
    if image.clean[window].shape == image.clean.shape:  # nothing to enlarge
        return [_row([*shown, image.clean], image.levels, name=image.name)]
    frame = (rows.start, columns.start, rows.stop - rows.start, columns.stop - columns.start)
    levels = [psnr(pixels[window], image.clean[window]) for pixels in shown]
    part = [pixels[window] for pixels in (*shown, image.clean)]
    return [
        _row([*shown, image.clean], image.levels, name=image.name, frame=frame),
        _row(part, levels, name="framed part"),
    ]


def _row(
    shown: Sequence[Bytes],
    levels: Sequence[float],
    *,
    name: str,
    frame: tuple[int, int, int, int] | None = None,
) -> list[Cell]:
    *judged, clean = shown
    cells = []
    for index, (pixels, level) in enumerate(zip(judged, levels, strict=True)):
        differs = index >= 2 and level != levels[1]
        colour = FAINT if not differs else WORSE if level < levels[1] else BETTER
        caption = f"{level:.2f} dB" if isfinite(level) else "without error"
        cells.append(Cell(pixels, caption, colour, frame))
    return [*cells, Cell(clean, name, frame=frame)]
