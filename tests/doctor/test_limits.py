import math
from pathlib import Path

import pytest

from dropstudy.doctor.limits import core_limit, free_memory_bytes

MIB = 2**20


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A machine with 8 GiB left, and a process in no group."""
    _write(tmp_path / "proc", {"meminfo": f"MemTotal: 1 kB\nMemAvailable: {8 * 2**20} kB\n"})
    return tmp_path / "proc"


@pytest.fixture
def groups(tmp_path: Path) -> Path:
    return tmp_path / "cgroup"


def test_without_limits_memory_is_what_the_machine_has_left(proc: Path, groups: Path) -> None:
    assert free_memory_bytes(proc, groups) == 8 * 2**30
    assert core_limit(proc, groups) == math.inf


def test_a_system_that_does_not_tell_has_no_figure(tmp_path: Path) -> None:
    assert free_memory_bytes(tmp_path, tmp_path) is None


def test_a_group_leaves_its_limit_less_what_is_used_and_not_mere_cache(
    proc: Path, groups: Path
) -> None:
    _write(proc, {"self/cgroup": "0::/job/step\n"})
    _write(
        groups,
        {
            "job/step/memory.max": "max\n",
            "job/memory.max": f"{1000 * MIB}\n",
            "job/memory.current": f"{700 * MIB}\n",
            "job/memory.stat": f"anon 1\ninactive_file {200 * MIB}\n",
        },
    )
    assert free_memory_bytes(proc, groups) == 500 * MIB


def test_an_older_group_is_read_as_well(proc: Path, groups: Path) -> None:
    _write(proc, {"self/cgroup": "7:cpu,cpuacct:/\n4:memory:/docker/0a1b\n0::/\n"})
    _write(
        groups,
        {
            "memory/memory.limit_in_bytes": f"{600 * MIB}\n",
            "memory/memory.usage_in_bytes": f"{500 * MIB}\n",
            "memory/memory.stat": f"total_inactive_file {50 * MIB}\n",
            "cpu/cpu.cfs_quota_us": "150000\n",
            "cpu/cpu.cfs_period_us": "100000\n",
        },
    )
    assert free_memory_bytes(proc, groups) == 150 * MIB
    assert core_limit(proc, groups) == 1.5


def test_a_group_that_is_over_its_limit_leaves_nothing(proc: Path, groups: Path) -> None:
    _write(proc, {"self/cgroup": "0::/\n"})
    _write(groups, {"memory.max": "100\n", "memory.current": "200\n"})
    assert free_memory_bytes(proc, groups) == 0


@pytest.mark.parametrize(
    ("text", "limit"), [("max 100000", math.inf), ("250000 100000", 2.5), ("1 0", math.inf)]
)
def test_cores_are_the_quota_over_its_period(
    text: str, limit: float, proc: Path, groups: Path
) -> None:
    _write(proc, {"self/cgroup": "0::/a/b\n"})
    _write(groups, {"a/cpu.max": f"{text}\n", "a/b/cpu.max": "400000 100000\n"})
    assert core_limit(proc, groups) == min(limit, 4)


def test_an_older_group_without_a_quota_has_no_limit(proc: Path, groups: Path) -> None:
    _write(proc, {"self/cgroup": "1:cpu:/\n"})
    _write(groups, {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"})
    assert core_limit(proc, groups) == math.inf
