"""Training batches: which patch, how turned and how degraded, as a function of its place."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dropstudy.config.data import DataSetting
from dropstudy.config.task import TaskSetting
from dropstudy.imaging.arrays import Floats, write_floats
from dropstudy.imaging.degradations import degrade
from dropstudy.imaging.sources import Picture
from dropstudy.seeds import derive_seed


@dataclass(frozen=True)
class Batch:
    """Inputs and targets of one training step.

    Attributes:
        degraded: Shape ``(batch, size, size, channels)``.
        clean: Shaped alike, range [0, 1].
    """

    degraded: Floats
    clean: Floats


@dataclass(frozen=True)
class PatchPlace:
    """Where a patch lies: the picture's index, and its top left corner in pixels."""

    picture: int
    top: int
    left: int


class PatchSampler:
    """Hands out the training patches of any epoch, in any order, always the same.

    Everything about a sample (its patch, crop, flip, turn and noise) is a pure function
    of the seed, the epoch and the sample's index in the epoch.
    """

    def __init__(
        self, pictures: tuple[Picture, ...], data: DataSetting, *, task: TaskSetting, seed: int
    ) -> None:
        """Lays the patch grid over the training pictures.

        Args:
            pictures: At least one, none smaller than a patch.
            data: Patch size, grid and augmentation.
            task: What degrades a patch.
            seed: The experiment's seed.
        """
        self._pictures = pictures
        self._data = data
        self._task = task
        self._seed = seed
        self._places = _lay_grid(pictures, data)
        self._order = lru_cache(maxsize=4)(self._shuffle)  # an epoch's batches share theirs

    def __len__(self) -> int:
        """How many patches the grid has."""
        return len(self._places)

    def steps_per_epoch(self, batch_size: int) -> int:
        """How many full batches the patches make, each patch used at most once."""
        return max(1, len(self) // batch_size)

    def batch(self, epoch: int, step: int, size: int) -> Batch:
        """Batch ``step`` (from 0) of ``epoch`` (from 1), of ``size`` samples."""
        side, channels = self._data.patch_size, self._pictures[0].clean.shape[-1]
        clean = np.empty((size, side, side, channels), dtype=np.float32)
        degraded = np.empty_like(clean)
        for row in range(size):
            self._write_sample(epoch, step * size + row, clean[row], degraded[row])
        return Batch(degraded=degraded, clean=clean)

    def _shuffle(self, epoch: int, turn: int) -> NDArray[np.int64]:
        rng = np.random.default_rng(derive_seed(self._seed, "order", epoch, turn))
        return rng.permutation(len(self))

    def _write_sample(self, epoch: int, index: int, clean: Floats, degraded: Floats) -> None:
        turn, rank = divmod(index, len(self))
        place = self._places[self._order(epoch, turn)[rank]]
        rng = np.random.default_rng(derive_seed(self._seed, "sample", epoch, index))
        down, across, mirror = rng.random(3)
        quarters = int(rng.integers(4))
        augment, size = self._data.augment, self._data.patch_size
        picture = self._pictures[place.picture]
        top, left = place.top, place.left
        if augment.crop:
            height, width = picture.clean.shape[:2]
            top, left = int(down * (height - size + 1)), int(across * (width - size + 1))
        window = np.s_[top : top + size, left : left + size]
        ways = augment.flip and mirror < 0.5, quarters if augment.turn else 0
        write_floats(_turn(picture.clean[window], *ways), clean)
        if self._task.kind == "given" and picture.degraded is not None:
            write_floats(_turn(picture.degraded[window], *ways), degraded)
        else:
            degraded[...] = degrade(clean, self._task, rng)


def _lay_grid(pictures: tuple[Picture, ...], data: DataSetting) -> list[PatchPlace]:
    size, step = data.patch_size, data.grid_step
    return [
        PatchPlace(index, top, left)
        for index, picture in enumerate(pictures)
        for top in range(0, picture.clean.shape[0] - size + 1, step)
        for left in range(0, picture.clean.shape[1] - size + 1, step)
    ]


def _turn(patch: NDArray[Any], mirrored: bool, quarters: int) -> NDArray[Any]:
    """The patch mirrored, then turned counterclockwise."""
    if mirrored:
        patch = patch[:, ::-1]
    if quarters >= 2:
        patch = patch[::-1, ::-1]
    return patch.swapaxes(0, 1)[::-1] if quarters % 2 else patch
