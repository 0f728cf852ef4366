"""What a run ran on, as far as it can matter to its numbers."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    "dropstudy",
    "tensorflow",
    "keras",
    "numpy",
    "scipy",
    "scikit-image",
    "pillow",
    "pydantic",
)
_RUNTIME = ("device", "device_models", "xla", "threads")
CPU_INFO = Path("/proc/cpuinfo")
BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
_FLAGS_OF_INTEREST = BFLOAT16_FLAGS | {"avx2", "avx512f", "avx512_fp16", "amx_tile", "fma"}


CORES = "DROPSTUDY_CORES"
"""The variable that says how many cores a process shall use where no system keeps it to them."""
RUNS_BESIDE = "DROPSTUDY_RUNS_BESIDE"
"""The variable in which a study tells a worker how many others train at the same time."""


def describe_environment() -> dict[str, Any]:
    """Versions, machine, git state and command line; the content of ``environment.json``."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "processor": processor_name(),
        "processor_features": sorted(processor_flags() & _FLAGS_OF_INTEREST),
        "cores": available_cores(),
        "runs_beside": int(os.environ.get(RUNS_BESIDE) or 0),
        "git": _git_state(),
    }


def explain_differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two environments that can make a run's numbers differ, in words."""
    old, new = (
        {
            "Python": noted.get("python"),
            "the processor": noted.get("processor"),
            **{f"package {name}": version for name, version in noted.get("packages", {}).items()},
            **{f"runtime.{key}": noted.get("runtime", {}).get(key) for key in _RUNTIME},
        }
        for noted in (before, now)
    )
    return [
        f"{name} was {old[name]} and is {value}: the rest of the run need not be bit for bit "
        "what it would have been"
        for name, value in new.items()
        if old.get(name) not in (None, value)
    ]


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        found = len(os.sched_getaffinity(0))
    else:
        found = os.cpu_count() or 1
    return min(found, int(os.environ.get(CORES) or found))


def processor_name() -> str:
    """The processor's own name where the system tells it."""
    return _field(CPU_INFO, "model name") or platform.processor() or platform.machine()


def processor_flags() -> frozenset[str]:
    """The processor's instruction sets, as Linux names them; empty elsewhere."""
    return frozenset(_field(CPU_INFO, "flags").split())


def peak_memory_bytes() -> int:
    """The most memory that this process has held."""
    if sys.platform == "win32":
        return 0
    # Not ru_maxrss, which a process takes over from the one that started it.
    high_water = _field(Path("/proc/self/status"), "VmHWM").partition(" ")[0]
    if high_water.isdigit():
        return int(high_water) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _field(path: Path, name: str) -> str:
    """The value that a file of ``name: value`` lines gives first; empty without one."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    lines = (line.partition(":") for line in text.splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _git_state() -> dict[str, Any] | None:
    """The commit of the folder that the run was started in, and whether it had changes."""
    commit, status = (_git(*words) for words in (("rev-parse", "HEAD"), ("status", "--porcelain")))
    if commit is None:
        return None
    return {"commit": commit, "changed": bool(status)}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
