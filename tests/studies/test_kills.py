"""Real ``dropstudy study run`` commands whose processes are killed."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dropstudy.config.study_loading import load_study
from dropstudy.runs.process import read_holder
from dropstudy.runs.reading import Run
from dropstudy.runs.store import find_runs
from dropstudy.studies.directory import StudyDirectory
from dropstudy.studies.plan import Plan, make_plan
from dropstudy.studies.progress import Place, survey
from tests.cli.commands import ENVIRONMENT, command
from tests.faults.processes import CONFIG, PATIENCE_SECONDS

STUDY = """\
name: trial
question: Does it matter where dropout stands?
hypothesis: It does not.
base: base.yaml
settings: {training.epochs: 4, training.steps_per_epoch: 100}
arms:
  none: {dropout: {}}
  encoder: {}
seeds: 2
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(CONFIG)
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path / "study.yaml"


def _start(file: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*command("study", "run", file, "--studies-dir", file.parent / "studies", *words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env=ENVIRONMENT,
    )


def _runs(file: Path) -> list[Run]:
    folder = file.parent / "studies" / "trial" / "runs"
    return find_runs(folder) if folder.exists() else []


def _wait(study: "subprocess.Popen[str]", is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert study.poll() is None, study.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _places(file: Path) -> tuple[Plan, list[Place]]:
    plan = make_plan(load_study(file))
    return plan, survey(StudyDirectory(file.parent / "studies" / "trial"), plan)


def _check_complete(file: Path, *, most_runs: int = 4) -> None:
    _, places = _places(file)
    assert [place.state for place in places] == ["finished"] * 4
    for place in places:
        assert place.run is not None
        assert [record.epoch for record in place.run.epochs] == [1, 2, 3, 4]
    assert len(_runs(file)) <= most_runs


def _pid_of_some_run(file: Path) -> int | None:
    for run in _runs(file):
        holder = read_holder(run.directory)
        if run.status == "running" and len(run.epochs) >= 1 and holder:
            return holder.pid
    return None


def test_a_worker_that_is_killed_takes_its_run_alone_with_it(file: Path) -> None:
    study = _start(file, "--jobs", "2")
    _wait(study, lambda: _pid_of_some_run(file))
    os.kill(_pid_of_some_run(file) or 0, signal.SIGKILL)
    stdout, stderr = study.communicate(timeout=PATIENCE_SECONDS)

    assert (study.returncode, stderr) == (1, "")
    assert "its process ended with -9" in stdout
    assert sorted(run.status for run in _runs(file)) == [
        "crashed",
        "finished",
        "finished",
        "finished",
    ]
    again = _start(file, "--resume")
    stdout, stderr = again.communicate(timeout=PATIENCE_SECONDS)
    assert (again.returncode, stderr) == (0, "")
    assert "4, of which 3 are done" in stdout
    _check_complete(file)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_study_that_is_killed_goes_on_where_it_was(file: Path, number: signal.Signals) -> None:
    study = _start(file, "--jobs", "2")
    _wait(study, lambda: any(len(run.epochs) >= 1 for run in _runs(file)))
    study.send_signal(number)
    study.communicate(timeout=PATIENCE_SECONDS)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(run.status == "running" for run in _runs(file)):  # its workers save, and end
        assert time.monotonic() < deadline
        time.sleep(0.05)

    assert {run.status for run in _runs(file)} <= {"interrupted", "finished"}
    refused = _start(file)
    assert "go on with --resume" in refused.communicate(timeout=PATIENCE_SECONDS)[1]
    assert refused.returncode == 2
    again = _start(file, "--resume", "--jobs", "2")
    assert again.communicate(timeout=PATIENCE_SECONDS)[1] == ""
    assert again.returncode == 0
    _check_complete(file)
