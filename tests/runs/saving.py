"""Checkpoints saved without any training, and what a kill or an accident makes of them."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dropstudy.runs.checkpoints import (
    RUN_SECONDS,
    Checkpoint,
    load_checkpoint,
    save_best,
    save_checkpoint,
)
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.manifests import LOSSES, STEP_SECONDS, Place
from tests.runs.written import epoch_record


def a_checkpoint(place: Place, **values: Any) -> Checkpoint:
    """One of float32 weights that no other place has; ``values`` stand in the place of its own."""
    progress = {name: np.linspace(0, 1, place.step) for name in (LOSSES, STEP_SECONDS)}
    weights = {"network/w": np.full(500, place.epoch + place.step / 100, dtype="float32")}
    checkpoint = Checkpoint(
        place=place,
        epochs=[epoch_record(number) for number in range(1, place.epoch)],
        learning_rate=0.25,
        seconds={"train": 1.5, "elapsed": 2.0, RUN_SECONDS: 9.0},
        state={**progress, **weights},
        best=None,
        settings={"seed": 3, "training": {"epochs": 8}},
        precision="float32",
    )
    return replace(checkpoint, **values)


def save_epoch(directory: RunDirectory, epoch: int, step: int = 0, *, keep: int = 2) -> Checkpoint:
    """Saves as a training does, for which every epoch is the best so far."""
    best = None
    if epoch > 1:
        best = save_best(directory, epoch - 1, {"network/w": np.full(9, epoch, dtype="float32")})
    checkpoint = a_checkpoint(Place(epoch, step), best=best)
    save_checkpoint(directory, checkpoint, keep=keep)
    return checkpoint


def place_to_go_on(directory: RunDirectory) -> tuple[Place | None, int]:
    """Where a training would go on, and how many checkpoints are said to be damaged."""
    loaded, damaged = load_checkpoint(directory)
    return (loaded.place if loaded else None), len(damaged)


def cut(path: Path) -> None:
    """Leaves two thirds of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


@contextmanager
def snapshots(folder: Path, into: Path) -> Iterator[list[Path]]:
    """Copies ``folder`` right before every operation on its files, as a kill would leave it."""
    taken: list[Path] = []
    is_on = True

    def on_event(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal is_on
        if not is_on or event not in {"open", "os.rename", "os.remove", "os.truncate"}:
            return
        if not os.fspath(str(arguments[0])).startswith(str(folder)):
            return
        if event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            assert str(arguments[0]).endswith(".partial"), "a kill would leave it half written"
        is_on = False
        taken.append(into / str(len(taken)))
        shutil.copytree(folder, taken[-1])
        is_on = True

    sys.addaudithook(on_event)  # for which there is no way to take it off again
    try:
        yield taken
    finally:
        is_on = False
