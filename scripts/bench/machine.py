"""What the figures were measured on, and how much else ran there meanwhile."""

import os
import time
from pathlib import Path
from typing import Any

from dropstudy.runs.environment import available_cores, describe_environment

PROCESSOR_TIMES = Path("/proc/stat")
_IDLE = (3, 4)
"""Of the numbers in its first line: idle, and waiting for a disk."""
BUSY_SHARE = 0.05
"""Of the cores; where others use more, ratios spread widely, and PyTorch's are unfair to it."""


class OtherPrograms:
    """Notes how much of the cores other programs use from now on."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._busy, self._own = _busy_seconds(), _own_seconds()

    def share(self) -> float | None:
        """Of all cores' time; None where the system does not tell. Children must have ended."""
        busy = _busy_seconds()
        if busy is None or self._busy is None:
            return None
        others = busy - self._busy - (_own_seconds() - self._own)
        cores = os.cpu_count() or 1
        return max(0.0, others / cores / (time.perf_counter() - self._started))


def describe_machine() -> dict[str, Any]:
    """What ``environment.json`` of a run says, but for its command line."""
    return {key: value for key, value in describe_environment().items() if key != "command"}


def format_machine(machine: dict[str, Any]) -> str:
    """The same in a few lines."""
    packages = machine["packages"]
    versions = [
        f"{name} {packages[name]}" for name in ("dropstudy", "tensorflow", "keras", "numpy")
    ]
    commit = machine["git"] or {"commit": "unknown", "changed": False}
    changed = ", with changes" if commit["changed"] else ""
    return "\n".join(
        (
            f"date       {machine['started']}",
            f"machine    {available_cores()} cores of {machine['processor']} "
            f"({', '.join(machine['processor_features'])}), {machine['platform']}",
            f"versions   Python {machine['python']}, {', '.join(versions)}",
            f"commit     {commit['commit'][:12]}{changed}",
        )
    )


def is_busy(share: float | None) -> bool:
    """Whether others used too much of the machine for figures that keep."""
    return share is not None and share > BUSY_SHARE


def format_share(share: float | None) -> str:
    """How much of the machine others used, and what that means."""
    if share is None:
        return "others     unknown what other programs used meanwhile"
    advice = ""
    if is_busy(share):
        advice = (
            ": too much for figures to keep, and verdicts have a question mark.\n"
            "           PyTorch suffers most, as its threads wait actively for one another"
        )
    return f"others     other programs used {share:.0%} of the cores meanwhile{advice}"


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _busy_seconds() -> float | None:
    try:
        numbers = PROCESSOR_TIMES.read_text().splitlines()[0].split()[1:9]
    except (OSError, IndexError):
        return None
    ticks = [int(text) for text in numbers]
    busy = sum(ticks) - sum(ticks[place] for place in _IDLE)
    return busy / os.sysconf("SC_CLK_TCK")
