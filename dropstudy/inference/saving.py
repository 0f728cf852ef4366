"""Where restored images are written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from dropstudy.errors import ConfigError, DataError
from dropstudy.imaging.arrays import Floats, to_bytes
from dropstudy.imaging.reading import SUFFIXES


@dataclass(frozen=True)
class RestoredFolder:
    """Where restored images are written, under their own names as PNG.

    Attributes:
        path: The folder.
        subfolders: One for each task, or none where there is but one task.
    """

    path: Path
    subfolders: tuple[str, ...] = ()

    def file(self, name: str, task_index: int) -> Path:
        """Where the restoration of the picture ``name`` goes."""
        folder = self.path / self.subfolders[task_index] if self.subfolders else self.path
        suffix = Path(name).suffix
        return folder / f"{name.removesuffix(suffix) if suffix.lower() in SUFFIXES else name}.png"

    def save(self, restored: Floats, name: str, task_index: int) -> None:
        """Writes an image of 8 bits.

        Raises:
            DataError: It cannot be written.
        """
        path = self.file(name, task_index)
        levels = to_bytes(restored)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels).save(path)
        except OSError as error:
            raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None


def plan_restored_folder(
    path: Path, names: Sequence[str], task_labels: Sequence[str]
) -> RestoredFolder:
    """A new folder for restorations, made at once; with several tasks, a subfolder for each.

    Raises:
        ConfigError: The folder is in use, or cannot be made.
        DataError: Two pictures would be written to one file.
    """
    subfolders = tuple(
        f"{number}-{re.sub(r'[^A-Za-z0-9.]+', '-', label).strip('-')[:60]}"
        for number, label in enumerate(task_labels, 1)
    )
    folder = RestoredFolder(path, subfolders if len(subfolders) > 1 else ())
    written: dict[Path, str] = {}
    for name in names:
        file = folder.file(name, 0)
        if file in written:
            raise DataError(
                f"{written[file]} and {name}: both would be saved as {file.name}; rename one"
            )
        written[file] = name
    try:
        path.mkdir(parents=True, exist_ok=True)
        is_empty = not any(path.iterdir())
    except OSError as error:
        raise ConfigError(f"--save {path}: cannot be made: {error.strerror}") from None
    if not is_empty:
        raise ConfigError(f"--save {path}: is not empty; name a new folder")
    return folder
