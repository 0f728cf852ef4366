"""Tasks and images that the imaging tests share."""

from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from PIL import Image
from pydantic import TypeAdapter

from dropstudy.config.data import Photos
from dropstudy.config.task import TaskSetting
from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.sources import Picture, Split, load_split

KINDS: tuple[str, ...] = tuple(
    get_args(setting.model_fields["kind"].annotation)[0]
    for setting in get_args(get_args(TaskSetting)[0])
)
"""Every kind of task that a config may name, read off the union itself."""

APPLIED_KINDS = tuple(kind for kind in KINDS if kind != "given")

_NEEDED: dict[str, dict[str, Any]] = {
    "compose": {"steps": [{"kind": "blur"}, {"kind": "jpeg"}]},
    "one_of": {"choices": [{"kind": "gaussian"}, {"kind": "pixelate"}]},
}
"""What a kind does not default."""


def make_task(kind: str, **settings: Any) -> TaskSetting:
    task: TaskSetting = TypeAdapter(TaskSetting).validate_python(
        {"kind": kind, **_NEEDED.get(kind, {}), **settings}
    )
    return task


def random_image(height: int, width: int, channels: int = 3, *, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).random((height, width, channels), dtype=np.float32)


def flat_image(value: float, side: int = 256, channels: int = 3) -> Floats:
    return np.full((side, side, channels), value, dtype=np.float32)


@cache
def bundled_split(collection: Literal["full", "tiny"] = "full") -> Split:
    return load_split(Photos(kind="photos", collection=collection))


def all_pictures(split: Split) -> tuple[Picture, ...]:
    return split.training + split.validation + split.test


def write_images(folder: Path, *names: str, side: int = 16, seed: int = 0) -> None:
    """Writes an image of its own for each name, in the format that its suffix says."""
    for index, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng([seed, index]).integers(0, 256, (side, side, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(path)
