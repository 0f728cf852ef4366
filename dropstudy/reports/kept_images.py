"""Validation images that a run of every arm kept, in the order in which pages show them."""

import math
from collections.abc import Sequence

from dropstudy.analysis.image_contrast import same_picture
from dropstudy.runs.reading import Run
from dropstudy.runs.records import ImageRecord

FORMS = ("degraded", "classical", "clean", "restored")
"""What a run keeps of an image; the last is its own, the others are of all runs."""


def find_kept_images(runs: Sequence[Run]) -> list[tuple[ImageRecord, ...]]:
    """Each image that every run kept and saw degraded alike: a record for each run.

    Those come first on which the runs' PSNRs are farthest apart; of one run alone, those that
    it restored worst. The files are not opened.

    Raises:
        RunDirectoryError: A run's records are damaged.
    """
    first, *others = runs
    by_name = [{image.image: image for image in run.images if image.files} for run in others]
    found = []
    for image in first.images:
        own = (image, *(images[image.image] for images in by_name if image.image in images))
        alike = len(own) == len(runs) and all(same_picture(image, other) for other in own)
        if alike and _are_there(runs, own):
            found.append(own)
    return sorted(found, key=_rank)


def describe_order(count: int) -> str:
    """In words, the order of the images that ``count`` runs kept."""
    if count == 1:
        return "those with the lowest PSNR first"
    return "those whose PSNR differs most between the arms first"


def _are_there(runs: Sequence[Run], images: Sequence[ImageRecord]) -> bool:
    files = [runs[0].image_file(images[0], form) for form in FORMS]
    files += [run.image_file(own, FORMS[-1]) for run, own in zip(runs, images, strict=True)]
    return all(files)


def _rank(images: Sequence[ImageRecord]) -> float:
    # JSON has no word for infinity, which an image restored without error has.
    levels = [math.inf if math.isnan(image.psnr) else image.psnr for image in images]
    if len(levels) == 1:
        return levels[0]
    low, high = min(levels), max(levels)
    return low - high if low < high else 0.0
