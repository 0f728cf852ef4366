"""The manifests of checkpoints: where they lie, which is the newest, what they say of tensors."""

import re
from dataclasses import dataclass
from pathlib import Path

from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.parsing import damage, read_json

LOSSES, STEP_SECONDS = "progress/losses", "progress/step_seconds"
_NAME = re.compile(r"^epoch-(\d{4,9})-step-(\d{6,12})\.json$")


@dataclass(frozen=True, order=True)
class Place:
    """How far a training has come.

    Attributes:
        epoch: Which it is in, from 1; one more than the last when all are done.
        step: How many steps of it are done.
    """

    epoch: int
    step: int

    def __str__(self) -> str:
        """In words."""
        return f"epoch {self.epoch}, step {self.step}"

    @property
    def stem(self) -> str:
        """Of its files' names, which sort by it."""
        return f"epoch-{self.epoch:04d}-step-{self.step:06d}"


def can_go_on(directory: RunDirectory) -> bool:
    """Whether there is a checkpoint, or was nothing yet to keep in one."""
    return bool(list_manifests(directory)) or (
        directory.checkpoints.is_dir() and not directory.epochs.exists()
    )


def list_manifests(directory: RunDirectory, *, last: Place | None = None) -> list[Path]:
    """The manifests of a run's checkpoints, the newest first, up to that of ``last``."""
    places = {
        path: place_of(path)
        for path in directory.checkpoints.glob("epoch-*.json")
        if _NAME.match(path.name)
    }
    return sorted(
        (path for path, place in places.items() if last is None or place <= last),
        key=lambda path: places[path],
        reverse=True,
    )


def place_of(manifest: Path) -> Place:
    """Which place a manifest is of, by its name."""
    epoch, step = _NAME.findall(manifest.name)[0]
    return Place(int(epoch), int(step))


def read_hashes(manifest: Path) -> dict[str, str]:
    """The hash of every tensor that a manifest names but for those that measure time.

    Raises:
        RunDirectoryError: The manifest is damaged.
    """
    content = read_json(manifest)
    try:
        best = content["best"]["tensors"] if content["best"] else {}
        named = {**content["tensors"], **{f"best {name}": best[name] for name in best}}
        return {name: str(named[name]) for name in named if name != STEP_SECONDS}
    except (KeyError, TypeError) as error:
        raise damage(manifest, f"not the manifest of a checkpoint: {error!r}") from None
