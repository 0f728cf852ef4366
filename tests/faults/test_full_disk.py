"""No space left: which file it strikes, what is said of it, and that nothing is lost."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from dropstudy.errors import StorageError
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.store import load_run
from tests.cli.calls import call
from tests.faults.acting import MEASURED, Culprit, attempt, go_on, leftovers, new_directory, rows
from tests.faults.disks import Disk, longest_file
from tests.training.tiny import tiny_experiment


@dataclass(frozen=True)
class Struck:
    """A file that the full disk strikes.

    Attributes:
        file: Which, from the run directory, as a pattern.
        on_disk: What of the run lies on the small disk; all, where nothing is named.
        elsewhere: What does not.
        at: After which step, or epoch, the disk is filled.
        epochs: That are finished by then.
    """

    file: str
    on_disk: str = ""
    elsewhere: tuple[str, ...] = ()
    at: tuple[int, int] | int = (2, 1)
    epochs: int = 1


STRUCK = [
    Struck("checkpoints/best-0002.npz", on_disk="checkpoints"),
    Struck("model.keras", elsewhere=("checkpoints",)),
    Struck("samples/epoch-0002.png", on_disk="samples"),
    Struck("samples/final.png", on_disk="samples", at=3, epochs=3),
    Struck(r"images/validation-000-.*-restored\.png", on_disk="images", at=3, epochs=3),
    Struck("images.jsonl", elsewhere=("samples", "images"), at=3, epochs=3),
]


def _lay_out(folder: Path, disk: Disk, struck: Struck) -> RunDirectory:
    """A run directory of which some folders lie on the small disk, and others do not."""
    experiment = tiny_experiment(folder, **MEASURED)
    directory = new_directory(folder / "runs" if struck.on_disk else disk.path, experiment)
    for name in filter(None, (struck.on_disk, *struck.elsewhere)):
        target = (disk.path if struck.on_disk else folder) / f"of-{name}"
        target.mkdir()
        link = directory.path / name
        if link.exists():
            link.rmdir()
        link.symlink_to(target)
    return directory


@pytest.mark.parametrize("struck", STRUCK, ids=lambda struck: struck.file)
def test_a_disk_that_fills_is_named_with_its_file_and_nothing_is_lost(
    struck: Struck,
    disk: Disk,
    undisturbed: list[dict[str, float]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    experiment, directory = tiny_experiment(tmp_path, **MEASURED), _lay_out(tmp_path, disk, struck)
    message = (
        rf"^{re.escape(str(directory.path))}/{struck.file}: cannot be written: "
        "No space left on device; free some space$"
    )
    with pytest.raises(StorageError, match=message):
        attempt(experiment, directory, Culprit(act=disk.fill, at=struck.at))

    assert rows(directory) == undisturbed[: struck.epochs]
    listed = call(capsys, "list", "--runs-dir", directory.path.parent)
    assert directory.path.name in listed.stdout
    assert f"dropstudy run --resume {directory.path}" in call(capsys, "show", directory.path).stdout

    disk.free()
    result, _ = go_on(directory)
    assert (result.status, rows(directory)) == ("finished", undisturbed)
    assert leftovers(directory) == []


def test_a_row_for_which_the_space_ends_in_its_middle_leaves_no_half_of_it(
    disk: Disk, tmp_path: Path
) -> None:
    # Only the first epoch writes a best network, so that the rows are all that grows on the disk:
    # its page of 4096 bytes holds six of them and a part of the seventh.
    standing_still = {"epochs": 9, "optimizer": {"kind": "sgd", "learning_rate": 1e-30}}
    experiment = tiny_experiment(tmp_path, training=standing_still)
    directory = new_directory(disk.path, experiment)
    directory.checkpoints.rmdir()
    (tmp_path / "checkpoints").mkdir()
    directory.checkpoints.symlink_to(tmp_path / "checkpoints")
    with pytest.raises(StorageError, match=r"/epochs\.jsonl: cannot be written: No space left"):
        attempt(experiment, directory, Culprit(act=disk.fill, at=2))
    assert [row["epoch"] for row in rows(directory)] == list(range(1, len(rows(directory)) + 1))
    assert 2 < len(rows(directory)) < 9
    assert directory.epochs.read_bytes().endswith(b"}\n")

    disk.free()
    go_on(directory)
    assert [row["epoch"] for row in rows(directory)] == list(range(1, 10))


def test_an_interrupted_run_whose_result_finds_no_space_is_gone_on_with(
    disk: Disk, undisturbed: list[dict[str, float]], tmp_path: Path
) -> None:
    experiment = tiny_experiment(tmp_path, **MEASURED)
    directory = new_directory(disk.path, experiment)
    culprit = Culprit(act=disk.fill, at=1, interrupt_after=1)
    with pytest.raises(StorageError, match=r"/result\.json: cannot be written: No space left"):
        attempt(experiment, directory, culprit)
    assert not directory.result.exists()
    assert load_run(directory.path).status == "crashed"
    with pytest.raises(StorageError, match=r"/environment\.json: cannot be written: No space left"):
        go_on(directory)
    assert load_run(directory.path).resumes == []

    disk.free()
    result, witness = go_on(directory)
    assert any("epoch 2" in note for note in witness.notes)
    assert (result.status, rows(directory)) == ("finished", undisturbed)


@pytest.mark.parametrize(
    ("most_bytes", "file"), [(5_000, r"checkpoints/best-0001\.npz"), (40_000, r"model\.keras")]
)
def test_a_limit_on_the_length_of_files_is_told_like_a_full_disk(
    most_bytes: int, file: str, undisturbed: list[dict[str, float]], tmp_path: Path
) -> None:
    experiment = tiny_experiment(tmp_path, **MEASURED)
    directory = new_directory(tmp_path / "runs", experiment)
    message = rf"{file}: cannot be written: File too large; free some space, or raise"
    with longest_file(most_bytes), pytest.raises(StorageError, match=message):
        attempt(experiment, directory)

    result, _ = go_on(directory)
    assert (result.status, rows(directory)) == ("finished", undisturbed)
    assert leftovers(directory) == []
