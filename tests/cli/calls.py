"""Other ways to call the command line: within this process, which is faster, and on a terminal."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from dropstudy.cli.app import app
from tests.cli.commands import ENVIRONMENT, command


@dataclass(frozen=True)
class Called:
    """What a command that succeeded has printed."""

    stdout: str
    stderr: str


def on_a_terminal(width: int, *arguments: str | Path) -> list[str]:
    """The lines that ``dropstudy`` prints to a terminal of ``width``, without their colours."""
    environment = {**ENVIRONMENT, "FORCE_COLOR": "1", "COLUMNS": str(width)}
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, env=environment, check=True
    )
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout).splitlines()


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Called:
    """Runs ``dropstudy`` with ``arguments``; its errors are raised."""
    capsys.readouterr()
    app(list(map(str, arguments)), standalone_mode=False)
    return Called(*capsys.readouterr())
