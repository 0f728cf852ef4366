"""Where pictures come from, and which of them train, validate and test."""

import hashlib
import os
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from dropstudy.config.data import (
    Arrays,
    DataSetting,
    ImageFolder,
    ImagePairs,
    Photos,
    SplitSetting,
)
from dropstudy.errors import DataError
from dropstudy.files import open_plain
from dropstudy.imaging.pairing import pair_images
from dropstudy.imaging.reading import list_images, read_image
from dropstudy.imaging.text_pages import Part, draw_text_page

VALIDATION_PHOTOS = {
    "full": ("chelsea", "china", "hopper", "picosdeeuropa"),
    "tiny": ("chelsea", "coffee"),
}
TEST_PHOTOS = {
    "full": ("astronaut", "coffee", "coins_g", "jxlflower", "life"),
    "tiny": ("astronaut",),
}
"""Faces, fur, fine structure and rendered text (a name badge, patches, inscriptions)."""

MAX_BYTES_HELD = 4 << 30
"""The most memory that the pictures of a folder or of a file may take."""


@dataclass(frozen=True)
class Picture:
    """One image.

    Attributes:
        name: Its name, unique in its source.
        clean: Its pixels, shape ``(height, width, channels)``, bytes or floats in [0, 1].
        degraded: Shaped alike, where the source brings it.
    """

    name: str
    clean: NDArray[Any]
    degraded: NDArray[Any] | None = None


@dataclass(frozen=True)
class Split:
    """Pictures by what they are for; no picture is in two parts."""

    training: tuple[Picture, ...]
    validation: tuple[Picture, ...]
    test: tuple[Picture, ...]

    @property
    def fingerprint(self) -> str:
        """A hash of every name, pixel and part: equal for equal data alone."""
        digest = hashlib.sha256()
        for part in (self.training, self.validation, self.test):
            for picture in part:
                for array in (picture.clean, picture.degraded):
                    shape = None if array is None else (array.shape, array.dtype.str)
                    digest.update(repr((picture.name, shape)).encode())
                    if array is not None:
                        digest.update(np.ascontiguousarray(array).tobytes())
            digest.update(b"\x1e")
        return digest.hexdigest()


def load_split(data: Photos | ImageFolder | ImagePairs | Arrays) -> Split:
    """Reads all pictures of a source and deals them out.

    Raises:
        DataError: A file cannot be used, is smaller than a patch, or there are too few.
    """
    match data:
        case Photos():
            split = _split_photos(data)
        case ImageFolder():
            root = Path(data.path)
            pictures = (
                Picture(path.relative_to(root).as_posix(), read_image(path, data.channels))
                for path in list_images(root)[: data.limit]
            )
            split = _split_by_share(_hold(pictures, data.path), data, data.path)
        case ImagePairs():
            split = _split_by_share(_hold(_read_pairs(data), data.clean), data, data.clean)
        case Arrays():
            split = _split_by_share(_read_arrays(data)[: data.limit], data, data.path)
        case _:
            assert_never(data)
    _check_sizes(split, data)
    return split


def _split_photos(data: Photos) -> Split:
    folder = (
        resources.files("dropstudy")
        / "assets"
        / ("photos" if data.collection == "full" else "tiny")
    )
    with resources.as_file(folder) as path:
        pictures = [
            Picture(file.stem, read_image(file, data.channels)) for file in list_images(path)
        ]
    validation, test = VALIDATION_PHOTOS[data.collection], TEST_PHOTOS[data.collection]
    photos = Split(
        tuple(picture for picture in pictures if picture.name not in validation + test),
        tuple(picture for picture in pictures if picture.name in validation),
        tuple(picture for picture in pictures if picture.name in test),
    )
    return _add_text_pages(photos, data) if data.text_pages else photos


def _add_text_pages(photos: Split, data: Photos) -> Split:
    """The pages join each part; they take turns with the photographs that are looked at."""

    def draw(part: Part, count: int) -> list[Picture]:
        return [
            Picture(f"text_{part}_{index:03d}", draw_text_page(part, index, channels=data.channels))
            for index in range(count)
        ]

    few = max(1, data.text_pages // 4)
    return Split(
        (*photos.training, *draw("training", data.text_pages)),
        _take_turns(photos.validation, draw("validation", few)),
        _take_turns(photos.test, draw("test", few)),
    )


def _take_turns(first: Sequence[Picture], second: Sequence[Picture]) -> tuple[Picture, ...]:
    turns = chain.from_iterable(zip_longest(first, second))
    return tuple(picture for picture in turns if picture is not None)


def _split_by_share(pictures: Sequence[Picture], data: SplitSetting, where: str) -> Split:
    """Deals pictures out by a hash of their names, so that adding one moves few others."""
    count = len(pictures)
    validation = max(1, round(data.validation_share * count))
    test = max(1, round(data.test_share * count)) if data.test_share else 0
    if count < validation + test + 1:
        raise DataError(
            f"{where}: found {count} image{'' if count == 1 else 's'}; give at least "
            f"{validation + test + 1}, to train on, validate{' and test' if test else ''}"
        )
    ranked = sorted(
        pictures, key=lambda picture: hashlib.sha256(os.fsencode(picture.name)).digest()
    )
    parts = ranked[:validation], ranked[validation : validation + test], ranked[validation + test :]
    by_name = [tuple(sorted(part, key=lambda picture: picture.name)) for part in parts]
    return Split(training=by_name[2], validation=by_name[0], test=by_name[1])


def _hold(pictures: Iterable[Picture], where: str) -> list[Picture]:
    """Takes pictures into memory, where a training needs them, up to a bound."""
    held: list[Picture] = []
    total = 0
    for picture in pictures:
        held.append(picture)
        total += picture.clean.nbytes + (0 if picture.degraded is None else picture.degraded.nbytes)
        if total > MAX_BYTES_HELD:
            raise DataError(
                f"{where}: its first {len(held)} images take more than "
                f"{MAX_BYTES_HELD >> 30} GiB of memory; use fewer with data.limit, or smaller ones"
            )
    return held


def _read_pairs(data: ImagePairs) -> Iterator[Picture]:
    for pair in pair_images(Path(data.degraded), Path(data.clean))[: data.limit]:
        picture = Picture(
            pair.name, read_image(pair.clean, data.channels), read_image(pair.given, data.channels)
        )
        _check_partner(picture, str(pair.given))
        yield picture


def _check_partner(picture: Picture, where: str) -> None:
    if picture.degraded is not None and picture.degraded.shape != picture.clean.shape:
        raise DataError(
            f"{where}: has shape {picture.degraded.shape}, its clean partner "
            f"{picture.clean.shape}; give both the same size"
        )


def _read_arrays(data: Arrays) -> list[Picture]:
    try:
        with open_plain(Path(data.path)) as stream, zipfile.ZipFile(stream) as archive:
            arrays = _read_members(archive, data.path)
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{data.path}: cannot be read: {error.strerror or error}") from None
    except Exception as error:  # what a damaged archive may raise has no end
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise DataError(f"{data.path}: not a .npz file of plain arrays: {reason}") from None
    if "clean" not in arrays:
        raise DataError(f"{data.path}: has no array 'clean'")
    checked = {name: _check_array(array, data, name) for name, array in arrays.items()}
    degraded = checked.get("degraded")
    if degraded is not None and len(degraded) != len(checked["clean"]):
        raise DataError(
            f"{data.path}: {len(degraded)} degraded and {len(checked['clean'])} clean images"
        )
    pictures = []
    for index, clean in enumerate(checked["clean"]):
        picture = Picture(f"{index:05d}", clean, None if degraded is None else degraded[index])
        _check_partner(picture, f"{data.path}: degraded[{index}]")
        pictures.append(picture)
    return pictures


def _read_members(archive: zipfile.ZipFile, where: str) -> dict[str, NDArray[Any]]:
    """The arrays ``clean`` and ``degraded``, once they are known to be small enough."""
    members = {name: f"{name}.npy" for name in ("clean", "degraded")}
    stored = {item.filename: item.file_size for item in archive.infolist()}
    total = sum(stored.get(member, 0) for member in members.values())
    if total > MAX_BYTES_HELD:
        raise DataError(
            f"{where}: its arrays take {total / 2**30:,.1f} GiB of memory; "
            f"give at most {MAX_BYTES_HELD >> 30} GiB"
        )
    arrays = {}
    for name, member in members.items():
        if member in stored:
            with archive.open(member) as stream:  # ends where the size above does
                arrays[name] = np.lib.format.read_array(stream, allow_pickle=False)
    return arrays


def _check_array(array: NDArray[Any], data: Arrays, name: str) -> NDArray[Any]:
    where = f"{data.path}: {name}"
    given, wanted = array.shape, data.channel_count
    if array.ndim == 3:
        array = array[..., np.newaxis]
    if array.ndim != 4 or array.shape[-1] != wanted:
        raise DataError(
            f"{where}: has shape {given}; give (n, height, width, {wanted}) "
            f"for data.channels {data.channels}"
        )
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating):
        raise DataError(f"{where}: has type {array.dtype}; give uint8, or floats in [0, 1]")
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    in_range = low >= -1 and high <= 2 if name == "degraded" else low >= 0 and high <= 1
    if not in_range:
        raise DataError(f"{where}: has values from {low:g} to {high:g}; give floats in [0, 1]")
    return np.asarray(array, dtype=np.float32)


def _check_sizes(split: Split, data: DataSetting) -> None:
    small = [
        f"{picture.name} ({picture.clean.shape[1]}×{picture.clean.shape[0]})"
        for picture in split.training + split.validation + split.test
        if min(picture.clean.shape[:2]) < data.patch_size
    ]
    if small:
        shown = ", ".join(small[:5]) + (", …" if len(small) > 5 else "")
        raise DataError(
            f"{len(small)} image{' is' if len(small) == 1 else 's are'} smaller than a patch of "
            f"{data.patch_size}×{data.patch_size}: {shown}; remove, or lower data.patch_size"
        )
