"""Too little memory: real arrays that find no room, in TensorFlow and in NumPy."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropstudy.config import load_experiment
from dropstudy.errors import OutOfMemoryError
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.store import load_run
from tests.cli.calls import call
from tests.cli.commands import ENVIRONMENT
from tests.faults.acting import Culprit, attempt, new_directory, noted, rows
from tests.training.tiny import tiny_experiment

ROOT = Path(__file__).parents[2]
ADVICE = (
    "out of memory on the CPU; try a new run with training.batch_size={half} (now {batch}), "
    "runtime.precision=mixed_bfloat16 (now float32), a smaller data.patch_size (now 256) or "
    "fewer architecture.filters (now 16); recovery.out_of_memory=halve_batch starts over with "
    "half the batch by itself"
)

Jobs = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Jobs:
    """What came of each job of ``starved.py``, which runs in a process of its own."""
    if not Path("/proc/self/status").exists():
        pytest.skip("what a process uses is read from /proc")
    # Where something small finds no room, and not an array, TensorFlow ends the process.
    for attempt_number in range(3):
        folder = tmp_path_factory.mktemp(f"starved-{attempt_number}")
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.starved", folder],
            capture_output=True,
            text=True,
            cwd=ROOT,
            # Without oneDNN the system is asked for each array. Its own allocator waits for ten
            # seconds and may end the process, too.
            env={**ENVIRONMENT, "TF_ENABLE_ONEDNN_OPTS": "0"},
            timeout=240,
            check=False,
        )
        if done.returncode >= 0:
            break
    assert done.returncode == 0, done.stderr[-4000:]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {job.pop("job"): job for job in told}


def test_an_array_of_tensorflow_that_finds_no_room_stops_the_run_with_advice(jobs: Jobs) -> None:
    stopped = jobs["stopped"]
    assert stopped["cause"] == "ResourceExhaustedError"
    assert stopped["steps"] == [[1, 1]]
    assert stopped["error"] == ADVICE.format(half=9, batch=18)
    run = load_run(stopped["run"])
    assert (run.status, run.result["error"], run.changes) == ("failed", stopped["error"], [])


def test_a_batch_that_finds_no_room_in_numpy_is_told_alike(jobs: Jobs) -> None:
    batch = jobs["batch"]
    assert batch["cause"] == "MemoryError"
    assert batch["error"] == ADVICE.format(half=64, batch=128)


def test_half_the_batch_is_told_noted_and_kept(
    jobs: Jobs, capsys: pytest.CaptureFixture[str]
) -> None:
    halved = jobs["halved"]
    assert (halved["status"], halved["error"]) == ("finished", None)
    assert halved["notes"] == ["out of memory on the CPU; starting over with training.batch_size=9"]
    assert halved["steps"] == [[1, 1], [1, 1]], "from the beginning, until the interrupt"
    directory = RunDirectory(Path(halved["run"]))
    [change] = noted(directory)["changes"]
    assert change.pop("at")
    assert change == {
        "key": "training.batch_size",
        "old": 18,
        "new": 9,
        "reason": "out of memory on the CPU",
    }
    assert load_experiment(directory.config).training.batch_size == 9
    assert load_run(directory.path).settings["training"]["batch_size"] == 9
    shown = call(capsys, "show", directory.path).stdout
    assert "training.batch_size 18 → 9 (out of memory on the CPU)" in shown


def test_a_run_whose_batch_was_halved_and_that_was_resumed_is_the_run_that_began_so(
    jobs: Jobs,
) -> None:
    halved, begun = (
        RunDirectory(Path(jobs[name]["run"])) for name in ("halved", "begun with half")
    )
    assert load_run(halved.path).result["resumes"] == 1
    assert len(rows(halved)) == 2
    assert rows(halved) == rows(begun)


def test_a_batch_of_one_cannot_be_halved(tmp_path: Path) -> None:
    experiment = tiny_experiment(
        tmp_path, training={"batch_size": 1}, recovery={"out_of_memory": "halve_batch"}
    )
    directory = new_directory(tmp_path / "runs", experiment)
    beyond_all_memory = Culprit(act=lambda: np.empty(2**59))
    advice = (
        "out of memory on the CPU; try a new run with runtime.precision=mixed_bfloat16 "
        "(now float32), a smaller data.patch_size (now 16) or fewer architecture.filters (now 4)"
    )
    with pytest.raises(OutOfMemoryError, match=f"^{re.escape(advice)}$"):
        attempt(experiment, directory, beyond_all_memory)
    assert beyond_all_memory.notes == []
