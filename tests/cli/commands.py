"""Runs the command line as its users do: in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

ENVIRONMENT = {**os.environ, "_TYPER_FORCE_DISABLE_TERMINAL": "1", "COLUMNS": "200"}
"""Without the colours that Typer paints on CI, and on lines wide enough not to break."""


def dropstudy(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs ``dropstudy`` with ``arguments`` and waits for its end."""
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=ENVIRONMENT,
        cwd=cwd,
        timeout=240,
        check=False,
    )


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "dropstudy", *map(str, arguments)]
