import os
from pathlib import Path

import pytest

from dropstudy.config.runtime import Runtime
from dropstudy.errors import StudyError
from dropstudy.studies import shares
from dropstudy.studies.shares import (
    VISIBLE_GPUS,
    count_gpu_workers,
    find_gpus,
    share_cores,
    share_machine,
)

ANY, CPU = Runtime(), Runtime(device="cpu")


def pretend_gpus(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, count: int = 0, script: str = ""
) -> None:
    """Puts a driver's tool on the path, which tells of some GPUs or does what is given."""
    lines = [f"GPU {number}: Pretended (UUID: GPU-{number}-a)" for number in range(count)]
    tool = folder / "tools" / "nvidia-smi"
    tool.parent.mkdir(exist_ok=True)
    said = "\n".join(lines)
    tool.write_text(f"#!/bin/sh\n[ \"$1\" = -L ] || exit 2\n{script}\ncat <<'END'\n{said}\nEND\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv(VISIBLE_GPUS, raising=False)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_share_all_cores_and_none_has_anothers(workers: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    if workers > len(cores):
        pytest.skip("too few cores")
    found = share_cores(workers)

    assert sorted(core for share in found for core in share) == cores
    assert max(map(len, found)) - min(map(len, found)) <= 1


@pytest.mark.parametrize(
    ("workers", "own"),
    [
        (1, [("GPU-0-a", "GPU-1-a", "GPU-2-a")]),
        (2, [("GPU-0-a",), ("GPU-1-a", "GPU-2-a")]),
        (3, [("GPU-0-a",), ("GPU-1-a",), ("GPU-2-a",)]),
        (4, [("GPU-0-a",), ("GPU-1-a",), ("GPU-2-a",), ("GPU-0-a",)]),
    ],
)
def test_workers_have_gpus_of_their_own_as_long_as_there_are_enough(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    workers: int,
    own: list[tuple[str, ...]],
) -> None:
    pretend_gpus(tmp_path, monkeypatch, count=3)
    found = share_machine(workers, [ANY, CPU])
    assert [share.gpus for share in found] == own
    assert {share.beside for share in found} == {workers - 1}


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ("1", ["1"]),
        ("1, 0", ["1", "0"]),
        ("0,-1,1", ["0"]),
        ("0,7", ["0"]),
        ("GPU-1", ["GPU-1"]),
        ("GPU-9", []),
        ("", []),
        ("none", []),
    ],
)
def test_the_gpus_that_a_process_may_not_see_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str, found: list[str]
) -> None:
    pretend_gpus(tmp_path, monkeypatch, count=2)
    monkeypatch.setenv(VISIBLE_GPUS, chosen)
    assert find_gpus([ANY]) == found


def test_a_gpu_in_parts_is_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = "  MIG 1g.10gb     Device  {0}: (UUID: MIG-{0}-b)"
    told = "\n".join(["GPU 0: Cut (UUID: GPU-0-a)", part.format(0), part.format(1)])
    pretend_gpus(tmp_path, monkeypatch, count=1, script=f"cat <<'END'\n{told}\nEND")
    assert find_gpus([ANY]) == ["MIG-0-b", "MIG-1-b", "GPU-0-a"]


@pytest.mark.parametrize("script", ["echo broken >&2; exit 9", "exit 0", "sleep 60"])
def test_a_driver_that_fails_or_hangs_has_no_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(shares, "PATIENCE_SECONDS", 0.5)
    pretend_gpus(tmp_path, monkeypatch, count=1, script=script)
    assert find_gpus([ANY]) == []
    assert share_machine(1, [ANY])[0].gpus == ()


def test_gpus_do_not_count_where_all_train_on_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_gpus(tmp_path, monkeypatch, count=2)
    assert find_gpus([CPU, CPU]) == []
    assert count_gpu_workers([CPU]) == 0
    assert count_gpu_workers([ANY, CPU]) == 2


def test_a_run_on_several_gpus_is_one_worker_and_too_many_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_gpus(tmp_path, monkeypatch, count=5)
    both = Runtime(device="gpu", replicas=2)
    assert count_gpu_workers([both]) == 2
    assert [len(share.gpus) for share in share_machine(2, [both])] == [2, 3]
    with pytest.raises(StudyError, match=r"--jobs 3: .* need 6 GPUs .* are 5; give --jobs 2"):
        share_machine(3, [both])


def test_runs_that_take_a_whole_gpu_share_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_gpus(tmp_path, monkeypatch, count=1)
    greedy = Runtime(gpu_memory="all")
    assert share_machine(1, [greedy])[0].gpus == ("GPU-0-a",)
    with pytest.raises(
        StudyError, match=r"with runtime.gpu_memory: all.*give --jobs 1, or gpu_memory: grow"
    ):
        share_machine(2, [greedy])
