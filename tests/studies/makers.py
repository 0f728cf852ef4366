"""Tiny studies, and run directories as their workers would leave them."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dropstudy.config import Experiment
from dropstudy.config.study_loading import load_study
from dropstudy.runs.directory import RunDirectory, write_json
from dropstudy.runs.records import RunResult, append_epoch, write_result
from dropstudy.runs.settings import settings_files
from dropstudy.studies.directory import StudyDirectory
from dropstudy.studies.jobs import Event, Job
from dropstudy.studies.plan import Plan, PlannedRun, make_plan
from tests.analysis.runs import ENVIRONMENT, make_epoch

BASE = """\
name: base
data: {kind: photos, collection: tiny, patch_size: 16}
task: {kind: pixelate, block: 4}
architecture: {kind: unet, depth: 1, filters: 2}
"""
STUDY = """\
name: trial
question: Does it matter where dropout stands?
hypothesis: It does not.
base: base.yaml
arms:
  none: {}
  spatial: {dropout.skip: {kind: spatial, rate: 0.1}}
seeds: 2
"""


def make_study(folder: Path, text: str = STUDY) -> Path:
    """The study's file, beside its base."""
    (folder / "base.yaml").write_text(BASE)
    (folder / "study.yaml").write_text(text)
    return folder / "study.yaml"


def plan_study(folder: Path, text: str = STUDY) -> tuple[StudyDirectory, Plan]:
    """The study's plan, and where it will lie."""
    plan = make_plan(load_study(make_study(folder, text)))
    directory = StudyDirectory(folder / "studies" / plan.study.name)
    directory.runs.mkdir(parents=True, exist_ok=True)
    return directory, plan


def leave_run(
    directory: StudyDirectory, planned: PlannedRun, result: RunResult | None = None
) -> RunDirectory:
    """A run's directory with its result, if it has one."""
    files = settings_files(planned.experiment)
    made = RunDirectory.create(directory.runs, planned.arm, files=files)
    if result is not None:
        write_result(made, replace(result))
    return made


class ScoringExecutor:
    """Finishes runs at once, each with a validation PSNR that is given, and trains nothing."""

    def __init__(self, score: Callable[[str, int], float | None]) -> None:
        """Takes the PSNR for an arm and a seed; None: the run fails."""
        self._score = score
        self.done: list[tuple[str, int]] = []

    @contextmanager
    def run(self, jobs: Sequence[Job]) -> Iterator[Iterator[Event]]:
        """All jobs, one after the other."""
        yield map(self._finish, jobs)

    def _finish(self, job: Job) -> Event:
        experiment = Experiment.model_validate_json(json.dumps(job.settings))
        self.done.append((experiment.name, experiment.seed))
        score = self._score(*self.done[-1])
        directory = RunDirectory.create(
            Path(job.runs), experiment.name, files=settings_files(experiment)
        )
        write_json(directory.environment, ENVIRONMENT)
        if score is None:
            write_result(directory, RunResult("failed", "no memory", monitor="val_loss"))
            return Event(job.number, "failed", str(directory.path), error="no memory")
        epochs = [make_epoch(number, psnr=score, seconds=1.0) for number in (1, 2)]
        for epoch in epochs:
            append_epoch(directory, epoch)
        write_result(directory, RunResult("finished", epochs=epochs, monitor="val_loss"))
        return Event(job.number, "finished", str(directory.path), 2, score)
