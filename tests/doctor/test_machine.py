import math
import os
from pathlib import Path

import pytest

from dropstudy.doctor.machine import (
    Gpu,
    NvidiaDriver,
    check_machine,
    find_nvidia_driver,
    judge_gpus,
    judge_memory,
    judge_processor,
)
from dropstudy.runs.environment import available_cores

H100 = "NVIDIA H100 80GB HBM3"


def test_this_machine_is_told_by_its_cores_and_memory() -> None:
    found = {finding.name: finding for finding in check_machine()}

    assert f"{available_cores()} core" in found["processor"].found
    assert found["processor"].status != "fail"


def test_a_processor_without_avx_fails_where_its_flags_are_known() -> None:
    def judge(*flags: str) -> str:
        return judge_processor("Chip", cores=2, limit=math.inf, flags=flags).status

    assert judge("sse2", "avx") == "ok"
    assert judge("sse2") == "fail"
    assert judge() == "ok"


def test_more_cores_than_the_container_may_use_are_warned_of_with_the_right_threads() -> None:
    finding = judge_processor("Chip", cores=64, limit=2.5, flags=())

    assert finding.status == "warn"
    assert "64 cores, of which the container may use 2.5" in finding.found
    assert finding.remedy == "dropstudy run FILE --set runtime.threads=2"
    less_than_one = judge_processor("Chip", cores=64, limit=0.5, flags=())
    assert less_than_one.remedy == "dropstudy run FILE --set runtime.threads=1"
    assert judge_processor("Chip", cores=2, limit=2, flags=()).status == "ok"


@pytest.mark.parametrize(("free", "status"), [(5e8, "fail"), (1.5e9, "warn"), (3e9, "ok")])
def test_memory_is_held_against_what_trainings_take(free: float, status: str) -> None:
    finding = judge_memory(int(free))

    assert finding.status == status
    assert f"{free / 1e9:.1f} GB free" in finding.found
    assert (finding.remedy is None) == (status == "ok")


def _install_tool(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{text}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_the_gpus_of_the_system_are_those_that_its_tool_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install_tool(tmp_path, f"echo '{H100}, 81559 MiB'; echo 'NVIDIA T4, 1 MiB'", monkeypatch)

    assert find_nvidia_driver() == NvidiaDriver((f"{H100}, 81559 MiB", "NVIDIA T4, 1 MiB"))


def test_a_tool_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install_tool(tmp_path, "echo 'cannot talk to the driver' >&2; exit 9", monkeypatch)

    driver = find_nvidia_driver()
    assert driver == NvidiaDriver(problem="nvidia-smi fails: cannot talk to the driver")
    assert judge_gpus([], driver, chosen=None).status == "warn"


def test_a_tool_without_a_gpu_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install_tool(tmp_path, "echo 'No devices were found'; exit 6", monkeypatch)

    assert find_nvidia_driver() == NvidiaDriver()


def test_without_the_tool_the_driver_itself_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "0000:01:00.0").mkdir()
    (tmp_path / "0000:01:00.0" / "information").write_text("Model: \t NVIDIA T4\nIRQ: 1\n")

    assert find_nvidia_driver(tmp_path) == NvidiaDriver(("NVIDIA T4",))
    assert find_nvidia_driver(tmp_path / "none") == NvidiaDriver()


def test_a_gpu_that_tensorflow_does_not_see_is_warned_of() -> None:
    finding = judge_gpus([], NvidiaDriver((f"{H100}, 81559 MiB",)), chosen=None)

    assert finding.status == "warn"
    assert H100 in finding.found
    assert finding.remedy == "pip install 'dropstudy[gpu]'"


def test_a_gpu_that_is_hidden_by_the_environment_needs_no_package() -> None:
    finding = judge_gpus([], NvidiaDriver((H100,)), chosen="-1")

    assert finding.status == "warn"
    assert "CUDA_VISIBLE_DEVICES is '-1'" in finding.found
    assert finding.remedy == "unset CUDA_VISIBLE_DEVICES"


def test_a_gpu_that_is_seen_is_shown_with_memory_and_capability() -> None:
    driver = NvidiaDriver((f"{H100}, 81559 MiB",))
    finding = judge_gpus([Gpu(H100, (9, 0)), Gpu("NVIDIA T4", (7, 5))], driver, chosen=None)

    assert finding.status == "ok"
    assert finding.found == (
        f"{H100}, 81559 MiB, compute capability 9.0; NVIDIA T4, compute capability 7.5"
    )


def test_a_machine_without_gpus_is_well() -> None:
    assert judge_gpus([], NvidiaDriver(), chosen=None).status == "ok"
