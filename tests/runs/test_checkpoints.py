import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.checkpoints import (
    forget_checkpoints,
    load_checkpoint,
    save_best,
    save_checkpoint,
)
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.manifests import STEP_SECONDS, Place, list_manifests, read_hashes
from dropstudy.runs.tensors import Tensors, hash_tensors
from tests.runs.saving import a_checkpoint, place_to_go_on, save_epoch, snapshots
from tests.runs.written import epoch_record

NAN_WITH_PAYLOAD = np.array([0x7FC12345, 0xFFA00001, 0x80000000, 0x00000001], "uint32").view("f4")
TENSORS: Tensors = {
    "network/up_0/kernel": np.arange(24, dtype="float32").reshape(2, 3, 4),
    "network/norm/odd": NAN_WITH_PAYLOAD,
    "optimizer/iteration": np.array(2**62 + 1, dtype="int64"),
    "optimizer/rate": np.array(0.1, dtype="float32"),
    "loss_scale/grows": np.array(True),
    "network/drop/seed": np.array([2**32 - 1, 7], dtype="uint32"),
    "half": np.array([np.inf, -0.0], dtype="float16"),
    "double": np.array([[1 / 3]], dtype="float64"),
    "none of it": np.zeros((0, 3), dtype="float32"),
    "by columns": np.asfortranarray(np.arange(6, dtype="int32").reshape(2, 3)),
}


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path, "saved")


def _names(directory: RunDirectory) -> list[str]:
    return sorted(path.name for path in directory.checkpoints.iterdir())


def _assert_same(found: NDArray[Any], saved: NDArray[Any]) -> None:
    assert (found.dtype, found.shape) == (saved.dtype, saved.shape)
    assert found.tobytes() == saved.tobytes()


@pytest.mark.parametrize("name", TENSORS)
def test_every_bit_of_a_tensor_comes_back(directory: RunDirectory, name: str) -> None:
    saved = a_checkpoint(Place(1, 0))
    tensors = {name: TENSORS[name]}
    best = save_best(directory, 1, tensors)
    save_checkpoint(directory, replace(saved, state={**saved.state, **tensors}, best=best), keep=2)

    loaded, damaged = load_checkpoint(directory)
    assert loaded is not None
    assert loaded.best is not None
    assert damaged == []
    _assert_same(loaded.state[name], TENSORS[name])
    _assert_same(loaded.best.tensors[name], TENSORS[name])


def test_all_else_of_a_checkpoint_comes_back(directory: RunDirectory) -> None:
    saved = save_epoch(directory, 3, 7)
    loaded, _ = load_checkpoint(directory)

    assert loaded is not None
    assert replace(loaded, state={}, best=None) == replace(saved, state={}, best=None)
    assert list(loaded.state) == list(saved.state)
    assert loaded.best is not None
    assert saved.best is not None
    assert (loaded.best.epoch, loaded.best.hashes) == (2, saved.best.hashes)


def test_a_hash_tells_type_shape_and_sign_of_zero_apart() -> None:
    zeros = np.zeros(4, dtype="float32")
    alike = [zeros, zeros.view("int32"), zeros.reshape(2, 2), -zeros, np.zeros(3, dtype="float32")]

    assert len({hash_tensors({"w": tensor})["w"] for tensor in alike}) == len(alike)
    strided = np.zeros(8, dtype="float32")[::2]
    assert hash_tensors({"w": strided}) == hash_tensors({"w": zeros})


def test_the_compared_hashes_are_all_but_the_times_of_the_steps(directory: RunDirectory) -> None:
    saved = save_epoch(directory, 2, 3)
    assert saved.best is not None
    found = read_hashes(list_manifests(directory)[0])

    expected = hash_tensors({key: saved.state[key] for key in saved.state if key != STEP_SECONDS})
    assert found == {**expected, "best network/w": saved.best.hashes["network/w"]}


def test_a_kill_between_any_two_operations_leaves_a_whole_checkpoint(
    directory: RunDirectory, tmp_path: Path
) -> None:
    with snapshots(directory.path, tmp_path / "killed") as before_the_first:
        save_epoch(directory, 1, 4, keep=1)
    save_epoch(directory, 2, keep=1)
    with snapshots(directory.path, tmp_path / "killed later") as between:
        save_epoch(directory, 3, keep=1)
        save_epoch(directory, 3, 5, keep=1)

    first = [place_to_go_on(RunDirectory(path)) for path in before_the_first]
    assert first == sorted(first, key=lambda found: found[0] is not None)
    assert {place for place, _ in first} <= {None, Place(1, 4)}
    places = [place_to_go_on(RunDirectory(path)) for path in between]
    assert [damaged for _, damaged in places] == [0] * len(places)
    assert places == sorted(places, key=lambda found: found[0] or Place(0, 0))
    assert {place for place, _ in places} == {Place(2, 0), Place(3, 0), Place(3, 5)}
    assert len(between) > 15
    partial = [path for path in between if list((path / "checkpoints").glob(".*.partial"))]
    assert partial, "no kill fell into the writing of a file"


def test_a_run_ended_before_its_first_checkpoint_begins_anew(directory: RunDirectory) -> None:
    assert load_checkpoint(directory) == (None, [])


def test_epochs_without_a_checkpoint_cannot_be_gone_on_with(directory: RunDirectory) -> None:
    directory.epochs.write_text("")
    with pytest.raises(
        RunDirectoryError, match=r"checkpoints: has no checkpoint.*train it anew: dropstudy run "
    ):
        load_checkpoint(directory)


def test_a_run_of_a_version_without_checkpoints_cannot_be_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match=rf"^{tmp_path}.checkpoints: has no checkpoint"):
        load_checkpoint(RunDirectory(tmp_path))


@pytest.mark.parametrize("keep", [1, 2, 4])
def test_the_newest_stay_with_their_best_networks(directory: RunDirectory, keep: int) -> None:
    for epoch in range(2, 7):
        save_epoch(directory, epoch, keep=keep)

    last = range(7 - keep, 7)
    assert _names(directory) == [
        *(f"best-{epoch - 1:04d}.npz" for epoch in last),
        *(f"epoch-{epoch:04d}-step-000000.{kind}" for epoch in last for kind in ("json", "npz")),
    ]


def test_places_are_ordered_by_number_and_not_by_name(directory: RunDirectory) -> None:
    for epoch, step in ((9_999, 1_000_000), (9_999, 999_999), (10_000, 0)):
        (directory.checkpoints / f"{Place(epoch, step).stem}.json").touch()

    stems = [path.stem for path in list_manifests(directory)]
    assert stems == [
        *("epoch-10000-step-000000", "epoch-9999-step-1000000", "epoch-9999-step-999999"),
    ]


def test_what_a_kill_left_behind_is_swept_up_by_the_next_checkpoint(
    directory: RunDirectory,
) -> None:
    for name in (".epoch-0001-step-000002.npz.partial", "epoch-0001-step-000002.npz"):
        (directory.checkpoints / name).write_bytes(b"half")
    save_epoch(directory, 1, 3)

    assert _names(directory) == ["epoch-0001-step-000003.json", "epoch-0001-step-000003.npz"]


def test_what_others_put_there_is_left_alone(directory: RunDirectory, tmp_path: Path) -> None:
    outside = tmp_path / "outside.npz"
    outside.write_text("precious")
    foreign = {"mine.npz", "epoch-1.json", "notes", "locked.txt", "epoch-0009-step-000000.txt"}
    for name in foreign - {"notes"}:
        (directory.checkpoints / name).write_text("mine")
    (directory.checkpoints / "locked.txt").chmod(0o400)
    (directory.checkpoints / "notes").mkdir()
    (directory.checkpoints / "epoch-0001-step-000000.json").mkdir()
    (directory.checkpoints / "best-0009.npz").symlink_to(outside)
    for epoch in range(2, 6):
        save_epoch(directory, epoch)

    assert place_to_go_on(directory) == (Place(5, 0), 0)
    assert foreign < set(_names(directory))
    assert outside.read_text() == "precious"
    forget_checkpoints(directory)
    assert set(_names(directory)) == {*foreign, "epoch-0001-step-000000.json"}


def test_what_epochs_copied_comes_back_and_may_be_missing(directory: RunDirectory) -> None:
    noted = epoch_record(1, val_identity_gain=0.1 + 0.2, val_copy_ratio=1 / 3)
    saved = a_checkpoint(Place(3, 0), epochs=[noted, epoch_record(2)])
    save_checkpoint(directory, saved, keep=2)
    loaded, _ = load_checkpoint(directory)
    assert loaded is not None
    assert loaded.epochs == saved.epochs

    [manifest] = list_manifests(directory)
    stored = json.loads(manifest.read_text())
    for row in stored["epochs"]:  # as a version before them wrote it
        del row["val_identity_gain"], row["val_copy_ratio"]
    manifest.write_text(json.dumps(stored))
    loaded, notes = load_checkpoint(directory)
    assert notes == []
    assert loaded is not None
    assert loaded.epochs == [epoch_record(1), epoch_record(2)]
