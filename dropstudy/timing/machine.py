"""What else the machine does while steps are timed, and the peak of memory."""

import os
import time
from contextlib import suppress
from pathlib import Path

PROCESSOR_TIMES = Path("/proc/stat")
_IDLE = (3, 4)
"""Of the numbers in its first line: idle, and waiting for a disk."""
FORGET_PEAK = Path("/proc/self/clear_refs")


class OtherPrograms:
    """Notes how much of the cores other programs use from now on."""

    def __init__(self) -> None:
        """Begins now."""
        self._started = time.perf_counter()
        self._busy, self._own = _busy_seconds(), _own_seconds()

    def share(self) -> float:
        """Of all cores' time since then; NaN where the system does not tell."""
        busy, seconds = _busy_seconds(), time.perf_counter() - self._started
        others = busy - self._busy - (_own_seconds() - self._own)
        return max(0.0, others / (os.cpu_count() or 1) / seconds) if others == others else others


def forget_peak_memory() -> None:
    """Has the process's peak of memory count from now on, where the system can (Linux)."""
    with suppress(OSError):
        FORGET_PEAK.write_text("5")


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _busy_seconds() -> float:
    try:
        numbers = PROCESSOR_TIMES.read_text().splitlines()[0].split()[1:9]
    except (OSError, IndexError):
        return float("nan")
    ticks = [int(text) for text in numbers]
    busy = sum(ticks) - sum(ticks[place] for place in _IDLE)
    return float(busy / os.sysconf("SC_CLK_TCK"))
