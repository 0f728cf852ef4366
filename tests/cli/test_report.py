import shlex
from pathlib import Path

import pytest

from dropstudy.errors import ConfigError, RunDirectoryError
from tests.analysis.runs import SPATIAL, make_arm
from tests.cli.calls import call
from tests.cli.commands import dropstudy


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A directory of two arms of two seeds."""
    make_arm(tmp_path / "runs", "plain", [26.0, 27.0])
    make_arm(tmp_path / "runs", "spatial", [26.2, 27.1], dropout=SPATIAL)
    return tmp_path / "runs"


def test_it_writes_the_file_and_says_where_and_how_large(runs: Path, tmp_path: Path) -> None:
    words = ["report", "plain-0", "spatial-0", "-o", "a [new] page.html"]
    done = dropstudy(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "a [new] page.html"
    size = path.stat().st_size / 1e6
    assert done.stdout == f"wrote a [new] page.html ({size:.1f} MB); open it in a browser\n"
    text = path.read_text(encoding="utf-8")
    assert "<h1>spatial against plain</h1>" in text
    assert shlex.join(["dropstudy", *words]).replace("'", "&#39;") in text

    path.write_text("mine\n", encoding="utf-8")
    again = dropstudy(*words, cwd=tmp_path)
    assert again.returncode == 2
    assert again.stderr.startswith("error: a [new] page.html: is there already and no report")
    assert path.read_text(encoding="utf-8") == "mine\n"


def test_without_a_name_it_is_report_html_here(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    call(capsys, "report", "plain-0")
    assert "<h1>plain</h1>" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_its_help_says_what_a_reader_of_the_file_will_learn() -> None:
    words = " ".join(dropstudy("report", "--help").stdout.split())
    assert "It holds every run's whole command line and config, absolute paths among them." in words


def test_its_options_are_those_of_compare(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "page.html"
    names = [runs / f"{arm}-{seed}" for arm in ("plain", "spatial") for seed in (0, 1)]
    call(capsys, "report", *names, "-o", path, "--baseline", names[2], "--metric", "test_psnr")
    text = path.read_text(encoding="utf-8")
    assert "<h1>plain against spatial</h1>" in text
    assert "<span>by test PSNR</span>" in text
    call(capsys, "report", *names, "-o", path, "--margin", "0.7", "--group-by", "dropout.skip.kind")
    assert "±0.7 dB" in path.read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match="metric: got psnr; give one of val_psnr"):
        call(capsys, "report", *names, "-o", path, "--metric", "psnr")


def test_a_place_or_a_run_that_is_not_there_is_named(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RunDirectoryError, match=r"none/page\.html: cannot be written: No such"):
        call(capsys, "report", runs / "plain-0", "-o", tmp_path / "none" / "page.html")
    with pytest.raises(RunDirectoryError, match="plane-0: neither a run directory nor a run"):
        call(capsys, "report", "plane-0", "--runs-dir", runs)
