"""What ``list`` and ``show`` say of runs that go on, died, or were taken up again."""

import json
import re
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dropstudy.runs.directory import RunDirectory, write_json
from dropstudy.runs.process import hold
from tests.cli.calls import call
from tests.cli.commands import ENVIRONMENT, command
from tests.runs.holding import another_process, leave_process_file
from tests.runs.written import write_run


def facts(page: str) -> dict[str, str]:
    """The lines of name and text; the last of each name."""
    return dict(re.findall(r"^(\w[\w ]{0,9}?) {2,}(.+)$", page, re.MULTILINE))


def test_running_and_crashed_runs_are_told_apart_and_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("running", "crashed", "old"):
        write_run(tmp_path, name, status=None)
    leave_process_file(RunDirectory(tmp_path / "crashed"))
    with hold(RunDirectory(tmp_path / "running")):
        listed = call(capsys, "list", "--runs-dir", tmp_path).stdout.splitlines()[1:]
        assert sorted(line.split()[:2] for line in listed) == [
            ["crashed", "crashed"],
            ["old", "unfinished"],
            ["running", "running"],
        ]
        for status in ("running", "crashed"):
            found = call(capsys, "list", "--runs-dir", tmp_path, "--where", f"status={status}")
            assert [line.split()[0] for line in found.stdout.splitlines()] == ["run", status]


def test_colours_tell_a_crashed_run_from_a_running_one(tmp_path: Path) -> None:
    for name in ("running", "crashed"):
        leave_process_file(write_run(tmp_path, name, status=None).directory)
    with hold(RunDirectory(tmp_path / "running")):
        environment = {**ENVIRONMENT, "FORCE_COLOR": "1", "COLUMNS": "200"}
        done = subprocess.run(
            command("list", "--runs-dir", tmp_path),
            capture_output=True,
            text=True,
            env=environment,
            check=True,
        )
    assert re.search(r"^\x1b\[31mcrashed ", done.stdout, re.MULTILINE)
    assert re.search(r"^\x1b\[36mrunning ", done.stdout, re.MULTILINE)


def test_a_running_run_says_which_process_writes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = write_run(tmp_path, "going", status=None).directory
    directory.checkpoints.mkdir()
    (directory.checkpoints / "epoch-0002-step-000005.json").touch()
    with another_process(directory) as writer:
        page = call(capsys, "show", "going", "--runs-dir", tmp_path).stdout
        document = json.loads(
            call(capsys, "show", "going", "--runs-dir", tmp_path, "--json").stdout
        )
    assert page.startswith("going  running\n")
    told = facts(page)
    assert told["epochs"] == "3 of 8 so far; it goes on"
    who, _, since = told["process"].partition(", since ")
    assert who == f"{writer.pid} on {socket.gethostname()}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", since)
    assert "go on with" not in told
    assert (document["status"], document["process"]["pid"]) == ("running", writer.pid)


@pytest.mark.parametrize("status", ["crashed", "interrupted", "failed", "unfinished", "finished"])
def test_a_run_that_can_go_on_says_how(
    status: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = None if status in ("crashed", "unfinished") else status
    directory = write_run(tmp_path, "its name", status=ended).directory  # type: ignore[arg-type]
    if status != "unfinished":
        leave_process_file(directory)
    page = call(capsys, "show", "@latest", "--runs-dir", tmp_path).stdout
    assert page.startswith(f"its name  {status}\n")
    assert "go on with" not in facts(page), "it has no checkpoint"
    directory.checkpoints.mkdir()
    assert "go on with" not in facts(call(capsys, "show", str(directory.path)).stdout)
    (directory.checkpoints / "epoch-0002-step-000005.json").touch()
    told = facts(call(capsys, "show", str(directory.path)).stdout)
    if status != "finished":
        assert told["go on with"] == f"dropstudy run --resume '{directory.path}'"
    else:
        assert "go on with" not in told
    gone = "3 of 8 so far; its process is gone: it was killed, or the machine went down"
    assert (told["epochs"] == gone) == (status == "crashed")


def test_a_run_that_crashed_before_its_first_checkpoint_can_begin_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = write_run(tmp_path, "early", status=None, epochs=0).directory
    leave_process_file(directory)
    directory.checkpoints.mkdir()
    told = facts(call(capsys, "show", "early", "--runs-dir", tmp_path).stdout)
    assert told["go on with"] == f"dropstudy run --resume {directory.path}"


def test_resumes_and_changes_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path, "resumed")
    first: dict[str, Any] = {"started": "2026-11-21T10:00:00+00:00", "epoch": 2, "step": 0}
    second = {"started": "2026-11-22T10:00:00+00:00", "epoch": 3, "step": 17}
    write_json(run.directory.environment, {**run.environment, "resumes": [first]})
    told = facts(call(capsys, "show", "resumed", "--runs-dir", tmp_path).stdout)
    assert told["resumed"] == "1 time, 2026-11-21 from epoch 2, step 0"
    assert "changed" not in told
    history = {
        "resumes": [{**first, "differences": ["Python was 3 and is 4"]}, second],
        "changes": [
            {"key": "training.batch_size", "old": 16, "new": 8, "reason": "out of memory"},
            {"key": "training.epochs", "old": 8, "new": 50, "reason": "on resume"},
        ],
    }
    write_json(run.directory.environment, {**run.environment, **history})
    page = call(capsys, "show", "resumed", "--runs-dir", tmp_path).stdout
    assert (
        "\nresumed     2 times, last 2026-11-22 from epoch 3, step 17"
        "\nelsewhere   Python was 3 and is 4"
        "\nchanged     training.batch_size 16 → 8 (out of memory)"
        "\nchanged     training.epochs 8 → 50 (on resume)\n"
    ) in page
