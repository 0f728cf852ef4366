"""Two folders of images, scored against each other."""

import os
import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from dropstudy.config.data import Channels
from dropstudy.errors import DataError
from dropstudy.imaging.conventions import Convention, to_levels
from dropstudy.imaging.metrics import FullScores, score_fully
from dropstudy.imaging.pairing import ImagePair, list_some, pair_images
from dropstudy.imaging.reading import read_image

METRICS = tuple(field.name for field in fields(FullScores))

_PROBLEMS_LISTED = 10
_GREY_MODES = frozenset({"1", "L", "LA", "La"})


@dataclass(frozen=True)
class ImageScores:
    """The scores of one image.

    Attributes:
        name: Its path below its folder, without the suffix.
        scores: How close it is to its clean one.
    """

    name: str
    scores: FullScores

    @property
    def is_equal(self) -> bool:
        """Whether the convention finds no difference, so that there is no finite PSNR."""
        return not isfinite(self.scores.psnr)


@dataclass(frozen=True)
class Summary:
    """One metric over images.

    Attributes:
        count: Images that have a finite value, of which all else is said.
        mean: Their mean; None where there is none.
        standard_deviation: Of the sample, with n − 1; None where fewer than two have one.
        lowest: Name and value of the lowest image.
        highest: Name and value of the highest image.
        left_out: Names of the images without a finite value.
    """

    count: int
    mean: float | None
    standard_deviation: float | None
    lowest: tuple[str, float] | None
    highest: tuple[str, float] | None
    left_out: tuple[str, ...]


def match_folders(restored: Path, clean: Path, *, convention: Convention) -> list[ImagePair]:
    """Pairs the images of two folders and makes sure that every pair can be scored.

    Raises:
        DataError: There is no image, one has no partner or cannot be read, or two of a pair
            differ in size, or in being grey or coloured; each is named, up to a bound.
    """
    pairs = pair_images(restored, clean)
    if not pairs:
        raise DataError(f"{restored} and {clean}: no images in them")
    with _pool() as pool:
        problems = [
            problem
            for problem in pool.map(lambda pair: _find_problem(pair, convention), pairs)
            if problem
        ]
    if problems:
        listed = list_some(problems, separator="\n  ", most=_PROBLEMS_LISTED)
        of_all = f"{len(problems)} of {len(pairs)} pairs of images cannot be scored"
        raise DataError(f"{of_all}:\n  {listed}")
    return pairs


def score_pairs(pairs: Sequence[ImagePair], *, convention: Convention) -> Iterator[ImageScores]:
    """The scores of each pair in turn, some at a time in threads."""
    with _pool() as pool:
        yield from pool.map(lambda pair: _score_pair(pair, convention), pairs)


def summarize(images: Sequence[ImageScores]) -> dict[str, Summary]:
    """Each metric over images, by its name."""
    return {metric: _summarize_metric(images, metric) for metric in METRICS}


def _summarize_metric(images: Sequence[ImageScores], metric: str) -> Summary:
    values = {image.name: getattr(image.scores, metric) for image in images}
    counted = {
        name: value for name, value in values.items() if value is not None and isfinite(value)
    }
    ranked = sorted(counted.items(), key=lambda item: item[1])
    return Summary(
        count=len(counted),
        mean=statistics.fmean(counted.values()) if counted else None,
        standard_deviation=statistics.stdev(counted.values()) if len(counted) > 1 else None,
        lowest=ranked[0] if ranked else None,
        highest=ranked[-1] if ranked else None,
        left_out=tuple(name for name in values if name not in counted),
    )


def _pool() -> ThreadPoolExecutor:
    """Threads suffice: decoding and filtering let go of Python's lock."""
    return ThreadPoolExecutor(os.cpu_count())


def _find_problem(pair: ImagePair, convention: Convention) -> str | None:
    try:
        restored, clean = _read(pair.given), _read(pair.clean)
    except DataError as error:
        return str(error)
    if restored.shape != clean.shape:
        return f"{pair.given} is {_describe(restored)}, {pair.clean} is {_describe(clean)}"
    try:
        to_levels(clean, convention)
    except DataError as error:
        return f"{pair.clean}: {error}"
    return None


def _score_pair(pair: ImagePair, convention: Convention) -> ImageScores:
    scores = score_fully(_read(pair.given), _read(pair.clean), convention=convention)
    printable = os.fsencode(pair.name).decode(errors="replace")
    return ImageScores(printable, scores)


def _read(path: Path) -> NDArray[Any]:
    """An image of one channel if its file holds grey, of three if it holds colours.

    Grey of 16 bits becomes floats; of all else 8 bits are read.
    """
    channels: Channels = "rgb"
    try:
        with Image.open(path) as opened:
            # Pillow opens a PGM of 16 bits as one of 32.
            if opened.mode.startswith("I;16") or (opened.mode, opened.format) == ("I", "PPM"):
                deep = np.asarray(ImageOps.exif_transpose(opened))
                return np.asarray(deep / 65535, dtype=np.float32)[..., np.newaxis]
            if opened.mode in _GREY_MODES:
                channels = "grey"
    except Exception:  # noqa: S110  what is wrong with the file, read_image will say
        pass
    return read_image(path, channels)


def _describe(image: NDArray[Any]) -> str:
    height, width, channels = image.shape
    return f"{width}×{height} {'grey' if channels == 1 else 'colour'}"
