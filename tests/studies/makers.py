"""Tiny studies, and run directories as their workers would leave them."""

from dataclasses import replace
from pathlib import Path

from dropstudy.config.study_loading import load_study
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.records import RunResult, write_result
from dropstudy.runs.settings import settings_files
from dropstudy.studies.directory import StudyDirectory
from dropstudy.studies.plan import Plan, PlannedRun, make_plan

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
