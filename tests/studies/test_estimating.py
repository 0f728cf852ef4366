import time
from dataclasses import replace
from pathlib import Path

import pytest

from dropstudy.errors import StudyError
from dropstudy.runs.records import RunResult
from dropstudy.studies.estimating import estimate
from dropstudy.studies.local import LocalExecutor
from dropstudy.studies.progress import find_jobs, survey
from tests.studies.makers import STUDY, leave_run, plan_study

SHORT = STUDY.replace("seeds: 2", "seeds: [3]") + (
    "budget: {epochs: 3}\n"
    "settings: {training.steps_per_epoch: 20}\n"
    "timing: {repeats: 2, steps: 10, warmup: 1}\n"
)


def test_what_is_estimated_is_what_the_study_takes_and_leaves(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path, SHORT)
    places = survey(directory, plan)
    found = estimate(plan, places, directory, jobs=1)
    assert found.tried == ("none", "spatial")
    assert [arm.runs for arm in found.arms] == [1, 1]
    runs = found.start_seconds + sum(arm.run_seconds for arm in found.arms)
    assert found.seconds == pytest.approx(found.timing_seconds + runs)
    # There and back, twice, and the first arm once more as noise floor.
    none, spatial = (arm.step_seconds for arm in found.arms)
    turns = 2 * 2 * (1 + 10) * (2 * none + spatial)
    assert found.timing_seconds > turns + found.start_seconds
    assert found.fits
    assert not replace(found, free_bytes=found.disk_bytes).fits

    started = time.perf_counter()
    with LocalExecutor(1, log=directory.workers_log).run(find_jobs(directory, places)) as events:
        assert [event.stage for event in events].count("finished") == 2
    seconds = time.perf_counter() - started
    left = [path.stat() for path in directory.runs.glob("*/**/*")]
    used = sum(getattr(own, "st_blocks", own.st_size / 512) * 512 for own in left)
    assert found.disk_bytes == pytest.approx(used, rel=0.25)
    # The machine may be busy at one time and not at the other.
    assert runs / 4 < seconds < runs * 4


def test_a_study_that_is_done_takes_nothing(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path)
    for planned in plan.runs():
        leave_run(directory, planned, RunResult("finished"))
    found = estimate(plan, survey(directory, plan), directory, jobs=2)
    assert (found.seconds, found.disk_bytes, found.arms) == (0.0, 0, ())
    assert found.fits


def test_an_arm_that_cannot_be_trained_is_told(tmp_path: Path) -> None:
    nowhere = f"settings: {{data: {{kind: folder, path: {tmp_path}/none}}}}\n"
    directory, plan = plan_study(tmp_path, STUDY + nowhere)
    with pytest.raises(StudyError, match=r"a trial failed: .*none"):
        estimate(plan, survey(directory, plan), directory, jobs=1)
