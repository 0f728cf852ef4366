"""Which image of one folder belongs to which of another."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dropstudy.errors import DataError
from dropstudy.imaging.reading import list_images

_LISTED = 5
"""Of a long list of names, so many are printed."""


@dataclass(frozen=True)
class ImagePair:
    """Two files of one picture.

    Attributes:
        name: Their path below their folders, without its suffix.
        given: The degraded or restored one.
        clean: The clean one.
    """

    name: str
    given: Path
    clean: Path


def pair_images(given: Path, clean: Path) -> list[ImagePair]:
    """Pairs the images of two folders by their path without its suffix, sorted by it.

    Raises:
        DataError: A folder cannot be read, has two images of one name, or one that has no
            partner in the other folder.
    """
    given_paths, clean_paths = _by_name(given), _by_name(clean)
    unmatched = [
        [f"{folder / name}.*" for name in sorted(paths.keys() - partners.keys())]
        for folder, paths, partners in (
            (given, given_paths, clean_paths),
            (clean, clean_paths, given_paths),
        )
    ]
    if count := sum(map(len, unmatched)):
        shown = ", ".join(list_some(names) for names in unmatched if names)
        having = "1 image has" if count == 1 else f"{count} images have"
        raise DataError(f"{having} no partner of the same name: {shown}")
    return [ImagePair(name, given_paths[name], clean_paths[name]) for name in sorted(clean_paths)]


def list_some(items: Sequence[str], *, separator: str = ", ", most: int = _LISTED) -> str:
    """The first of many items, and how many more there are."""
    left = len(items) - most
    return separator.join((*items[:most], *([f"… and {left} more"] if left > 0 else [])))


def _by_name(folder: Path) -> dict[str, Path]:
    paths: dict[str, Path] = {}
    for path in list_images(folder):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name in paths:
            raise DataError(f"{paths[name]} and {path}: two images of one name; keep one")
        paths[name] = path
    return paths
