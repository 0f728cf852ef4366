import json
import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.manifests import list_manifests
from dropstudy.runs.records import EpochRecord
from dropstudy.verification.sameness import Difference, find_difference, is_compared
from tests.training.tiny import run, tiny_experiment

Copy = Callable[[], RunDirectory]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """Three epochs, the checkpoints of all of them."""
    folder = tmp_path_factory.mktemp("original")
    experiment = tiny_experiment(
        folder,
        training={"epochs": 3},
        dropout={"head": {"kind": "dropout", "rate": 0.2}},
        recovery={"keep": 9, "every_steps": 1},
    )
    return run(folder, experiment)[1]


@pytest.fixture
def copy(original: RunDirectory, tmp_path: Path) -> Copy:
    """Makes a copy of it."""
    count = 0

    def make() -> RunDirectory:
        nonlocal count
        count += 1
        return RunDirectory(shutil.copytree(original.path, tmp_path / str(count) / "copy"))

    return make


def _edit_lines(path: Path, number: int, **values: Any) -> None:
    lines = path.read_text().splitlines()
    lines[number] = json.dumps({**json.loads(lines[number]), **values})
    path.write_text("".join(f"{line}\n" for line in lines))


def _flip_a_bit_of_a_hash(directory: RunDirectory, stem: str, tensor: str) -> None:
    path = directory.checkpoints / f"{stem}.json"
    manifest = json.loads(path.read_text())
    digest = bytearray.fromhex(manifest["tensors"][tensor])
    digest[7] ^= 1
    manifest["tensors"][tensor] = digest.hex()
    path.write_text(json.dumps(manifest))


def _a_tensor(directory: RunDirectory, words: str) -> str:
    newest = json.loads(list_manifests(directory)[0].read_text())
    return next(str(name) for name in newest["tensors"] if words in name)


def test_a_copy_is_the_same(original: RunDirectory, copy: Copy) -> None:
    assert find_difference(original, copy()) is None


def test_what_measures_the_machine_may_differ_and_nothing_else() -> None:
    columns = {field.name for field in fields(EpochRecord)}

    assert {column for column in columns if not is_compared(column)} == {
        *(f"{part}_seconds" for part in ("train", "val", "other", "first_step", "wait", "step")),
        *("images_per_second", "peak_memory_bytes", "peak_gpu_memory_bytes"),
    }


def test_other_times_are_no_difference(original: RunDirectory, copy: Copy) -> None:
    other = copy()
    _edit_lines(other.epochs, 1, train_seconds=99.0, peak_memory_bytes=1, images_per_second=0.5)

    assert find_difference(original, other) is None


@pytest.mark.parametrize("words", ["optimizer/iteration", "optimizer/", "progress/losses"])
@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_one_bit_of_a_tensor_is_found_with_its_epoch_and_name(
    original: RunDirectory, copy: Copy, epoch: int, words: str
) -> None:
    for swap in (False, True):
        other, name = copy(), _a_tensor(original, words)
        _flip_a_bit_of_a_hash(other, f"epoch-000{epoch + 1}-step-000000", name)
        pair = (other, original) if swap else (original, other)
        difference = find_difference(*pair)

        assert difference is not None
        assert (difference.epoch, difference.what) == (epoch, name)
        assert str(difference).startswith(f"epoch {epoch}: {name}: ")


def test_one_bit_of_the_best_network_is_found(original: RunDirectory, copy: Copy) -> None:
    other = copy()
    path = other.checkpoints / "epoch-0003-step-000000.json"
    manifest = json.loads(path.read_text())
    name = next(name for name in manifest["best"]["tensors"] if "kernel" in name)
    manifest["best"]["tensors"][name] = "0" * 64
    path.write_text(json.dumps(manifest))
    difference = find_difference(original, other)

    assert difference is not None
    assert (difference.epoch, difference.what) == (2, f"best {name}")


def test_a_tensor_that_only_one_has_is_a_difference(original: RunDirectory, copy: Copy) -> None:
    other = copy()
    path = other.checkpoints / "epoch-0002-step-000000.json"
    manifest = json.loads(path.read_text())
    name = next(name for name in manifest["tensors"] if name.startswith("optimizer/"))
    hashed = manifest["tensors"].pop(name)
    path.write_text(json.dumps(manifest))

    assert find_difference(original, other) == Difference(1, name, (hashed, None))
    assert find_difference(other, original) == Difference(1, name, (None, hashed))


@pytest.mark.parametrize("column", [f.name for f in fields(EpochRecord) if is_compared(f.name)])
def test_the_last_digit_of_a_number_of_an_epoch_is_found(
    original: RunDirectory, copy: Copy, column: str
) -> None:
    other = copy()
    value = json.loads(other.epochs.read_text().splitlines()[1])[column]
    changed = value + 1 if isinstance(value, int) else value * (1 + 2**-52)
    _edit_lines(other.epochs, 1, **{column: changed})
    difference = find_difference(original, other)

    assert difference == Difference(2, column, (value, changed))
    assert str(value) in str(difference)
    assert str(changed) in str(difference)


def test_the_earlier_of_two_differences_is_named(original: RunDirectory, copy: Copy) -> None:
    other = copy()
    _edit_lines(other.epochs, 0, val_loss=9.0)
    _flip_a_bit_of_a_hash(other, "epoch-0003-step-000000", "progress/losses")
    difference = find_difference(original, other)
    assert difference is not None
    assert (difference.epoch, difference.what) == (1, "val_loss")

    other = copy()
    _edit_lines(other.epochs, 2, val_loss=9.0)
    _flip_a_bit_of_a_hash(other, "epoch-0003-step-000000", "progress/losses")
    difference = find_difference(original, other)
    assert difference is not None
    assert (difference.epoch, difference.what) == (2, "progress/losses")


def test_an_epoch_less_is_a_difference(original: RunDirectory, copy: Copy) -> None:
    other = copy()
    lines = other.epochs.read_text().splitlines()[:2]
    other.epochs.write_text("".join(f"{line}\n" for line in lines))
    assert find_difference(original, other) == Difference(3, "rows", (3, 2))

    list_manifests(other)[0].unlink()
    for pair, kept in (((other, original), "missing"), ((original, other), "kept")):
        difference = find_difference(*pair)
        assert difference is not None
        assert (difference.epoch, difference.what) == (3, "the checkpoint at its end")
        assert difference.values[0] == kept


def test_the_weights_of_the_saved_model_are_compared(original: RunDirectory, copy: Copy) -> None:
    other = copy()
    network = keras.models.load_model(other.model)
    weights = network.get_weights()
    weights[0].flat[0] = np.nextafter(weights[0].flat[0], np.float32(9))
    network.set_weights(weights)
    network.save(other.model)
    difference = find_difference(original, other)
    assert difference is not None
    assert (difference.epoch, difference.what) == (None, "model.keras")

    other.model.write_bytes(other.model.read_bytes()[:500])
    with pytest.raises(RunDirectoryError, match=r"model\.keras: damaged: "):
        find_difference(original, other)


@pytest.mark.parametrize(("number", "part"), [(0, "validation"), (1, "test")])
def test_an_images_score_is_found(
    original: RunDirectory, copy: Copy, number: int, part: str
) -> None:
    other = copy()
    row = json.loads(other.image_scores.read_text().splitlines()[number])
    _edit_lines(other.image_scores, number, psnr=row["psnr"] + 1e-9)
    difference = find_difference(original, other)

    assert difference is not None
    assert (difference.epoch, difference.what) == (None, f"{part} image {row['image']}, psnr")
    assert str(difference).startswith(f"at the end: {part} image {row['image']}, psnr: ")


def test_a_test_score_and_the_status_are_compared(original: RunDirectory, copy: Copy) -> None:
    other, result = copy(), json.loads(original.result.read_text())
    ssim = result["test"]["ssim"]
    other.result.write_text(json.dumps({**result, "test": {**result["test"], "ssim": 0.5}}))
    assert find_difference(original, other) == Difference(None, "test ssim", (ssim, 0.5))

    other.result.write_text(json.dumps({**result, "status": "interrupted"}))
    difference = find_difference(original, other)
    assert difference == Difference(None, "status", ("finished", "interrupted"))


def test_runs_of_two_seeds_differ_from_their_first_epoch_on(
    original: RunDirectory, tmp_path: Path
) -> None:
    other = tiny_experiment(tmp_path, seed=1, training={"epochs": 3}, recovery={"keep": 9})
    difference = find_difference(original, run(tmp_path, other)[1])

    assert difference is not None
    assert difference.epoch == 1
