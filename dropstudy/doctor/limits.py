"""What a container or scheduler lets a process have of the machine: Linux' control groups."""

import math
from pathlib import Path

PROC = Path("/proc")
CONTROL_GROUPS = Path("/sys/fs/cgroup")


def free_memory_bytes(proc: Path = PROC, groups: Path = CONTROL_GROUPS) -> int | None:
    """Memory that this process may still take; None where the system does not tell.

    Args:
        proc: Where Linux tells of memory and of this process.
        groups: Where control groups are mounted.
    """
    available = _read_fields(proc / "meminfo").get("MemAvailable:")
    rooms = [_room_bytes(folder) for folder in _find_groups("memory", proc, groups)]
    known = [room for room in rooms if room is not None]
    if available is not None:
        known.append(available * 1024)
    return max(0, min(known)) if known else None


def core_limit(proc: Path = PROC, groups: Path = CONTROL_GROUPS) -> float:
    """How many cores' worth of time this process gets; infinite without a limit."""
    shares = [_core_share(folder) for folder in _find_groups("cpu", proc, groups)]
    return min(shares, default=math.inf)


def _find_groups(controller: str, proc: Path, groups: Path) -> list[Path]:
    """The folders of this process's group and of those around it, which limit it as well.

    Inside a container the path may be the host's, of which only the root is mounted.
    """
    folders = []
    for line in _read(proc / "self" / "cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0":
            root = groups
        elif controller in controllers.split(","):
            root = groups / controller
        else:
            continue
        folder = root / path.lstrip("/")
        folders += [folder, *folder.parents[: len(folder.relative_to(root).parts)]]
    return folders


def _room_bytes(group: Path) -> int | None:
    fields = _read_fields(group / "memory.stat")
    for limit, used, cache in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        numbers = [_read(group / name).strip() for name in (limit, used)]
        if all(number.isdigit() for number in numbers):
            # The cache of files that are not in use is given back before memory runs out.
            return int(numbers[0]) - int(numbers[1]) + fields.get(cache, 0)
    return None


def _core_share(group: Path) -> float:
    words = _read(group / "cpu.max").split() or [
        _read(group / name).strip() for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")
    ]
    if len(words) == 2 and all(word.isdigit() for word in words) and int(words[1]):
        return int(words[0]) / int(words[1])
    return math.inf


def _read_fields(path: Path) -> dict[str, int]:
    """The numbers of a file of lines ``name number``."""
    lines = [line.split() for line in _read(path).splitlines()]
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdigit()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
