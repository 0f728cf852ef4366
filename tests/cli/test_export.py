import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import ENVIRONMENT, dropstudy
from tests.exports.example_runs import example_epoch, write_run

WITHOUT = """
import sys
sys.modules[sys.argv.pop(1)] = None
from dropstudy.cli.app import main
main()
"""


def complete(words: str, cwd: Path) -> list[str]:
    """What bash offers for the last of ``words``, or for a new word after a space."""
    script = Path(sys.executable).with_name("dropstudy")
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    done = subprocess.run(
        [script],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **asked, "_DROPSTUDY_COMPLETE": "complete_bash"},
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_runs_appear_in_both_programs_each_once(tmp_path: Path) -> None:
    write_run(tmp_path / "runs" / "plain-1")
    write_run(tmp_path / "runs" / "plain-2", epochs=[example_epoch(1)], status=None)
    targets = ["--tensorboard", "my board", "--mlflow", "mlruns"]
    done = dropstudy("export", "plain-1", "runs/plain-1", "plain-2", *targets, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 6
    assert lines[0] == "plain-1  finished, 3 epochs  my board/plain-1"
    assert lines[1].startswith("plain-1  finished, 3 epochs  mlruns ")
    assert lines[2] == "plain-2  unfinished, 1 epoch  my board/plain-2"
    assert lines[4] == (
        "look at it with: tensorboard --logdir 'my board' (pip install tensorboard)"
    )
    assert lines[5].endswith("mlflow ui --backend-store-uri mlruns")
    assert {path.name for path in (tmp_path / "my board").iterdir()} == {"plain-1", "plain-2"}
    assert len(list((tmp_path / "mlruns").glob("*/*/tags/dropstudy.run"))) == 2


@pytest.mark.parametrize(
    ("module", "option"), [("tensorboardX", "tensorboard"), ("mlflow", "mlflow")]
)
def test_a_missing_extra_is_named_before_anything_is_written(
    tmp_path: Path, module: str, option: str
) -> None:
    write_run(tmp_path / "runs" / "plain-1")
    targets = ["--tensorboard", "board", "--mlflow", "mlruns"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, module, "export", "@latest", *targets],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=ENVIRONMENT,
        check=False,
    )
    expected = f"--{option} needs the extra '{option}': pip install 'dropstudy[{option}]'"
    assert (done.returncode, done.stderr) == (2, f"error: {expected}\n")
    assert not (tmp_path / "board").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "nowhere to export to: give --tensorboard DIR, --mlflow URI or both"),
        (
            ["--tensorboard", "board", "--with-model"],
            "--with-model is for MLflow alone: give --mlflow URI, or leave it out",
        ),
    ],
)
def test_options_that_make_no_sense_are_refused(
    tmp_path: Path, options: list[str], message: str
) -> None:
    done = dropstudy("export", "x", *options, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, f"error: {message}\n")


def test_two_runs_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_run(tmp_path / folder / "same")
    done = dropstudy("export", "a/same", "b/same", "--tensorboard", "board", cwd=tmp_path)
    assert done.returncode == 2
    paths = f"{tmp_path}/a/same and {tmp_path}/b/same"
    assert done.stderr.startswith(f"error: same: the name of two runs, {paths}; rename one")
    assert not (tmp_path / "board").exists()


def test_a_shell_completes_commands_options_and_names_of_runs(tmp_path: Path) -> None:
    assert sorted(complete("dropstudy exp", tmp_path)) == ["explain", "export"]
    assert complete("dropstudy export --t", tmp_path) == ["--tensorboard"]
    assert complete("dropstudy export ", tmp_path) == []
    for name in ("plain-1", "plain-2", "spatial-1"):
        write_run(tmp_path / "runs" / name)
    assert complete("dropstudy export pl", tmp_path) == ["plain-1", "plain-2"]
    assert complete("dropstudy export plain-1 @", tmp_path) == ["@latest"]
    elsewhere = f"dropstudy export --runs-dir {tmp_path / 'runs'} sp"
    assert complete(elsewhere, tmp_path / "runs") == ["spatial-1"]
