import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from dropstudy.errors import ConfigError
from tests.cli.calls import call
from tests.cli.commands import ENVIRONMENT, command, dropstudy
from tests.config.experiments import CONFIGS
from tests.runs.timed import timed_arm, write_session

TINY = [
    *("--set", "architecture.filters=8"),
    *("--set", "architecture.depth=1"),
    *("--set", "dropout={encoder: {kind: dropout, rate: 0.1}}"),
    *("--set", "data.patch_size=16"),
    *("--set", "training.batch_size=2"),
    *("--set", "runtime.device=cpu"),
]
SMOKE = CONFIGS / "smoke.yaml"


def test_arms_are_timed_and_shown_again(tmp_path: Path) -> None:
    few = ("--vary", "dropout.spatial", "--repeat", "2", "--steps", "2")
    done = dropstudy("timing", SMOKE, *TINY, *few, "--timings-dir", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[1] == "arms        none; dropout; spatial"
    assert (
        lines[2] == "turns       2 rounds there and back, 2 steps a turn after 2 that do not count"
    )
    (path,) = tmp_path.iterdir()
    assert lines[3] == f"session     {path}"
    heading = next(place for place, line in enumerate(lines) if line.startswith("arm "))
    rows = [line.split()[0] for line in lines[heading + 1 : heading + 4]]
    assert rows == ["none", "dropout", "spatial"]
    assert "noise floor: none against itself " in done.stdout

    shown = dropstudy("timing", path)
    assert shown.stdout.splitlines() == lines[heading:]


def test_an_interrupt_leaves_what_there_is_and_says_where(tmp_path: Path) -> None:
    words = command("timing", SMOKE, *TINY, "--repeat", "100000", "--timings-dir", tmp_path)
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    try:
        while not list(tmp_path.glob("*/turns.jsonl")):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, errors) == (130, "")
    (path,) = tmp_path.iterdir()
    *_, interrupted, so_far = output.splitlines()
    assert interrupted == "interrupted; a session is never gone on with"
    assert so_far == f"so far      dropstudy timing {path}"


def test_a_session_is_shown_with_its_verdicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arms = [
        timed_arm("none", ""),
        timed_arm("dropout", dropout="dropout", layers=3, values=250_000),
        timed_arm("spatial", dropout="spatial", layers=3, values=250_000),
        timed_arm("none again"),
    ]
    steps = {"none": 0.100, "dropout": 0.150, "spatial": 0.101}
    write_session(tmp_path, steps, arms=arms)
    shown = call(capsys, "timing", tmp_path).stdout
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines[:4] == [
        "arm ms/step ratio share drift first step img/s s/epoch layers values/img",
        "none 100.0 ± 0.0 1 +0.0%, may be chance 1.5 s 40 1.0 0 0",
        "dropout 150.0 ± 0.0 1.50 [1.50, 1.50] 33% +0.0%, may be chance 1.5 s 27 1.5 3 250,000",
        "spatial 101.0 ± 0.0 1.01 [1.01, 1.01] 1% +0.0%, may be chance 1.5 s 40 1.0 3 250,000",
    ]
    assert "dropout 50.00 50.00 50.00 1" in lines  # ms for the million values of a batch of 4
    assert (
        "dropout is slower: 1.50 [1.50, 1.50] times the step of none; dropout takes 33% of its step"
        in lines
    )
    assert any(line.startswith("spatial costs no time that matters: 1.01") for line in lines)


def test_all_of_it_is_there_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_session(tmp_path, {"none": 0.1, "dropout": 0.15})
    content = json.loads(call(capsys, "timing", tmp_path, "--json").stdout)
    (contrast,) = content["contrasts"]
    assert contrast["verdict"] == "slower"
    assert contrast["ratio"] == pytest.approx(1.5)
    assert content["noise"]["arm"] == "none again"
    assert content["session"] == str(tmp_path)


def test_arms_can_be_held_against_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_session(tmp_path, {"none": 0.1, "dropout": 0.15})
    shown = call(capsys, "timing", tmp_path, "--baseline", "dropout").stdout
    assert "none is faster: 0.67 [0.67, 0.67] times the step of dropout" in shown


def test_a_session_is_not_measured_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_session(tmp_path, {"none": 0.1, "dropout": 0.15})
    with pytest.raises(ConfigError, match="is shown as it was measured"):
        call(capsys, "timing", tmp_path, "--repeat", "9")


def test_what_is_wrong_is_told_before_anything_is_made(tmp_path: Path) -> None:
    done = dropstudy("timing", SMOKE, "--vary", "dropout.spacial", "--timings-dir", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: --vary dropout.spacial: give dropout.KIND")
    assert not list(tmp_path.iterdir())
