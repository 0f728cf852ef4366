"""The same images in the hands of every arm, where these differ most, as one picture."""

from collections.abc import Sequence
from io import BytesIO
from math import isfinite

from PIL import Image

from dropstudy.analysis.arms import Arm, representative_runs
from dropstudy.analysis.cells import count_of
from dropstudy.imaging.arrays import Bytes
from dropstudy.imaging.metrics import psnr
from dropstudy.imaging.reading import read_image
from dropstudy.imaging.sheets import BETTER, FAINT, WORSE, Cell, Sheet, draw_sheet
from dropstudy.imaging.windows import strongest_window
from dropstudy.reports.kept_images import find_kept_images
from dropstudy.reports.pictures import MOST_ARMS, SharedImage
from dropstudy.runs.reading import Run
from dropstudy.runs.records import ImageRecord

CROP_SIDE = 64
"""Of the part that is shown, in pixels of the image."""
ENLARGED = 3
MOST_BYTES = 400_000
_DECIMALS = 2
"""Of a PSNR; parts whose numbers read the same count as equal."""
_QUALITIES = (85, 65, 40)


def draw_pictures(arms: Sequence[Arm], *, count: int, most_bytes: int = MOST_BYTES) -> bytes | None:
    """A row for each of some kept images, a column for each arm, as WebP.

    An arm is seen through the run that `representative_runs` takes. Of the images that all of
    those kept, so many are taken that are evenly spread from those on which the arms' PSNRs are
    farthest apart to those on which they are nearest.

    Args:
        arms: The one that the others are held against first; the first 8 are shown.
        count: The most images.
        most_bytes: Of the file; fewer images are shown if it takes that.

    Returns:
        None where no image was kept by all.

    Raises:
        DataError: A saved image cannot be read.
        RunDirectoryError: A run's records are damaged.
    """
    shown, left_out = arms[:MOST_ARMS], len(arms[MOST_ARMS:])
    runs = representative_runs(shown)
    kept = find_kept_images(runs)
    images = [_read(runs, kept[place]) for place in _spread(len(kept), count)]
    rows = [_row(image) for image in images if image is not None]
    if not rows:
        return None
    while True:
        content = _compress(_draw(shown, runs, rows, left_out=left_out), most_bytes)
        if content is not None or len(rows) == 1:
            return content
        rows = rows[: len(rows) // 2]


def _draw(
    arms: Sequence[Arm], runs: Sequence[Run], rows: Sequence[list[Cell]], *, left_out: int
) -> Image.Image:
    seeds = {run.seed for run in runs}
    of_seed = f"seed {seeds.pop()}" if len(seeds) == 1 else "different seeds"
    not_shown = f"; not shown: {count_of(left_out, 'arm')}" if left_out else ""
    return draw_sheet(
        Sheet(
            title="The same images by every arm",
            subtitle=f"Validation images, networks of {of_seed}; parts of {CROP_SIDE} by "
            f"{CROP_SIDE} pixels, where the arms differ most{not_shown}",
            columns=["degraded", *(arm.label for arm in arms), "clean"],
            rows=rows,
            side=max(row[0].pixels.shape[1] for row in rows) * ENLARGED,
            note=f"PSNR in dB of the part; green: above {arms[0].label}, red: below",
        )
    )


def _spread(available: int, count: int) -> list[int]:
    """So many places from the first to the last, evenly."""
    count = min(available, count)
    if count < 2:
        return list(range(count))
    return [round(place * (available - 1) / (count - 1)) for place in range(count)]


def _read(runs: Sequence[Run], images: Sequence[ImageRecord]) -> SharedImage | None:
    channels = runs[0].settings["data"].get("channels", 3)
    paths = [runs[0].image_file(images[0], form) for form in ("degraded", "classical", "clean")]
    paths += [run.image_file(own, "restored") for run, own in zip(runs, images, strict=True)]
    pixels = [read_image(path, channels=channels) for path in paths if path]
    if len({item.shape for item in pixels}) > 1:
        return None
    degraded, classical, clean, *restored = pixels
    return SharedImage(images[0].image, degraded, classical, clean, tuple(restored), ())


def _row(image: SharedImage) -> list[Cell]:
    window = strongest_window(image.disagreement, CROP_SIDE)
    clean = image.clean[window]
    degraded, first, *others = (own[window] for own in (image.degraded, *image.restored))
    level = round(psnr(first, clean), _DECIMALS)
    cells = [_cell(degraded, clean), _cell(first, clean)]
    cells += [_cell(own, clean, against=level) for own in others]
    return [*cells, Cell(clean, image.name)]


def _cell(pixels: Bytes, clean: Bytes, *, against: float | None = None) -> Cell:
    level = round(psnr(pixels, clean), _DECIMALS)
    colour = FAINT
    if against is not None and level != against:
        colour = BETTER if level > against else WORSE
    return Cell(pixels, f"{level:.{_DECIMALS}f}" if isfinite(level) else "without error", colour)


def _compress(page: Image.Image, most_bytes: int) -> bytes | None:
    """As good as so many bytes allow, the same for the same page; None: they do not suffice."""
    for quality in _QUALITIES:
        stream = BytesIO()
        page.save(stream, "WEBP", quality=quality)
        if stream.tell() <= most_bytes:
            return stream.getvalue()
    return None
