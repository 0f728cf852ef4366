import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from dropstudy.errors import RunDirectoryError, StorageError
from dropstudy.runs.directory import RunDirectory, append_line, write_json, write_text


def test_a_run_directory_is_new_each_time_and_named_by_run_day_and_id(tmp_path: Path) -> None:
    runs = tmp_path / "not" / "yet" / "there"
    directories = [RunDirectory.create(runs, "unet") for _ in range(20)]
    assert len({directory.path for directory in directories}) == 20
    for directory in directories:
        name = re.fullmatch(r"unet-(\d{8})-[0-9a-f]{6}", directory.path.name)
        assert name
        assert abs(datetime.strptime(name[1], "%Y%m%d") - datetime.now()).days <= 1
        assert directory.path.parent == runs
        assert sorted(path.name for path in directory.path.iterdir()) == ["checkpoints", "samples"]


def test_the_files_have_the_names_of_the_contract(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    paths = [run.config, run.environment, run.epochs, run.epochs_table, run.model, run.result]
    paths += [run.settings, run.image_scores, run.images, run.process, run.checkpoints]
    paths += [run.log, run.final_samples, run.epoch_samples(5), run.epoch_samples(12345)]
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "config.yaml",
        "environment.json",
        "epochs.jsonl",
        "epochs.csv",
        "model.keras",
        "result.json",
        "config.json",
        "images.jsonl",
        "images",
        "process.json",
        "checkpoints",
        "log.txt",
        "samples/final.png",
        "samples/epoch-0005.png",
        "samples/epoch-12345.png",
    ]


def test_a_place_that_cannot_hold_runs_is_named_with_the_way_out(tmp_path: Path) -> None:
    runs = tmp_path / "file"
    runs.write_text("in the way")
    with pytest.raises(RunDirectoryError, match=rf"^{runs}: cannot .*; name another with --runs-"):
        RunDirectory.create(runs, "unet")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_may_not_be_written_is_named_with_the_way_out(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(RunDirectoryError, match=r"Permission denied; name another with --runs-dir"):
        RunDirectory.create(tmp_path, "unet")


def test_a_text_is_written_as_it_is_and_replaces_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for text in ("first, long\n" * 100, "Größe: 4×4\r\n"):
        write_text(path, text)
        assert path.read_bytes() == text.encode()
    assert list(tmp_path.iterdir()) == [path]


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """As on a disk that is nearly full."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_text_that_cannot_be_written_leaves_the_old_one_and_no_part_of_the_new(
    tmp_path: Path,
) -> None:
    path = tmp_path / "result.json"
    write_text(path, "old")
    with (
        _files_of_at_most(1000),
        pytest.raises(
            StorageError, match=rf"^{path}: cannot be written: File too large; free some"
        ),
    ):
        write_text(path, "new" * 1000)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_text_cannot_replace_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.mkdir()
    with pytest.raises(StorageError, match=rf"^{path}: cannot be written: Is a directory"):
        write_text(path, "text")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", [write_text, append_line])
def test_a_folder_that_is_gone_is_named(write: Callable[[Path, str], None], tmp_path: Path) -> None:
    path = tmp_path / "gone" / "a.txt"
    with pytest.raises(
        StorageError, match=rf"^{path}: cannot be written: No such .*; its folder is gone"
    ):
        write(path, "text")


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "a.txt"
    with pytest.raises(StorageError, match=rf"^{path}: cannot be written: Not a directory"):
        write_text(path, "text")


def test_json_has_null_for_numbers_that_are_not_finite(tmp_path: Path) -> None:
    content = {"a": float("nan"), "b": [1.5, float("inf")], "c": {"d": (-float("inf"), "µ", None)}}
    write_json(tmp_path / "a.json", content)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"a": None, "b": [1.5, None], "c": {"d": [None, "µ", None]}}
    assert text.endswith("}\n")
    assert "µ" in text


def test_json_can_hold_file_names_that_are_no_utf_8(tmp_path: Path) -> None:
    """They come in by the command line and by folders of images."""
    write_json(tmp_path / "a.json", {"command": [os.fsdecode(b"caf\xe9.yaml")]})
    assert "caf" in json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["command"][0]


def test_lines_are_added_one_by_one(tmp_path: Path) -> None:
    for text in ("one", "two×2"):
        append_line(tmp_path / "a.jsonl", text)
    assert (tmp_path / "a.jsonl").read_bytes() == "one\ntwo×2\n".encode()


def test_a_run_directory_appears_with_its_first_files_or_not_at_all(tmp_path: Path) -> None:
    directory = RunDirectory.create(tmp_path, "unet", files={"config.yaml": "name: unet\n"})
    assert directory.config.read_text() == "name: unet\n"
    with (
        _files_of_at_most(4),
        pytest.raises(RunDirectoryError, match=r"cannot make a run directory .*: File too large"),
    ):
        RunDirectory.create(tmp_path, "unet", files={"config.yaml": "name: unet\n"})
    assert list(tmp_path.iterdir()) == [directory.path]


def test_a_line_is_added_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    append_line(path, "one")
    with _files_of_at_most(6), pytest.raises(StorageError, match="File too large"):
        append_line(path, "a second line")
    assert path.read_bytes() == b"one\n"
