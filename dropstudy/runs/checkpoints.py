"""Saves where a training stands, and finds the newest whole one again.

A checkpoint is a manifest ``checkpoints/epoch-0003-step-000017.json`` beside its tensors in
a ``.npz`` of the same name; those of the best epoch so far are in ``best-0002.npz``. The
manifest is written last and has a hash of every tensor, so that what it names is whole.
"""

import json
import re
import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.directory import RunDirectory, write_text
from dropstudy.runs.manifests import (
    LOSSES,
    STEP_SECONDS,
    Place,
    can_go_on,
    list_manifests,
    place_of,
)
from dropstudy.runs.parsing import damage, optional_fields, read_json, to_numbers
from dropstudy.runs.records import EpochRecord
from dropstudy.runs.tensors import Tensors, hash_tensors, read_tensors, write_tensors

NETWORK = "network/"
RUN_SECONDS = "run"
_OURS = re.compile(r"^\.?(epoch-\d+-step-\d+|best-\d+)\.(npz|json)(\.partial)?$")


@dataclass(frozen=True)
class BestNetwork:
    """The network after the best epoch so far.

    Attributes:
        epoch: Which that was.
        tensors: Its weights and other variables.
        hashes: Of each tensor.
    """

    epoch: int
    tensors: Tensors
    hashes: dict[str, str]

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"best-{self.epoch:04d}.npz"


@dataclass(frozen=True)
class Checkpoint:
    """All that decides how a training goes on.

    Attributes:
        place: Where it stands.
        epochs: All epochs that are finished.
        learning_rate: Of the last step of the epoch, once that is done; else 0.
        seconds: What the epoch's parts have taken so far, ``elapsed`` all of it, and
            ``RUN_SECONDS`` the run from its start.
        state: The network's and the optimizer's tensors (the network's only where it is not
            that of ``best``, as it is right after the best epoch), the epoch's step losses and
            times so far (``LOSSES``, ``STEP_SECONDS``).
        best: The best network so far; None before the first epoch's end.
        settings: The experiment as plain data.
        precision: What the network computes in.
    """

    place: Place
    epochs: list[EpochRecord]
    learning_rate: float
    seconds: dict[str, float]
    state: Tensors
    best: BestNetwork | None
    settings: dict[str, Any]
    precision: str


def save_best(directory: RunDirectory, epoch: int, tensors: Tensors) -> BestNetwork:
    """Saves the network after a new best epoch, for the checkpoints to come.

    Raises:
        StorageError: It cannot be written.
    """
    best = BestNetwork(epoch, tensors, hash_tensors(tensors))
    write_tensors(directory.checkpoints / best.file, tensors)
    return best


def save_checkpoint(directory: RunDirectory, checkpoint: Checkpoint, *, keep: int) -> None:
    """Saves a checkpoint and removes all but it and the ``keep`` - 1 before it.

    Those of later places go as well: they are damaged, or the training would not be here.

    Raises:
        StorageError: It cannot be written; those before it are still there.
    """
    path = directory.checkpoints / f"{checkpoint.place.stem}.npz"
    best = checkpoint.best
    write_tensors(path, checkpoint.state)
    manifest = {
        "epoch": checkpoint.place.epoch,
        "step": checkpoint.place.step,
        "tensors": hash_tensors(checkpoint.state),
        "best": {"epoch": best.epoch, "tensors": best.hashes} if best else None,
        "learning_rate": checkpoint.learning_rate,
        "seconds": checkpoint.seconds,
        "precision": checkpoint.precision,
        "epochs": [vars(record) for record in checkpoint.epochs],
        "settings": checkpoint.settings,
    }
    # Python's JSON has infinity, which a score may be, and null would forget.
    write_text(path.with_suffix(".json"), json.dumps(manifest) + "\n")
    until_here = list_manifests(directory, last=checkpoint.place)
    _prune(directory, kept=until_here[:keep])


def load_checkpoint(directory: RunDirectory) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that can be used, and what is wrong with it and each newer one.

    Returns:
        No checkpoint where the run was ended before its first.

    Raises:
        RunDirectoryError: There are some, and none is whole; or epochs, and none.
    """
    anew = f"train it anew: dropstudy run {shlex.quote(str(directory.config))}"
    notes: list[str] = []
    damaged: list[str] = []
    manifests = list_manifests(directory)
    for path in manifests:
        try:
            return _read(path, notes), notes
        except RunDirectoryError as error:
            damaged.append(str(error))
            notes.append(f"{error}; the checkpoint before it is used")
    if manifests:
        raise RunDirectoryError("\n".join([*damaged, f"no checkpoint is whole; {anew}"]))
    if not can_go_on(directory):
        raise RunDirectoryError(
            f"{directory.checkpoints}: has no checkpoint, and so the run cannot go on; {anew}"
        )
    return None, notes


def forget_checkpoints(directory: RunDirectory) -> None:
    """Removes all checkpoints, the newest first."""
    _prune(directory, kept=[])


def _read(path: Path, notes: list[str]) -> Checkpoint:
    manifest = read_json(path)
    try:
        checkpoint = Checkpoint(
            place=Place(int(manifest["epoch"]), int(manifest["step"])),
            epochs=[_to_epoch(row) for row in manifest["epochs"]],
            learning_rate=float(manifest["learning_rate"]),
            seconds=to_numbers(manifest["seconds"], path, "seconds"),
            state=read_tensors(path.with_suffix(".npz"), manifest["tensors"]),
            best=_read_best(path, manifest, notes),
            settings=dict(manifest["settings"]),
            precision=str(manifest["precision"]),
        )
        _check(checkpoint, path)
        return checkpoint
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damage(path, f"not the manifest of a checkpoint: {error!r}") from None


def _to_epoch(row: Mapping[str, Any]) -> EpochRecord:
    """An epoch whose numbers may be infinite; what a newer version added is passed over.

    So is what an older version did not note yet.
    """
    names = {item.name for item in fields(EpochRecord)}
    names -= optional_fields(EpochRecord) - set(row)
    numbers = {name: row[name] for name in names}
    if not all(number is None or isinstance(number, int | float) for number in numbers.values()):
        raise TypeError(f"a row with {numbers}")
    return EpochRecord(**numbers)


def _check(checkpoint: Checkpoint, path: Path) -> None:
    """Refuses what can be read, but was not saved like this.

    Raises:
        ValueError: Its parts are of several places.
        KeyError: It lacks one.
    """
    place, state = checkpoint.place, checkpoint.state
    epochs = [record.epoch for record in checkpoint.epochs]
    shapes = {state[name].shape for name in (LOSSES, STEP_SECONDS)}
    is_whole = epochs == list(range(1, len(epochs) + 1)) and shapes == {(place.step,)}
    if place != place_of(path) or len(epochs) + 1 != place.epoch or not is_whole:
        raise ValueError(f"of {place}, with {len(epochs)} epochs")
    if RUN_SECONDS not in checkpoint.seconds:
        raise KeyError(RUN_SECONDS)


def _read_best(path: Path, manifest: Mapping[str, Any], notes: list[str]) -> BestNetwork | None:
    """The best network; None without any, or where it is damaged and the training needs it not.

    All checkpoints may name one best network: its damage shall not be that of them all.
    """
    named = manifest["best"]
    if named is None:
        return None
    best = BestNetwork(int(named["epoch"]), {}, dict(named["tensors"]))
    try:
        return replace(best, tensors=read_tensors(path.parent / best.file, best.hashes))
    except RunDirectoryError as error:
        if not any(name.startswith(NETWORK) for name in manifest["tensors"]):
            raise
        notes.append(f"{error}; the run goes on without the network of its best epoch")
        return None


def _prune(directory: RunDirectory, *, kept: list[Path]) -> None:
    """Removes all other manifests, the newest first, then every file that only they need."""
    needed = {path.name for path in kept}
    for path in kept:
        needed.add(path.with_suffix(".npz").name)
        with suppress(RunDirectoryError, TypeError, KeyError, ValueError):
            needed.add(BestNetwork(int(read_json(path)["best"]["epoch"]), {}, {}).file)
    for path in [*list_manifests(directory), *directory.checkpoints.iterdir()]:
        if path.name not in needed and _OURS.match(path.name):
            with suppress(OSError):  # what cannot be removed does no harm
                path.unlink()
