import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dropstudy.errors import RunDirectoryError, StorageError
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.process import PATIENCE_SECONDS, hold, is_held, read_holder
from tests.runs.holding import another_process, leave_process_file, run_directory

GARBAGE = [
    "",
    "{",
    "[]",
    "null",
    "\x00\xff",
    "[" * 100_000,
    '{"host": 1, "pid": 2, "started": "2026-01-02T03:04:05+00:00"}',
    '{"host": "a", "pid": true, "started": "2026-01-02T03:04:05+00:00"}',
    '{"host": "a", "pid": 2, "started": "today"}',
    '{"host": "a", "pid": 2, "started": null}',
    '{"host": "a", "pid": 2}',
]


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    return run_directory(tmp_path / "run-1")


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_directory_is_held_while_the_block_lasts_and_the_file_says_by_whom(
    directory: RunDirectory,
) -> None:
    assert is_held(directory) is None
    before = datetime.now(UTC) - timedelta(seconds=1)
    with hold(directory):
        assert is_held(directory) is True, "also for the process that holds it"
        noted = json.loads(directory.process.read_text())
        assert (noted["host"], noted["pid"]) == (socket.gethostname(), os.getpid())
        assert before <= datetime.fromisoformat(noted["started"]) <= datetime.now(UTC)
    assert is_held(directory) is False
    assert json.loads(directory.process.read_text()) == noted, "the file stays"


def test_an_error_in_the_block_frees_it(directory: RunDirectory) -> None:
    with pytest.raises(KeyError), hold(directory):
        raise KeyError
    with hold(directory):
        pass


def test_a_second_process_is_kept_out_and_told_by_whom(directory: RunDirectory) -> None:
    with another_process(directory) as writer:
        assert is_held(directory) is True
        noted = directory.process.read_text()
        started = time.monotonic()
        with pytest.raises(RunDirectoryError) as error, hold(directory):
            pytest.fail("two hold it")
        assert PATIENCE_SECONDS <= time.monotonic() - started < PATIENCE_SECONDS + 2
        assert re.fullmatch(
            rf"{directory.path}: process {writer.pid} on {socket.gethostname()} has been writing "
            r"to this run since \d{4}-\d\d-\d\d \d\d:\d\d UTC; "
            rf"wait until it ends, or end it with: kill {writer.pid}",
            str(error.value),
        )
        assert error.value.exit_code == 2
        assert directory.process.read_text() == noted, "whoever is kept out changes nothing"
        writer.communicate()
        assert writer.returncode == 0
    assert is_held(directory) is False


def test_a_killed_process_holds_nothing_and_is_followed_at_once(directory: RunDirectory) -> None:
    with another_process(directory) as writer:
        kill(writer)
        assert is_held(directory) is False
        holder = read_holder(directory)
        assert holder is not None
        assert holder.pid == writer.pid
    started = time.monotonic()
    with hold(directory):
        assert time.monotonic() - started < PATIENCE_SECONDS / 2
        assert json.loads(directory.process.read_text())["pid"] == os.getpid()


def test_what_a_killed_process_had_started_does_not_hold_it(directory: RunDirectory) -> None:
    script = """
with hold(directory):
    child = subprocess.Popen(["sleep", "60"], close_fds=False, stdout=subprocess.DEVNULL)
    (directory.path / "child").write_text(str(child.pid))
    print("held", flush=True)
    sys.stdin.read()
"""
    with another_process(directory, script) as writer:
        kill(writer)
        child = int((directory.path / "child").read_text())
        try:
            os.kill(child, 0)  # it lives
            assert is_held(directory) is False
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_forked_process_does_not_hold_it_longer_than_the_block(directory: RunDirectory) -> None:
    script = """
with hold(directory):
    child = os.fork()
    if not child:
        sys.stdin.read()
        os._exit(0)
print("left", flush=True)
os.waitpid(child, 0)
"""
    with another_process(directory, script) as writer:
        assert writer.poll() is None
        assert is_held(directory) is False
        writer.communicate()


@pytest.mark.parametrize("pid", [4711, 0, -1, 10**30])
def test_a_dead_process_of_this_machine_is_known_to_be_gone(
    pid: int, directory: RunDirectory
) -> None:
    leave_process_file(directory, pid=pid)
    assert is_held(directory) is False
    with hold(directory):
        assert is_held(directory) is True


def test_a_living_process_of_the_same_number_does_not_hold_it(directory: RunDirectory) -> None:
    leave_process_file(directory, pid=os.getpid())
    assert is_held(directory) is False


def test_of_another_machines_process_only_the_lock_is_believed(directory: RunDirectory) -> None:
    leave_process_file(directory, host="elsewhere.example")
    assert is_held(directory) is None
    with another_process(directory):
        leave_process_file(directory, host="elsewhere.example")
        assert is_held(directory) is True
        with pytest.raises(
            RunDirectoryError, match=r"process 4711 on elsewhere.*; .* end it there"
        ):
            hold(directory).__enter__()
    with hold(directory):
        assert is_held(directory) is True
    assert is_held(directory) is False


@pytest.mark.parametrize("content", GARBAGE, ids=range(len(GARBAGE)))
def test_a_file_that_says_nothing_of_use_does_no_harm(
    content: str, directory: RunDirectory
) -> None:
    directory.process.write_text(content, encoding="latin-1")
    assert read_holder(directory) is None
    assert is_held(directory) is None
    with hold(directory):
        assert is_held(directory) is True
        holder = read_holder(directory)
        assert holder is not None
        assert holder.pid == os.getpid()


def test_garbage_in_a_held_file_does_not_let_a_second_one_in(directory: RunDirectory) -> None:
    with another_process(directory):
        directory.process.write_text("garbage")
        assert is_held(directory) is True
        with pytest.raises(RunDirectoryError, match="run-1: another process is writing to this r"):
            hold(directory).__enter__()


def test_asking_writes_nothing(directory: RunDirectory) -> None:
    leave_process_file(directory)
    directory.process.chmod(0o444)
    directory.path.chmod(0o555)
    try:
        before = directory.process.stat()
        assert is_held(directory) is False
        after = directory.process.stat()
    finally:
        directory.path.chmod(0o755)
    assert (after.st_mtime_ns, after.st_size) == (before.st_mtime_ns, before.st_size)


def test_a_directory_pipe_or_lost_link_in_its_place_is_no_process(directory: RunDirectory) -> None:
    directory.process.mkdir()
    assert is_held(directory) is None
    with pytest.raises(StorageError, match=r"process\.json: cannot be written: Is a directory"):
        hold(directory).__enter__()
    directory.process.rmdir()
    os.mkfifo(directory.process)
    assert (is_held(directory), read_holder(directory)) == (None, None)
    directory.process.unlink()
    directory.process.symlink_to("nowhere")
    assert (is_held(directory), read_holder(directory)) == (None, None)


def test_a_directory_that_is_gone_cannot_be_claimed(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"process\.json: cannot be written: No such file"):
        hold(RunDirectory(tmp_path / "gone")).__enter__()


def test_whoever_asks_at_the_same_time_keeps_nobody_out(directory: RunDirectory) -> None:
    """Readers hold the lock for an instant, which must not look like a second writer."""
    leave_process_file(directory)
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            is_held(directory)

    readers = [threading.Thread(target=ask) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(50):
            with hold(directory):
                pass
    finally:
        done.set()
        for reader in readers:
            reader.join()


def test_readers_never_take_each_other_for_a_writer(directory: RunDirectory) -> None:
    leave_process_file(directory)
    found: list[bool | None] = []
    readers = [
        threading.Thread(target=lambda: found.extend(is_held(directory) for _ in range(200)))
        for _ in range(4)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert found == [False] * 800


def test_a_thousand_runs_are_asked_about_in_an_instant(tmp_path: Path) -> None:
    directories = [run_directory(tmp_path / f"run-{number}") for number in range(1000)]
    for directory in directories:
        leave_process_file(directory)
    started = time.process_time()
    assert not any(is_held(directory) for directory in directories)
    assert time.process_time() - started < 0.5
