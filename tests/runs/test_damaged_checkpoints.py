import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.checkpoints import RUN_SECONDS, load_checkpoint, save_checkpoint
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.manifests import Place, list_manifests
from dropstudy.runs.tensors import hash_tensors
from tests.runs.saving import cut, place_to_go_on, save_epoch

NEWEST = "epoch-0003-step-000000"


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path, "saved")


def _write(text: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_text(text)

    return write


def _flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(np.full(4, 3, dtype="float32").tobytes()) + 5] ^= 1
    path.write_bytes(content)


def _change_a_weight(path: Path) -> None:
    """As a tool would that writes a whole file: only the hash can tell."""
    with np.load(path) as stored:
        tensors: Any = dict(stored)
    weights = tensors["network/w"]
    weights[-1] = np.nextafter(weights[-1], np.float32(9))
    np.savez(path, **tensors)


def _drop_a_tensor(path: Path) -> None:
    with np.load(path) as stored:
        tensors: Any = {name: stored[name] for name in stored.files if name != "network/w"}
    np.savez(path, **tensors)


def _edit(**values: Any) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return edit


DAMAGES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "tensors cut": (f"{NEWEST}.npz", cut, "not a zip file"),
    "tensors gone": (f"{NEWEST}.npz", Path.unlink, "No such file"),
    "tensors empty": (f"{NEWEST}.npz", _write(""), ""),
    "one bit": (f"{NEWEST}.npz", _flip_a_bit, "network/w"),
    "one weight": (f"{NEWEST}.npz", _change_a_weight, "network/w is not what was saved"),
    "one tensor less": (f"{NEWEST}.npz", _drop_a_tensor, "network/w is not what was saved"),
    "manifest cut": (f"{NEWEST}.json", cut, "not JSON"),
    "manifest empty": (f"{NEWEST}.json", _write(""), "not JSON"),
    "no object": (f"{NEWEST}.json", _write("[]"), "not a JSON obj"),
    "bare": (f"{NEWEST}.json", _write("{}"), "epoch"),
    "another place": (f"{NEWEST}.json", _edit(epoch=4), "epoch 4, step 0"),
    "endless": (f"{NEWEST}.json", _edit(epoch=10**18), "epoch 1000000000000000000"),
    "steps that were not": (f"{NEWEST}.json", _edit(step=5), "epoch 3, step 5"),
    "fewer rows": (f"{NEWEST}.json", _edit(epochs=[]), "with 0 epochs"),
    "rows of nothing": (f"{NEWEST}.json", _edit(epochs=[{}, {}]), "not the manifest"),
    "no clock": (f"{NEWEST}.json", _edit(seconds={}), "'run'"),
    "time in words": (f"{NEWEST}.json", _edit(seconds={RUN_SECONDS: "long"}), "seconds is"),
    "tensors by number": (f"{NEWEST}.json", _edit(tensors=[1]), "not the manifest"),
    "no settings": (f"{NEWEST}.json", _edit(settings=3), "not the manifest"),
    "best elsewhere": (f"{NEWEST}.json", _edit(best={"epoch": "../x", "tensors": {}}), "../x"),
    "best at no epoch": (f"{NEWEST}.json", _edit(best={"epoch": None}), "not the manifest"),
    "best of no kind": (f"{NEWEST}.json", _edit(best="2"), "not the manifest"),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_the_checkpoint_before_a_damaged_one_is_used_and_the_damage_told(
    directory: RunDirectory, case: str
) -> None:
    name, hurt, reason = DAMAGES[case]
    save_epoch(directory, 2, 6)
    save_epoch(directory, 3)
    hurt(directory.checkpoints / name)
    loaded, damaged = load_checkpoint(directory)

    assert loaded is not None
    assert loaded.place == Place(2, 6)
    [problem] = damaged
    assert re.match(rf"{directory.checkpoints / name}(:\d+)?: damaged: ", problem)
    assert reason in problem


@pytest.mark.parametrize(
    ("hurt", "reason"),
    [(Path.unlink, "No such file"), (_change_a_weight, "network/w is not what was saved")],
)
def test_a_damaged_best_network_is_lost_alone_where_the_training_does_not_stand_at_it(
    directory: RunDirectory, hurt: Callable[[Path], None], reason: str
) -> None:
    save_epoch(directory, 2)
    saved = save_epoch(directory, 3, 5)
    path = directory.checkpoints / "best-0002.npz"
    hurt(path)
    loaded, [note] = load_checkpoint(directory)

    assert loaded is not None
    assert (loaded.place, loaded.best) == (saved.place, None)
    assert hash_tensors(loaded.state) == hash_tensors(saved.state)
    assert note.startswith(f"{path}: damaged: ")
    assert reason in note
    assert note.endswith("; the run goes on without the network of its best epoch")


def test_a_damaged_best_network_at_which_the_training_stands_costs_its_checkpoint(
    directory: RunDirectory,
) -> None:
    save_epoch(directory, 2, 6)
    saved = save_epoch(directory, 3)
    state = {name: saved.state[name] for name in saved.state if not name.startswith("network/")}
    save_checkpoint(directory, replace(saved, state=state), keep=2)
    _change_a_weight(directory.checkpoints / "best-0002.npz")
    loaded, [note] = load_checkpoint(directory)

    assert loaded is not None
    assert loaded.place == Place(2, 6)
    assert "best-0002.npz: damaged: network/w is not what was saved; the checkpoint bef" in note


def test_where_all_are_damaged_each_is_named(directory: RunDirectory) -> None:
    save_epoch(directory, 2)
    save_epoch(directory, 3)
    for path in directory.checkpoints.glob("epoch-*.npz"):
        cut(path)

    with pytest.raises(RunDirectoryError, match="no checkpoint is whole; train it anew") as raised:
        load_checkpoint(directory)
    assert [f"epoch-000{number}" in str(raised.value) for number in (1, 2, 3)] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("keep", [1, 2])
def test_a_damaged_one_of_a_later_place_never_pushes_a_whole_one_out(
    directory: RunDirectory, keep: int
) -> None:
    save_epoch(directory, 2, keep=3)
    save_epoch(directory, 3, keep=3)
    cut(directory.checkpoints / f"{NEWEST}.npz")
    save_epoch(directory, 2, 5, keep=keep)

    assert place_to_go_on(directory) == (Place(2, 5), 0)
    assert len(list_manifests(directory)) == keep


class _Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self._path,))


def test_pickles_are_refused_unopened(directory: RunDirectory, tmp_path: Path) -> None:
    save_epoch(directory, 2)
    save_epoch(directory, 3)
    with np.load(directory.checkpoints / f"{NEWEST}.npz") as stored:
        tensors: Any = dict(stored)
    tensors["network/w"] = np.array([_Bomb(tmp_path / "went off")], dtype=object)
    np.savez(directory.checkpoints / f"{NEWEST}.npz", **tensors)
    _, [problem] = load_checkpoint(directory)

    assert "allow_pickle=False" in problem
    assert not (tmp_path / "went off").exists()


def test_names_that_lead_out_of_the_run_read_nothing_there(
    directory: RunDirectory, tmp_path: Path
) -> None:
    save_epoch(directory, 2)
    save_epoch(directory, 3)
    np.savez(tmp_path / "secret.npz", w=np.ones(3))
    hashes = hash_tensors({"w": np.ones(3)})
    for epoch in ("../../secret", str(tmp_path / "secret")):
        _edit(best={"epoch": epoch, "tensors": hashes})(directory.checkpoints / f"{NEWEST}.json")
        assert place_to_go_on(directory) == (Place(2, 0), 1)
    manifest = directory.checkpoints / f"{NEWEST}.json"
    shutil.move(manifest, tmp_path / "elsewhere.json")
    manifest.symlink_to(tmp_path / "elsewhere.json")
    _, [problem] = load_checkpoint(directory)
    assert "a link that leads out of the run" in problem
