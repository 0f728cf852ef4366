from pathlib import Path

from dropstudy.config.probe import VarianceShift
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.probes import read_probes
from dropstudy.studies.directory import StudyDirectory
from dropstudy.studies.jobs import Event
from dropstudy.studies.local import LocalExecutor
from dropstudy.studies.plan import Plan
from dropstudy.studies.progress import find_jobs, survey
from tests.studies.makers import STUDY, plan_study

ONE_RUN = """\
settings:
  architecture.normalization: batch
  training: {epochs: 1, steps_per_epoch: 1, batch_size: 2}
  data: {kind: photos, collection: tiny, patch_size: 16, evaluation_size: 16}
  runtime: {device: cpu, precision: float32}
  samples: {count: 0, images: 0}
"""
PROBE = VarianceShift(kind="variance_shift", patches=8)


def _train(directory: StudyDirectory, plan: Plan) -> list[Event]:
    jobs = find_jobs(directory, survey(directory, plan), probes=[PROBE])[:1]
    with LocalExecutor(1, log=directory.workers_log).run(jobs) as heard:
        return list(heard)


def test_a_run_is_probed_when_it_ends_or_later_if_it_was_killed_in_between(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path, STUDY + ONE_RUN)
    *_, end = _train(directory, plan)
    assert end.stage == "finished", end.error
    run = RunDirectory(Path(str(end.path)))
    found = read_probes(run)
    assert found.values["variance_shift.mean"] >= 1

    run.probes.unlink()
    trained = run.result.read_bytes()
    events = _train(directory, plan)
    assert [(event.stage, event.path, event.epoch) for event in events] == [
        ("finished", str(run.path), 1)
    ]
    assert read_probes(run) == found
    assert run.result.read_bytes() == trained

    assert find_jobs(directory, survey(directory, plan), probes=[PROBE])[0].number == 1
