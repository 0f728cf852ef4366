import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropstudy.runs.environment import RUNS_BESIDE
from dropstudy.studies.jobs import Event
from dropstudy.studies.local import WORKER, LocalExecutor
from dropstudy.studies.progress import find_jobs, survey
from dropstudy.studies.shares import VISIBLE_GPUS
from tests.studies.makers import STUDY, plan_study
from tests.studies.test_shares import pretend_gpus


def _find_workers() -> Iterator[dict[str, str]]:
    """The environment of each worker process that this process has started."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid() and WORKER in (process / "cmdline").read_text():
                lines = (process / "environ").read_text().split("\0")
                yield dict(line.split("=", 1) for line in lines if line)
        except OSError:
            continue


def _train_nothing(tmp_path: Path, *, jobs: int, more: str = "") -> list[dict[str, str]]:
    """The environments of the workers of a study whose images are missing."""
    missing = f"settings: {{data: {{kind: folder, path: {tmp_path}/none}}{more}}}\n"
    directory, plan = plan_study(tmp_path, STUDY + missing)
    executor = LocalExecutor(jobs, log=directory.workers_log)
    events: list[Event] = []
    with executor.run(find_jobs(directory, survey(directory, plan))) as heard:
        workers = list(_find_workers())
        events += heard
    assert [event.stage for event in events] == ["failed"] * 4
    return workers


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
def test_each_worker_sees_its_own_gpu_and_knows_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_gpus(tmp_path, monkeypatch, count=2)
    workers = _train_nothing(tmp_path, jobs=2)
    assert sorted(own[VISIBLE_GPUS] for own in workers) == ["GPU-0-a", "GPU-1-a"]
    assert {own[RUNS_BESIDE] for own in workers} == {"1"}


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
def test_a_study_that_trains_on_the_cpu_leaves_the_gpus_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_gpus(tmp_path, monkeypatch, count=2)
    workers = _train_nothing(tmp_path, jobs=2, more=", runtime.device: cpu")
    assert len(workers) == 2
    assert not any(VISIBLE_GPUS in own for own in workers)
