import json
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import dropstudy
from dropstudy.runs.environment import (
    PACKAGES,
    available_cores,
    describe_environment,
    peak_memory_bytes,
    processor_flags,
    processor_name,
)


def _git(*arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of its own, unseen by any repository around it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


def test_the_environment_is_json_with_the_keys_of_the_contract() -> None:
    environment = json.loads(json.dumps(describe_environment()))
    assert set(environment) == {
        "started",
        "command",
        "python",
        "packages",
        "platform",
        "processor",
        "processor_features",
        "cores",
        "runs_beside",
        "git",
    }
    assert environment["python"] == platform.python_version()
    assert environment["command"] == sys.argv
    started = datetime.fromisoformat(environment["started"])
    assert abs(datetime.now(UTC) - started) < timedelta(minutes=1)


def test_the_version_of_every_package_that_makes_numbers_is_noted() -> None:
    packages = describe_environment()["packages"]
    assert set(packages) == set(PACKAGES) >= {"tensorflow", "keras", "numpy", "scikit-image"}
    assert packages["dropstudy"] == dropstudy.__version__
    assert all(re.match(r"\d+\.\d+", version) for version in packages.values())


def test_outside_a_repository_there_is_no_git_state() -> None:
    assert describe_environment()["git"] is None


def test_the_git_state_tells_the_commit_and_whether_there_are_changes(tmp_path: Path) -> None:
    _git("init")
    assert describe_environment()["git"] is None
    _git("commit", "--allow-empty", "-m", "first")
    commit = _git("rev-parse", "HEAD")
    assert describe_environment()["git"] == {"commit": commit, "changed": False}
    (tmp_path / "new.txt").write_text("changed")
    assert describe_environment()["git"] == {"commit": commit, "changed": True}


def test_without_git_there_is_no_git_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert describe_environment()["git"] is None


def test_the_cores_are_those_that_the_process_may_use() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/cpuinfo is Linux's")
def test_the_processor_is_known_by_name_and_instruction_sets() -> None:
    assert processor_name() != ""
    if platform.machine() == "x86_64":
        assert "sse2" in processor_flags()
    assert set(describe_environment()["processor_features"]) <= processor_flags()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
def test_the_peak_of_memory_is_in_bytes_and_sees_an_allocation() -> None:
    probe = (
        "from dropstudy.runs.environment import peak_memory_bytes as peak\n"
        "before = peak(); block = bytearray(b'1') * 100_000_000; print(before, peak())"
    )
    done = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True)
    before, after = map(int, done.stdout.split())
    assert 90e6 < after - before < 120e6
    assert peak_memory_bytes() > 10e6
