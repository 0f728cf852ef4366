"""Whether two runs are the same, bit for bit, and where they first differ."""

import hashlib
import zipfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.manifests import list_manifests, place_of, read_hashes
from dropstudy.runs.parsing import damage
from dropstudy.runs.reading import Run
from dropstudy.runs.store import load_run

WEIGHTS = "model.weights.h5"
NOT_COMPARED = ("seconds", "images_per_second", "memory_bytes")
"""What a column's name has in it that measures the machine, not the network."""


@dataclass(frozen=True)
class Difference:
    """The first thing in which two runs differ.

    Attributes:
        epoch: After which epoch, or in whose row; None: at the end.
        what: The tensor or the column.
        values: Of both runs.
    """

    epoch: int | None
    what: str
    values: tuple[Any, Any]

    def __str__(self) -> str:
        """In words."""
        where = "at the end" if self.epoch is None else f"epoch {self.epoch}"
        first, second = (str(value)[:24] for value in self.values)
        return f"{where}: {self.what}: {first} and {second}"


def find_difference(first: RunDirectory, second: RunDirectory) -> Difference | None:
    """The earliest difference between two finished runs of one experiment; None: there is none.

    Compared are, epoch by epoch, the tensors of every checkpoint at an epoch's end, of which
    both must have kept the same (weights, moving averages, dropout's states, optimizer), and
    all that was noted but for times and memory; then the weights in ``model.keras``, the
    result, the scores of each image and the pixels of those kept.
    """
    runs = load_run(first.path), load_run(second.path)
    found = [
        difference
        for difference in (_compare_tensors(first, second), _compare_epochs(*runs))
        if difference is not None
    ]
    if found:
        return min(found, key=lambda difference: difference.epoch or 0)
    return _compare_ends(*runs)


def hash_model(model: Path) -> str:
    """A SHA-256 of the weights in a ``.keras`` file.

    Raises:
        RunDirectoryError: The file is missing or damaged.
    """
    try:
        with zipfile.ZipFile(model) as archive:
            return hashlib.sha256(archive.read(WEIGHTS)).hexdigest()
    except (OSError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise damage(model, str(error)) from None


def is_compared(column: str) -> bool:
    """Whether a column of ``epochs.jsonl`` must be the same in equal runs."""
    return not any(word in column for word in NOT_COMPARED)


def _compare_tensors(first: RunDirectory, second: RunDirectory) -> Difference | None:
    hashes: list[dict[int, dict[str, str]]] = []
    for directory in (first, second):
        ends = [path for path in list_manifests(directory) if place_of(path).step == 0]
        hashes.append({place_of(path).epoch - 1: read_hashes(path) for path in reversed(ends)})
    for epoch in sorted(set(hashes[0]) ^ set(hashes[1])):
        kept = ["kept" if epoch in of_run else "missing" for of_run in hashes]
        return Difference(epoch, "the checkpoint at its end", (kept[0], kept[1]))
    for epoch in sorted(hashes[0]):
        one, other = hashes[0][epoch], hashes[1][epoch]
        for name in [*one, *other]:
            if one.get(name) != other.get(name):
                return Difference(epoch, name, (one.get(name), other.get(name)))
    return None


def _compare_epochs(first: Run, second: Run) -> Difference | None:
    rows = [[asdict(record) for record in run.epochs] for run in (first, second)]
    for one, other in zip(*rows, strict=False):
        for column, value in one.items():
            if is_compared(column) and not _is_same(value, other[column]):
                return Difference(one["epoch"], column, (value, other[column]))
    counts = len(rows[0]), len(rows[1])
    return None if counts[0] == counts[1] else Difference(min(counts) + 1, "rows", counts)


def _compare_ends(first: Run, second: Run) -> Difference | None:
    ends = [
        {
            "status": run.status,
            "model.keras": hash_model(run.directory.model),
            "best epoch": run.best.epoch if run.best else None,
            **{
                f"{name} {key}": value
                for name, scores in run.baselines.items()
                for key, value in scores.items()
            },
            **{
                path.relative_to(run.directory.path).as_posix(): _hash(path)
                for path in sorted(run.directory.images.glob("*.png"))
            },
            **{f"test {name}": value for name, value in run.test.items()},
            **{
                f"{image.part} image {image.image}, {name}": value
                for image in run.images
                for name, value in asdict(image).items()
            },
        }
        for run in (first, second)
    ]
    for name in [*ends[0], *ends[1]]:
        one, other = ends[0].get(name), ends[1].get(name)
        if not _is_same(one, other):
            return Difference(None, name, (one, other))
    return None


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_same(one: Any, other: Any) -> bool:
    return bool(one == other) or (one != one and other != other)
