"""Other processes that write a run directory, and files as they leave them."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dropstudy.runs.directory import RunDirectory

_BEGIN = """
import os, subprocess, sys
from pathlib import Path
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.process import hold, is_held
directory = RunDirectory(Path(sys.argv[1]))
"""
HOLDING = """
with hold(directory):
    print("held", flush=True)
    sys.stdin.read()
"""
"""What a writer does: it claims the directory until its standard input is closed."""


@contextmanager
def another_process(
    directory: RunDirectory, script: str = HOLDING
) -> Iterator[subprocess.Popen[str]]:
    """Runs ``script`` in a process of its own until it has printed a line, which is lost."""
    words = [sys.executable, "-c", _BEGIN + script, str(directory.path)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            yield process
        finally:
            process.kill()


def leave_process_file(
    directory: RunDirectory, *, host: str | None = None, pid: int = 4711
) -> None:
    """What a process leaves that ended without a word; on this machine unless told otherwise."""
    noted = {
        "host": socket.gethostname() if host is None else host,
        "pid": pid,
        "started": "2026-01-02T03:04:05+00:00",
    }
    directory.process.write_text(json.dumps(noted))


def run_directory(path: Path) -> RunDirectory:
    """An empty one."""
    path.mkdir()
    return RunDirectory(path)
