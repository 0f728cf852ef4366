"""Training batches: which patch, how turned and how degraded, as a function of its place."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dropstudy.config.data import DataSetting
from dropstudy.config.task import TaskSetting
from dropstudy.imaging.arrays import Floats, to_floats
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

    def __len__(self) -> int:
        """How many patches the grid has."""
        return len(self._places)

    def steps_per_epoch(self, batch_size: int) -> int:
        """How many full batches the patches make, each patch used at most once."""
        return max(1, len(self) // batch_size)

    def batch(self, epoch: int, step: int, size: int) -> Batch:
        """Batch ``step`` (from 0) of ``epoch`` (from 1), of ``size`` samples."""
        indices = range(step * size, (step + 1) * size)
        orders = {turn: self._order(epoch, turn) for turn in {i // len(self) for i in indices}}
        samples = [
            self._sample(self._places[orders[i // len(self)][i % len(self)]], epoch, i)
            for i in indices
        ]
        return _stack(samples)

    def _order(self, epoch: int, turn: int) -> NDArray[np.int64]:
        rng = np.random.default_rng(derive_seed(self._seed, "order", epoch, turn))
        return rng.permutation(len(self))

    def _sample(self, place: PatchPlace, epoch: int, index: int) -> tuple[Floats, Floats]:
        rng = np.random.default_rng(derive_seed(self._seed, "sample", epoch, index))
        augment = self._data.augment
        shift = rng.random(2)
        mirrored, quarters = rng.random() < 0.5, int(rng.integers(4))
        if augment.crop:
            height, width = self._pictures[place.picture].clean.shape[:2]
            size = self._data.patch_size
            top, left = int(shift[0] * (height - size + 1)), int(shift[1] * (width - size + 1))
            place = PatchPlace(place.picture, top, left)
        mirrored, quarters = mirrored and augment.flip, quarters if augment.turn else 0
        clean, given = (_turn(patch, mirrored, quarters) for patch in self._cut(place))
        return self._degrade(clean, given, rng)

    def _cut(self, place: PatchPlace) -> tuple[NDArray[Any], NDArray[Any]]:
        """The clean patch and the one to start from, which is the clean one unless given."""
        picture, size = self._pictures[place.picture], self._data.patch_size
        window = np.s_[place.top : place.top + size, place.left : place.left + size]
        given = picture.clean if picture.degraded is None else picture.degraded
        return picture.clean[window], given[window]

    def _degrade(
        self, clean: NDArray[Any], given: NDArray[Any], rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        target = to_floats(clean)
        if self._task.kind == "given":
            return target, to_floats(given)
        return target, degrade(target, self._task, rng)


def _lay_grid(pictures: tuple[Picture, ...], data: DataSetting) -> list[PatchPlace]:
    size, step = data.patch_size, data.grid_step
    return [
        PatchPlace(index, top, left)
        for index, picture in enumerate(pictures)
        for top in range(0, picture.clean.shape[0] - size + 1, step)
        for left in range(0, picture.clean.shape[1] - size + 1, step)
    ]


def _turn(patch: NDArray[Any], mirrored: bool, quarters: int) -> NDArray[Any]:
    flipped = patch[:, ::-1] if mirrored else patch
    return np.ascontiguousarray(np.rot90(flipped, quarters))


def _stack(samples: list[tuple[Floats, Floats]]) -> Batch:
    clean, degraded = zip(*samples, strict=True)
    return Batch(degraded=np.stack(degraded), clean=np.stack(clean))
