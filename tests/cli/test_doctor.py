import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import ENVIRONMENT, command, dropstudy
from tests.config.experiments import ROOT

NAMES = [
    *("python", "packages", "photographs", "processor", "memory"),
    *("disk", "runs directory", "file system"),
    *("tensorflow", "gpu", "precision", "training", "determinism"),
]


@pytest.fixture
def broken(tmp_path: Path) -> dict[str, str]:
    """An environment in which TensorFlow cannot be imported."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "tensorflow.py").write_text("raise ImportError('[bold]libfoo.so[/bold]\\x1b[2J')")
    return {**ENVIRONMENT, "PYTHONPATH": str(folder), "TMPDIR": str(tmp_path)}


def _run(environment: dict[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("doctor", *arguments), capture_output=True, text=True, env=environment, check=False
    )


def test_a_machine_on_which_these_tests_pass_can_train() -> None:
    done = dropstudy("doctor", "--runs-dir", "not-there/runs", cwd=ROOT)
    *lines, blank, last = done.stdout.splitlines()
    found = {
        line[6:22].strip(): (line[:4].strip(), line[22:]) for line in lines if line[:4].strip()
    }

    assert done.stderr == ""
    assert [name for name in found if name != "memory"] == [n for n in NAMES if n != "memory"]
    assert found["training"][0] == "ok"
    assert re.fullmatch(r"one step, .* restored in \d+\.\d s, loss 0\.\d{4}", found["training"][1])
    assert done.returncode == any(status == "fail" for status, _ in found.values())
    assert blank == ""
    assert re.fullmatch(
        r"(all is well|\d warnings?, no problem): train with dropstudy run configs/smoke\.yaml",
        last,
    )
    assert not (ROOT / "not-there").exists()
    assert not list(ROOT.glob(".dropstudy-doctor-*"))


def test_without_tensorflow_all_else_is_told_and_the_command_fails(
    broken: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = _run(broken, "--runs-dir", tmp_path / "file" / "runs")
    lines = done.stdout.splitlines()
    failures = [line for line in lines if line.startswith("fail")]

    assert done.returncode == 1
    assert done.stderr == ""
    assert [line[6:22].strip() for line in failures] == ["runs directory", "tensorflow"]
    assert "ImportError: [bold]libfoo.so[/bold]\\x1b[2J (in full in " in failures[1]
    for line in failures:
        remedy = lines[lines.index(line) + 1]
        assert remedy.startswith(" " * 22 + "→ ")
    assert re.match(r"2 problems\b", lines[-1])


def test_the_findings_as_json_are_the_same(broken: dict[str, str], tmp_path: Path) -> None:
    done = _run(broken, "--json", "--runs-dir", tmp_path)
    findings = json.loads(done.stdout)

    assert done.returncode == 1
    assert all(finding.keys() == {"name", "status", "found", "remedy"} for finding in findings)
    names = [finding["name"] for finding in findings if finding["name"] != "memory"]
    assert names == [name for name in NAMES[:9] if name != "memory"]
    by_name = {finding["name"]: finding for finding in findings}
    assert by_name["tensorflow"]["status"] == "fail"
    assert by_name["packages"] == {
        "name": "packages",
        "status": "ok",
        "found": by_name["packages"]["found"],
        "remedy": None,
    }


def test_on_a_narrow_terminal_long_findings_stay_beside_their_names(
    broken: dict[str, str],
) -> None:
    done = _run({**broken, "FORCE_COLOR": "1", "COLUMNS": "70"})
    lines = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout).splitlines()
    first = next(index for index, line in enumerate(lines) if line[6:].startswith("tensorflow"))

    assert lines[first + 1].startswith(" " * 22)
    assert max(len(line) for line in lines if "/" not in line) <= 70
