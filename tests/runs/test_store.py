import os
import re
from pathlib import Path

import pytest

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.store import find_run, find_runs, load_run
from tests.runs.written import write_run

NAMES = ("smoke-20260101-aaaaaa", "smoke-20260101-aabbbb", "unet-20260102-cccccc")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs, a folder and a file; the second was started last."""
    folder = tmp_path_factory.mktemp("runs")
    for name, hour in zip(NAMES, (5, 7, 6), strict=True):
        write_run(folder, name, started=f"2026-01-02T0{hour}:00:00+00:00")
    (folder / "notes").mkdir()
    (folder / "config.yaml.txt").touch()
    return folder


def test_all_runs_of_a_directory_are_found_by_name_and_nothing_else(runs: Path) -> None:
    assert [run.name for run in find_runs(runs)] == list(NAMES)


def test_a_run_that_is_being_made_is_not_found(tmp_path: Path) -> None:
    write_run(tmp_path, ".smoke-20260101-aaaaaa.new")
    write_run(tmp_path, "smoke-20260101-bbbbbb")
    assert [run.name for run in find_runs(tmp_path)] == ["smoke-20260101-bbbbbb"]


def test_no_directory_is_an_error_and_an_empty_one_is_not(tmp_path: Path) -> None:
    assert find_runs(tmp_path) == []
    with pytest.raises(RunDirectoryError, match=r"none: no runs can be read here: No such file"):
        find_runs(tmp_path / "none")
    with pytest.raises(RunDirectoryError, match=r"has no runs; name their directory with --runs-d"):
        find_run("smoke", tmp_path)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (NAMES[0], NAMES[0]),
        (f"{NAMES[0]}/", NAMES[0]),
        ("unet", NAMES[2]),
        ("smoke-20260101-aab", NAMES[1]),
        ("@latest", NAMES[1]),
    ],
)
def test_a_run_is_meant_by_its_name_its_beginning_or_latest(
    given: str, meant: str, runs: Path
) -> None:
    assert find_run(given, runs).name == meant


def test_a_run_is_meant_by_its_directory_wherever_it_lies(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = runs / NAMES[2]
    assert find_run(str(path), tmp_path).directory.path == path
    assert load_run(path).name == load_run(str(path)).name == NAMES[2]
    monkeypatch.chdir(path)
    assert find_run(".", tmp_path).name == NAMES[2]
    monkeypatch.chdir(path / "samples")
    assert find_run("..", tmp_path).name == NAMES[2]


def test_a_whole_name_is_meant_even_if_others_begin_with_it(tmp_path: Path) -> None:
    for name in ("a", "ab"):
        write_run(tmp_path, name)
    assert find_run("a", tmp_path).name == "a"


def test_a_beginning_of_several_lists_them(runs: Path) -> None:
    text = rf"^smoke: the beginning of 2 runs: {NAMES[0]}, {NAMES[1]}; give more of the name$"
    with pytest.raises(RunDirectoryError, match=text):
        find_run("smoke", runs)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("unet-20260102-cccccd", f"did you mean {NAMES[2]}?"),
        ("x", f"there are: {', '.join(NAMES)}"),
        ("x" * 300, f"there are: {', '.join(NAMES)}"),
        ("a\0b", f"there are: {', '.join(NAMES)}"),
    ],
    ids=["likely", "unlikely", "too long for a file", "no file's name"],
)
def test_a_name_of_no_run_gets_the_likely_one_or_those_there_are(
    given: str, hint: str, runs: Path
) -> None:
    text = f"{given}: neither a run directory nor a run in {runs}; {hint}"
    with pytest.raises(RunDirectoryError, match=f"^{re.escape(text)}$"):
        find_run(given, runs)


def test_a_directory_without_a_config_is_no_run(runs: Path) -> None:
    with pytest.raises(RunDirectoryError, match=r"notes: not a run directory: it has no config\."):
        load_run(runs / "notes")


def test_the_latest_is_found_beside_one_that_is_damaged_and_one_that_has_just_begun(
    tmp_path: Path,
) -> None:
    runs = [
        write_run(tmp_path, name, started=f"2026-01-02T03:04:0{second}+00:00")
        for second, name in enumerate(("begun", "damaged", "whole"))
    ]
    begun, damaged, whole = (run.directory for run in runs)
    damaged.environment.write_text("{")
    os.utime(damaged.config, (0, 0))
    assert find_run("@latest", tmp_path).name == whole.path.name
    begun.environment.unlink()  # its config was written just now
    assert find_run("@latest", tmp_path).name == begun.path.name
