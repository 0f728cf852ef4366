import json
from pathlib import Path

import pytest

from dropstudy.config.probe import VarianceShift
from dropstudy.errors import StudyError
from dropstudy.runs.probes import ProbeResults, write_probes
from dropstudy.runs.records import RunResult
from dropstudy.studies.directory import settle_plan
from dropstudy.studies.progress import find_jobs, survey
from tests.studies.makers import STUDY, leave_run, plan_study

FINISHED = RunResult("finished", monitor="val_loss")
FAILED = RunResult("failed", "no memory", monitor="val_loss")


def test_a_plan_is_settled_once(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path)
    settle_plan(directory, plan)
    content = directory.plan.read_text()
    settle_plan(directory, plan)

    assert directory.plan.read_text() == content
    stored = json.loads(content)
    assert stored["fingerprint"] == plan.fingerprint
    assert stored["amendments"] == []
    assert stored["plan"]["question"] == "Does it matter where dropout stands?"


def test_another_plan_is_refused_unless_it_is_an_amendment(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path)
    settle_plan(directory, plan)
    _, other = plan_study(tmp_path, STUDY.replace("seeds: 2", "seeds: 3"))

    with pytest.raises(StudyError, match=r"another plan: seeds changed since; .* --amend 'REASON'"):
        settle_plan(directory, other)
    with pytest.raises(StudyError, match="--amend: give the reason"):
        settle_plan(directory, other, amendment=" ")
    settle_plan(directory, other, amendment="power was low")
    stored = json.loads(directory.plan.read_text())
    assert stored["fingerprint"] == other.fingerprint
    (amendment,) = stored["amendments"]
    assert (amendment["reason"], amendment["changed"]) == ("power was low", ["seeds"])
    settle_plan(directory, other)
    assert len(json.loads(directory.plan.read_text())["amendments"]) == 1


def test_runs_belong_to_the_place_whose_settings_and_seed_they_have(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path)
    planned = list(plan.runs())
    done = leave_run(directory, planned[2], FINISHED)
    leave_run(directory, planned[1], FAILED)
    _, other = plan_study(tmp_path, STUDY.replace("rate: 0.1", "rate: 0.2"))
    leave_run(directory, list(other.runs())[3], FINISHED)

    places = survey(directory, plan)
    assert [place.planned for place in places] == planned
    assert [place.state for place in places] == ["waiting", "failed", "finished", "waiting"]
    assert places[2].run is not None
    assert places[2].run.directory == done


def test_of_several_runs_of_one_place_the_one_that_has_come_farthest_counts(
    tmp_path: Path,
) -> None:
    directory, plan = plan_study(tmp_path)
    first = next(plan.runs())
    leave_run(directory, first, FAILED)
    done = leave_run(directory, first, FINISHED)
    leave_run(directory, first, FAILED)

    place = survey(directory, plan)[0]
    assert place.run is not None
    assert place.run.directory == done


def test_a_damaged_run_counts_as_none(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path)
    run = leave_run(directory, next(plan.runs()), FINISHED)
    run.settings.write_text("{")

    assert survey(directory, plan)[0].state == "waiting"


def test_what_is_neither_done_nor_failed_is_to_be_done_in_the_plans_order(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path)
    planned = list(plan.runs())
    leave_run(directory, planned[0], FINISHED)
    leave_run(directory, planned[1], FAILED)
    places = survey(directory, plan)

    assert [job.number for job in find_jobs(directory, places)] == [2, 3]
    jobs = find_jobs(directory, places, again=True)
    assert [job.number for job in jobs] == [1, 2, 3]
    assert [job.resume for job in jobs] == [None] * 3, "a failed run begins anew"
    assert jobs[0].settings["dropout"]["skip"]["rate"] == 0.1
    assert Path(jobs[0].runs) == directory.runs.resolve()
    assert type(jobs[0]).from_line(jobs[0].to_line()) == jobs[0]


def test_a_finished_run_whose_probes_are_not_all_known_is_probed(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path)
    planned = list(plan.runs())
    done = [leave_run(directory, own, FINISHED) for own in planned[:2]]
    probe = VarianceShift(kind="variance_shift")
    for run in done:
        run.model.write_bytes(b"a network")
    setting = probe.model_dump(mode="json")
    write_probes(done[1], ProbeResults().with_answer(setting, {"mean": 1.0}))
    jobs = find_jobs(directory, survey(directory, plan), probes=[probe])

    assert [job.number for job in jobs] == [0, 2, 3]
    assert [job.resume for job in jobs] == [str(done[0].path.resolve()), None, None]
    assert all(job.probes == [setting] for job in jobs)
    assert type(jobs[0]).from_line(jobs[0].to_line()) == jobs[0]
