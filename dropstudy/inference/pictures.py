"""Where the pictures to evaluate come from: a folder, or the run's own data."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from dropstudy.config import Experiment
from dropstudy.config.data import Channels
from dropstudy.errors import DataError
from dropstudy.imaging.evaluation import crop_picture
from dropstudy.imaging.pairing import list_some, pair_images
from dropstudy.imaging.reading import SUFFIXES, list_images, read_image
from dropstudy.imaging.sources import Picture, load_split
from dropstudy.runs.records import ImagePart
from dropstudy.ssim import SSIM_WINDOW

_LISTED = 10
"""Of many problems, so many are printed."""


@dataclass(frozen=True)
class PictureSource:
    """Some pictures.

    Attributes:
        description: What they are, in words.
        names: Their names, each once.
        read: Reads them, one after the other.
    """

    description: str
    names: tuple[str, ...]
    read: Callable[[], Iterable[Picture]]


def own_pictures(experiment: Experiment, part: ImagePart) -> PictureSource:
    """The run's own validation or test pictures, cut as the run cut them.

    Raises:
        DataError: The data cannot be read any more, or have no such part.
    """
    pictures = getattr(load_split(experiment.data), part)
    if not pictures:
        raise DataError(f"the run has no {part} images: data.test_share is 0")
    largest = experiment.data.evaluation_size
    multiple = experiment.architecture.size_multiple
    cut = [crop_picture(picture, largest=largest, multiple=multiple) for picture in pictures]
    return PictureSource(
        description=f"{len(cut)} {part} image{'' if len(cut) == 1 else 's'} of the run, cut to at "
        f"most {largest} pixels and to multiples of {multiple}",
        names=tuple(picture.name for picture in cut),
        read=lambda: cut,
    )


def folder_pictures(
    folder: Path, channels: Channels, *, degraded: Path | None = None
) -> PictureSource:
    """All pictures below a folder, each of which has been decoded once to see that it can be.

    They are named as in an experiment: by their path below ``folder``, or, with degraded
    partners, by that path without its suffix.

    Raises:
        DataError: There is none, some cannot be used, or some have no partner.
    """
    if degraded is None:
        files = [
            _PictureFile(path.relative_to(folder).as_posix(), path) for path in list_images(folder)
        ]
    else:
        files = [
            _PictureFile(pair.name, pair.clean, pair.given)
            for pair in pair_images(degraded, folder)
        ]
    if not files:
        endings = ", ".join(sorted(SUFFIXES))
        raise DataError(f"{folder}: has no images; looked for files that end in {endings}")
    problems = [problem for file in files if (problem := _find_problem(file, channels))]
    if problems:  # told now: one that is damaged shall not end hours of work
        listed = list_some(problems, separator="\n  ", most=_LISTED)
        count = f"{len(problems)} of {len(files)} images cannot be used"
        raise DataError(f"{count}:\n  {listed}")
    return PictureSource(
        description=f"{len(files)} image{'' if len(files) == 1 else 's'} in {folder}, whole",
        names=tuple(file.name for file in files),
        read=lambda: (file.read(channels) for file in files),
    )


@dataclass(frozen=True)
class _PictureFile:
    """A picture that is still on the disk, and its degraded partner if it has one."""

    name: str
    clean: Path
    degraded: Path | None = None

    def read(self, channels: Channels) -> Picture:
        clean = read_image(self.clean, channels)
        height, width = clean.shape[:2]
        if min(height, width) < SSIM_WINDOW:
            raise DataError(
                f"{self.clean}: {width}×{height} pixels; SSIM needs at least "
                f"{SSIM_WINDOW}×{SSIM_WINDOW}: remove it"
            )
        if self.degraded is None:
            return Picture(self.name, clean)
        degraded = read_image(self.degraded, channels)
        if degraded.shape != clean.shape:
            raise DataError(
                f"{self.degraded}: {degraded.shape[1]}×{degraded.shape[0]} pixels, its clean "
                f"partner {width}×{height}; give both the same size"
            )
        return Picture(self.name, clean, degraded)


def _find_problem(file: _PictureFile, channels: Channels) -> str | None:
    try:
        file.read(channels)
    except DataError as error:
        return str(error)
    return None
