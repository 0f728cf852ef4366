import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dropstudy.doctor.storage import (
    check_file_system,
    check_storage,
    check_writing,
    judge_locks,
    judge_space,
    nearest_existing,
)

NOBODY = 65534


@contextmanager
def _tmpfs(folder: Path, options: str) -> Iterator[Path]:
    """A small file system of its own, where this process may mount one."""
    folder.mkdir()
    words = ("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    try:
        subprocess.run(words, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("may not mount")
    try:
        yield folder
    finally:
        subprocess.run(("umount", str(folder)), check=True)


@contextmanager
def _as_nobody() -> Iterator[None]:
    """With the rights of an ordinary user: root may write anywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def _statuses(runs: Path) -> dict[str, str]:
    return {finding.name: finding.status for finding in check_storage(runs)}


@pytest.mark.parametrize("is_there", [True, False])
def test_a_good_place_is_left_as_it_was(is_there: bool, tmp_path: Path) -> None:
    if is_there:
        (tmp_path / "runs").mkdir()
    before = sorted(tmp_path.rglob("*"))
    statuses = _statuses(tmp_path / "runs")

    assert statuses.keys() == {"disk", "runs directory", "file system"}
    assert (statuses["runs directory"], statuses["file system"]) == ("ok", "ok")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_place_that_is_not_there_is_judged_by_the_nearest_that_is(tmp_path: Path) -> None:
    assert nearest_existing(tmp_path / "a" / "b" / "runs") == tmp_path
    assert nearest_existing(tmp_path) == tmp_path


def test_a_place_below_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    findings = {finding.name: finding for finding in check_storage(tmp_path / "file" / "runs")}

    writing = findings["runs directory"]
    assert writing.status == "fail"
    assert writing.found == f"{tmp_path / 'file'}: nothing can be made here: Not a directory"
    assert writing.remedy is not None
    assert "file system" not in findings


def test_a_link_that_leads_nowhere_fails(tmp_path: Path) -> None:
    (tmp_path / "runs").symlink_to(tmp_path / "gone")

    assert _statuses(tmp_path / "runs") == {"disk": "fail", "runs directory": "fail"}


def test_a_folder_that_may_not_be_written_to_fails_and_says_how_to_allow_it() -> None:
    folder = Path(tempfile.mkdtemp(prefix="a folder "))
    try:
        folder.chmod(0o777)
        with _as_nobody():
            allowed = check_writing(folder)
        folder.chmod(0o555)
        with _as_nobody():
            [refused] = check_writing(folder)
    finally:
        shutil.rmtree(folder)

    assert {finding.status for finding in allowed} == {"ok"}
    assert refused.status == "fail"
    assert refused.found == f"{folder}: nothing can be made here: Permission denied"
    assert refused.remedy is not None
    assert refused.remedy.startswith(f"chmod u+w '{folder}', or")


def test_a_disk_that_is_only_read_fails_and_another_is_proposed(tmp_path: Path) -> None:
    with _tmpfs(tmp_path / "disk", "ro,size=1m") as disk:
        [finding] = check_writing(disk)

    assert finding.status == "fail"
    assert finding.found.endswith("Read-only file system")
    assert finding.remedy is not None
    assert "chmod" not in finding.remedy


def test_a_disk_without_space_fails(tmp_path: Path) -> None:
    with _tmpfs(tmp_path / "disk", "size=64k") as disk:
        findings = {finding.name: finding for finding in check_storage(disk / "runs")}
        left = list(disk.iterdir())

    assert findings["disk"].status == "fail"
    assert findings["file system"].status == "fail"
    assert findings["file system"].found == "files cannot be written: No space left on device"
    assert left == []


def test_a_disk_that_is_smaller_than_some_runs_is_warned_of(tmp_path: Path) -> None:
    with _tmpfs(tmp_path / "disk", "size=300m") as disk:
        statuses = _statuses(disk)

    assert statuses == {"disk": "warn", "runs directory": "ok", "file system": "ok"}


@pytest.mark.parametrize(
    ("free", "status"),
    [(0, "fail"), (49_999_999, "fail"), (50_000_000, "warn"), (10**9 - 1, "warn"), (10**9, "ok")],
)
def test_space_is_held_against_what_runs_take(free: int, status: str) -> None:
    finding = judge_space(free, Path("/disk"))

    assert finding.status == status
    assert "free for /disk" in finding.found
    assert (finding.remedy is None) == (status == "ok")


def test_a_limit_on_the_size_of_files_is_found(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        finding = check_file_system(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert finding.status == "fail"
    assert finding.found == "files cannot be written: File too large"


def test_a_file_that_cannot_be_locked_for_want_of_its_place_fails(tmp_path: Path) -> None:
    (tmp_path / "process.json").mkdir()

    finding = check_file_system(tmp_path)
    assert finding.status == "fail"
    assert "process.json: cannot be written: Is a directory" in finding.found


@pytest.mark.parametrize("is_seen", [None, False])
def test_a_file_system_without_locks_is_warned_of(is_seen: bool | None) -> None:
    finding = judge_locks(is_seen)

    assert finding.status == "warn"
    assert "nothing keeps two processes from writing one run" in finding.found
    assert finding.remedy is not None
