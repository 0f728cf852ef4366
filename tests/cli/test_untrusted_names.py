"""Names that others chose, of directories, experiments, methods and images."""

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from dropstudy.runs.directory import write_json
from tests.analysis.runs import SPATIAL, make_image, make_run
from tests.cli.calls import call, on_a_terminal
from tests.cli.commands import dropstudy

EVIL = "e\x1b]0;pwned\x07\x1b[31m\nsecond"
SHOWN = r"e\x1b]0;pwned\x07\x1b[31m\nsecond"
UNDECODABLE = os.fsdecode(b"caf\xe9-0")
REPLACED = "caf\N{REPLACEMENT CHARACTER}-0"


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two arms whose every name is a command to the terminal."""
    folder = tmp_path_factory.mktemp("evil")
    for name, dropout in (("plain", None), ("spatial", SPATIAL)):
        run = make_run(folder / f"{name}-0", dropout=dropout, images=[make_image(EVIL, 25.0)])
        write_json(run.directory.settings, {**run.settings, "name": f"{EVIL} {name}"})
        result = json.loads(run.directory.result.read_text(encoding="utf-8"))
        result["baselines"]["classical"]["method"] = EVIL
        write_json(run.directory.result, result)
    return folder


@pytest.fixture(scope="module")
def undecodable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs, one of them in a directory whose name is no UTF-8."""
    folder = tmp_path_factory.mktemp("runs")
    make_run(folder / UNDECODABLE, name="odd")
    make_run(folder / "plain-0")
    return folder


@pytest.mark.parametrize("options", [[], ["--md"]], ids=str)
def test_no_name_reaches_the_terminal_raw(
    evil: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, "compare", evil / "plain-0", evil / "spatial-0", *options)
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
    assert f"{SHOWN} spatial" in done.stdout
    assert "\nsecond" not in done.stdout


def test_one_arm_alone_is_told_of_a_method_without_obeying_it(
    evil: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, "compare", evil / "plain-0")
    assert "\x1b" not in done.stdout
    assert f"{SHOWN}: 26.00 dB PSNR" in done.stdout


def test_a_terminal_gets_its_colours_and_nothing_else_to_obey(evil: Path) -> None:
    lines = on_a_terminal(120, "compare", evil / "plain-0", evil / "spatial-0")
    assert not [line for line in lines if "\x1b" in line or "\x07" in line]
    assert f"Against {SHOWN} plain" in lines


def test_a_run_that_is_exported_is_named_without_obeying_it(
    evil: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorboardX")
    run = make_run(tmp_path / EVIL, name="plain")
    done = call(capsys, "export", run.directory.path, "--tensorboard", tmp_path / "board\x1b[2J")
    assert "\x1b" not in done.stdout
    first, *_ = done.stdout.splitlines()
    assert first.startswith(f"{SHOWN}  finished, 3 epochs  ")


def test_an_image_that_is_scored_is_named_without_obeying_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, level in (("clean", 100), ("restored", 101)):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (16, 16), (level,) * 3).save(tmp_path / folder / "a\x1b[31m\nb.png")
    folders = ("--restored", tmp_path / "restored", "--clean", tmp_path / "clean")
    done = call(capsys, "score", *folders)
    assert "\x1b" not in done.stdout
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[1] for row in rows if row[:1] == [r"a\x1b[31m\nb"]] == ["48.131"]
    assert r"1 image with a side under 176 pixels has no MS-SSIM: a\x1b[31m\nb" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        ["list"],
        ["list", "--json"],
        ["list", "--csv"],
        ["list", "--md"],
        ["show", UNDECODABLE],
        ["show", UNDECODABLE, "--json"],
        ["show", os.fsdecode(b"caf\xe9")],
        ["compare", UNDECODABLE, "plain-0"],
        ["compare", UNDECODABLE, "plain-0", "--md"],
        ["compare", UNDECODABLE, "plain-0", "--csv"],
        ["compare", UNDECODABLE, "plain-0", "--json"],
        ["compare", UNDECODABLE],
    ],
    ids=ascii,
)
def test_a_directory_that_is_no_utf_8_is_named_as_well_as_can_be(
    undecodable: Path, command: list[str]
) -> None:
    done = dropstudy(*command, "--runs-dir", undecodable)
    assert (done.returncode, done.stderr) == (0, "")
    assert REPLACED in done.stdout or "odd" in done.stdout
    assert "\udce9" not in done.stdout


def test_a_directory_that_is_no_utf_8_is_reported(undecodable: Path, tmp_path: Path) -> None:
    page = tmp_path / os.fsdecode(b"p\xe9ge.html")
    done = dropstudy("report", UNDECODABLE, "plain-0", "-o", page, "--runs-dir", undecodable)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"wrote {tmp_path}/p\\udce9ge.html (")
    assert REPLACED in page.read_text(encoding="utf-8")


def test_a_directory_that_is_no_utf_8_is_exported(undecodable: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    pytest.importorskip("mlflow")
    targets = ["--tensorboard", "board", "--mlflow", "mlruns"]
    for _ in range(2):
        done = dropstudy("export", undecodable / UNDECODABLE, *targets, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"{REPLACED}  finished, 3 epochs  board/{REPLACED}\n")
    assert (tmp_path / "board" / REPLACED).is_dir()
    assert len(list((tmp_path / "mlruns").glob("*/*/tags/dropstudy.run"))) == 1


def test_an_unknown_run_is_an_error_that_names_the_others(undecodable: Path) -> None:
    done = dropstudy("show", "none", "--runs-dir", undecodable)
    assert done.returncode == 2
    assert REPLACED in done.stderr
