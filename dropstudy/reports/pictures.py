"""The same images restored by each arm, side by side, with the parts in which they differ."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dropstudy.analysis.arms import representative_runs
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.image_contrast import SAME_PICTURE_DB
from dropstudy.imaging.arrays import Bytes
from dropstudy.imaging.metrics import psnr
from dropstudy.imaging.reading import read_image
from dropstudy.imaging.sheets import BETTER, FAINT, WORSE, Cell, Sheet, draw_sheet
from dropstudy.imaging.windows import strongest_window
from dropstudy.runs.records import ImageRecord

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
    """

    name: str
    degraded: Bytes
    classical: Bytes
    clean: Bytes
    restored: tuple[Bytes, ...]

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


def shared_images(comparison: Comparison) -> list[SharedImage]:
    """The images that a run of every arm kept, those first in which the arms differ most.

    An arm is seen through its run of the first seed that all have, else through its first.

    Raises:
        DataError: A saved image cannot be read.
    """
    runs = representative_runs(comparison.arms[:MOST_ARMS])
    files = [{image.image: image for image in run.images if image.files} for run in runs]
    read = partial(read_image, channels=runs[0].settings["data"]["channels"])
    shared = []
    with ThreadPoolExecutor() as pool:
        for name, image in files[0].items():
            if not all(name in others and _is_same(image, others[name]) for others in files):
                continue
            paths = [runs[0].image_file(image, form) for form in ("degraded", "classical", "clean")]
            paths += [
                run.image_file(others[name], "restored")
                for run, others in zip(runs, files, strict=True)
            ]
            pixels = list(pool.map(read, [path for path in paths if path is not None]))
            if len(pixels) == len(paths) and len({own.shape for own in pixels}) == 1:
                degraded, classical, clean, *restored = pixels
                shared.append(SharedImage(name, degraded, classical, clean, tuple(restored)))
    return sorted(shared, key=lambda image: -float(image.disagreement.mean()))


def draw_comparison(comparison: Comparison) -> Image.Image | None:
    """A page of the images in which the arms differ most, whole and enlarged.

    Returns:
        None where no image was kept by all.
    """
    images = shared_images(comparison)[:MOST_IMAGES]
    if not images:
        return None
    arms = comparison.arms[:MOST_ARMS]
    method = comparison.runs[0].run.baselines.get("classical", {}).get("method", "classical")
    seeds = {run.seed for run in representative_runs(arms)}
    of_seed = f"seed {seeds.pop()}" if len(seeds) == 1 else "of different seeds"
    left_out = len(comparison.arms) - len(arms)
    return draw_sheet(
        Sheet(
            title=" · ".join(arm.label for arm in arms),
            subtitle=f"validation images, {of_seed}, where the arms differ most first"
            + (f"; {left_out} more arms are not shown" if left_out else ""),
            columns=["degraded", method, *(arm.label for arm in arms), "clean"],
            rows=[row for image in images for row in _rows(image)],
            side=CELL_SIDE,
            note="PSNR in dB of the whole image, and below it of the framed part, where the arms "
            "differ most; green: above the classical method, red: below",
        )
    )


def _is_same(image: ImageRecord, other: ImageRecord) -> bool:
    """Whether two runs saw the image degraded alike."""
    return abs(image.identity_psnr - other.identity_psnr) < SAME_PICTURE_DB


def _rows(image: SharedImage) -> list[list[Cell]]:
    window = strongest_window(image.disagreement, CROP_SIDE)
    rows, columns = window
    if image.clean[window].shape == image.clean.shape:  # nothing to enlarge
        return [_row(image, window, name=image.name, frame=None)]
    frame = (rows.start, columns.start, rows.stop - rows.start, columns.stop - columns.start)
    return [
        _row(image, (slice(None), slice(None)), name=image.name, frame=frame),
        _row(image, window, name="framed part", frame=None),
    ]


def _row(
    image: SharedImage,
    window: tuple[slice, slice],
    *,
    name: str,
    frame: tuple[int, int, int, int] | None,
) -> list[Cell]:
    clean = image.clean[window]
    shown = [pixels[window] for pixels in (image.degraded, image.classical, *image.restored)]
    levels = [psnr(pixels, clean) for pixels in shown]
    cells = []
    for index, (pixels, level) in enumerate(zip(shown, levels, strict=True)):
        differs = index >= 2 and level != levels[1]
        colour = FAINT if not differs else BETTER if level > levels[1] else WORSE
        caption = f"{level:.2f} dB" if isfinite(level) else "without error"
        cells.append(Cell(pixels, caption, colour, frame))
    return [*cells, Cell(clean, name, frame=frame)]
