"""A run directory, or an image, that is not there any more, or not as it was."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from dropstudy.errors import DataError, RunDirectoryError, StorageError
from dropstudy.imaging.arrays import to_bytes
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.store import load_run
from tests.cli.calls import call
from tests.faults.acting import MEASURED, Culprit, attempt, go_on, leftovers, new_directory, rows
from tests.faults.disks import Disk, heeds_permissions
from tests.training.tiny import tiny_experiment, waves

Rows = list[dict[str, float]]


@pytest.mark.parametrize("above", [False, True], ids=["the run", "the runs directory"])
def test_a_folder_that_is_renamed_away_is_named_and_the_run_goes_on_once_it_is_back(
    above: bool, undisturbed: Rows, tmp_path: Path
) -> None:
    experiment = tiny_experiment(tmp_path, **MEASURED)
    directory = new_directory(tmp_path / "runs", experiment)
    folder = directory.path.parent if above else directory.path
    away = tmp_path / "away"
    message = (
        rf"^{re.escape(str(directory.path))}/checkpoints/best-0002\.npz: cannot be written: "
        "No such file or directory; its folder is gone; bring it back$"
    )
    with pytest.raises(StorageError, match=message):
        attempt(experiment, directory, Culprit(act=lambda: _move(folder, away), at=(2, 1)))
    assert not folder.exists(), "nothing is written where the folder was"

    away.rename(folder)
    assert load_run(directory.path).status == "crashed"
    result, _ = go_on(directory)
    assert (result.status, rows(directory)) == ("finished", undisturbed)


def test_a_run_that_is_deleted_as_it_trains_ends_and_is_not_half_made_again(tmp_path: Path) -> None:
    experiment = tiny_experiment(tmp_path, **MEASURED)
    directory = new_directory(tmp_path / "runs", experiment)
    with pytest.raises(StorageError, match="its folder is gone; bring it back"):
        attempt(experiment, directory, Culprit(act=lambda: shutil.rmtree(directory.path)))
    assert list((tmp_path / "runs").iterdir()) == []
    with pytest.raises(RunDirectoryError, match="not a run directory"):
        load_run(directory.path)


def test_a_disk_that_turns_read_only_ends_the_run_which_goes_on_later(
    disk: Disk, undisturbed: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = tiny_experiment(tmp_path, **MEASURED)
    directory = new_directory(disk.path, experiment)
    culprit = Culprit(act=lambda: _remount(disk, "ro"), at=(2, 1))
    message = "cannot be written: Read-only file system; make its folder writable again"
    with pytest.raises(StorageError, match=rf"/best-0002\.npz: {message}"):
        attempt(experiment, directory, culprit, held=False)  # an open file would forbid it
    with pytest.raises(StorageError, match=rf"/process\.json: {message}"):
        go_on(directory)
    with pytest.raises(RunDirectoryError, match="cannot make a run directory here: Read-only"):
        new_directory(disk.path, experiment)
    assert directory.path.name in call(capsys, "list", "--runs-dir", disk.path).stdout
    assert "epochs      1 of 3 so far" in call(capsys, "show", directory.path).stdout

    _remount(disk, "rw")
    result, _ = go_on(directory)
    assert (result.status, rows(directory)) == ("finished", undisturbed)


def test_a_folder_that_may_not_be_written_any_more_ends_the_run_which_goes_on_later(
    undisturbed: Rows, tmp_path: Path
) -> None:
    if not heeds_permissions(tmp_path):
        pytest.skip("permissions mean nothing to this user")
    experiment = tiny_experiment(tmp_path, **MEASURED)
    directory = new_directory(tmp_path / "runs", experiment)
    culprit = Culprit(act=lambda: directory.checkpoints.chmod(0o555), at=(2, 1))
    message = r"/best-0002\.npz: cannot be written: Permission denied; make its folder writable"
    with pytest.raises(StorageError, match=message):
        attempt(experiment, directory, culprit)

    directory.checkpoints.chmod(0o755)
    result, _ = go_on(directory)
    assert (result.status, rows(directory)) == ("finished", undisturbed)


FILE_FOR_FOLDER = "a file stands in the place of its folder; move it away"


@pytest.mark.parametrize(
    ("place", "replace", "message"),
    [
        ("samples", lambda path: path.write_text("?"), f"Not a directory; {FILE_FOR_FOLDER}"),
        ("images", lambda path: path.write_text("?"), "File exists; a file stands in its place"),
        ("model.keras", Path.mkdir, "Is a directory; a folder stands in its place; move it away"),
    ],
)
def test_what_stands_in_a_files_place_is_told_and_the_run_goes_on_without_it(
    place: str,
    replace: Callable[[Path], object],
    message: str,
    undisturbed: Rows,
    tmp_path: Path,
) -> None:
    experiment = tiny_experiment(tmp_path, **MEASURED)
    directory = new_directory(tmp_path / "runs", experiment)
    path, away = directory.path / place, tmp_path / "away"

    def put() -> None:
        if path.exists():
            path.rename(away)
        replace(path)

    with pytest.raises(StorageError, match=rf"{place}\S*: cannot be written: {message}"):
        attempt(experiment, directory, Culprit(act=put))

    path.rename(tmp_path / "moved")
    if away.exists():
        away.rename(path)
    result, _ = go_on(directory)
    assert (result.status, rows(directory)) == ("finished", undisturbed)
    assert leftovers(directory) == []


def test_an_image_that_vanishes_stops_no_training_but_its_resumption(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for index, pixels in enumerate(to_bytes(waves(6))):
        Image.fromarray(pixels).save(images / f"{index}.png")
    data = {"kind": "folder", "path": str(images), "patch_size": 16}
    experiment = tiny_experiment(tmp_path, **(MEASURED | {"data": data}))
    whole = new_directory(tmp_path / "whole", experiment)
    attempt(experiment, whole)

    directory = new_directory(tmp_path / "runs", experiment)
    away = tmp_path / "away.png"
    culprit = Culprit(act=lambda: _move(images / "3.png", away), at=(1, 1), interrupt_after=2)
    assert attempt(experiment, directory, culprit).status == "interrupted"
    assert rows(directory) == rows(whole)[:2]
    before = _contents(directory)
    name = directory.path.name
    told = rf"^{images}: the images are not those that {name} began with: without 3\.png; bring"
    with pytest.raises(DataError, match=told):
        go_on(directory)
    Image.new("RGB", (16, 16)).save(images / "3.png")
    with pytest.raises(DataError, match="began with: some have changed; bring them back"):
        go_on(directory)
    assert _contents(directory) == before

    away.replace(images / "3.png")
    result, _ = go_on(directory)
    assert (result.status, rows(directory)) == ("finished", rows(whole))


def _move(path: Path, target: Path) -> None:
    path.rename(target)


def _remount(disk: Disk, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(disk.path)], check=True)


def _contents(directory: RunDirectory) -> dict[str, bytes]:
    """Every file but the one that says which process looked at it last."""
    return {
        path.name: path.read_bytes()
        for path in directory.path.rglob("*")
        if path.is_file() and path != directory.process
    }
