"""Tensors on the disk: a ``.npz`` file, and a hash of each that shows it whole."""

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dropstudy.files import open_plain
from dropstudy.runs.directory import replacing
from dropstudy.runs.environment import available_cores
from dropstudy.runs.parsing import damage

Tensors = dict[str, NDArray[Any]]


def hash_tensors(tensors: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """A SHA-256 of each tensor's type, shape and bytes."""
    with ThreadPoolExecutor(available_cores()) as pool:  # hashing leaves Python's lock
        return dict(zip(tensors, pool.map(_hash, tensors.values()), strict=True))


def write_tensors(path: Path, tensors: Tensors) -> None:
    """Writes a ``.npz`` file, whole or not at all.

    Raises:
        StorageError: It cannot be written.
    """
    named: dict[str, Any] = dict(tensors)
    with replacing(path) as stream:
        np.savez(stream, **named)


def read_tensors(path: Path, hashes: Mapping[str, str]) -> Tensors:
    """Reads what ``write_tensors`` wrote.

    Raises:
        RunDirectoryError: The file is missing or damaged, or a tensor is not that of its hash.
    """
    try:
        # NumPy leaves a file that it opens itself open where it is damaged.
        with open_plain(path) as stream, np.load(stream, allow_pickle=False) as stored:
            tensors = {key: stored[key] for key in stored.files}
    except Exception as error:  # what NumPy may raise of a damaged file has no end
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise damage(path, reason) from None
    found = hash_tensors(tensors)
    for key in [*hashes, *found]:
        if found.get(key) != hashes.get(key):
            raise damage(path, f"{key} is not what was saved")
    return tensors


def _hash(tensor: NDArray[Any]) -> str:
    digest = hashlib.sha256(repr((tensor.dtype.str, tensor.shape)).encode())
    digest.update(np.ascontiguousarray(tensor).data)
    return digest.hexdigest()
