"""How a run goes on whose node was lost, told from its directory alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from dropstudy.config import Experiment
from dropstudy.runs.records import RunResult, append_epoch, write_result
from dropstudy.studies import ray_losses
from dropstudy.studies.directory import StudyDirectory
from dropstudy.studies.jobs import Event, Job
from dropstudy.studies.plan import PlannedRun
from dropstudy.studies.progress import find_jobs, survey
from dropstudy.studies.ray_losses import go_on_with
from tests.analysis.runs import make_epoch
from tests.runs.holding import another_process
from tests.studies.makers import leave_run, plan_study

Planned = tuple[StudyDirectory, PlannedRun, Job]


@pytest.fixture
def planned(tmp_path: Path) -> Planned:
    """A study's first training as it was when the study began."""
    directory, plan = plan_study(tmp_path)
    places = survey(directory, plan)
    return directory, places[0].planned, find_jobs(directory, places)[0]


def test_a_run_that_was_not_begun_is_begun_elsewhere(planned: Planned) -> None:
    _, _, job = planned
    assert go_on_with(job, None) == job


def test_a_run_is_gone_on_with_also_if_its_beginning_was_not_heard(planned: Planned) -> None:
    directory, planned_run, job = planned
    leave_run(directory, replace(planned_run, experiment=_of_seed(planned_run, 1)))
    begun = leave_run(directory, planned_run)

    again = replace(job, resume=str(begun.path))
    assert go_on_with(job, None) == again
    assert go_on_with(job, str(begun.path)) == again
    assert go_on_with(again, None) == again


def test_a_failed_run_that_is_tried_again_is_not_taken_for_its_new_trial(planned: Planned) -> None:
    directory, planned_run, job = planned
    leave_run(directory, planned_run, RunResult("failed", "no memory", monitor="val_loss"))
    assert go_on_with(job, None) == job


def test_a_run_without_a_checkpoint_starts_over(planned: Planned) -> None:
    directory, planned_run, job = planned
    begun = leave_run(directory, planned_run)
    append_epoch(begun, make_epoch(1, psnr=24.0, seconds=1.0))
    assert go_on_with(job, str(begun.path)) == job


def test_an_end_that_was_not_heard_is_taken_from_the_directory(planned: Planned) -> None:
    directory, planned_run, job = planned
    epochs = [make_epoch(number, psnr=23.0 + number, seconds=1.0) for number in (1, 2)]
    done = leave_run(directory, planned_run)
    for epoch in epochs:
        append_epoch(done, epoch)
    write_result(done, RunResult("finished", epochs=epochs, monitor="val_psnr"))
    path = str(done.path)
    assert go_on_with(job, path) == Event(job.number, "finished", path, 2, 25.0)

    write_result(done, RunResult("failed", "no memory", epochs=epochs, monitor="val_psnr"))
    assert go_on_with(job, path) == Event(job.number, "failed", path, 2, 25.0, "no memory")


def test_a_process_that_outlives_its_node_is_waited_for(planned: Planned) -> None:
    directory, planned_run, job = planned
    begun = leave_run(directory, planned_run)
    looks: list[int] = []

    with another_process(begun) as writer:

        def is_wanted() -> bool:
            looks.append(1)
            if len(looks) == 3:
                writer.kill()
                writer.wait()
            return True

        again = go_on_with(job, str(begun.path), is_wanted=is_wanted)

    assert len(looks) == 3
    assert again == replace(job, resume=str(begun.path))


def test_a_lock_that_is_never_freed_ends_the_job_and_the_file_is_named(
    planned: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_losses, "LOCK_SECONDS", 0.3)
    directory, planned_run, job = planned
    begun = leave_run(directory, planned_run)
    with another_process(begun):
        event = go_on_with(job, str(begun.path))

    assert event == Event(
        job.number,
        "crashed",
        str(begun.path),
        error=f"its node was lost, but {begun.process} is still locked; once that process is "
        "surely gone, remove the file and go on with --resume",
    )


def _of_seed(planned: PlannedRun, seed: int) -> Experiment:
    return planned.experiment.model_copy(update={"seed": seed})
