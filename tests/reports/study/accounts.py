"""Accounts of small studies, made of chosen numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dropstudy.analysis.study_account import StudyAccount
from dropstudy.studies.accounts import account_for
from dropstudy.studies.directory import settle_plan
from tests.studies.finished import finish_runs
from tests.studies.makers import STUDY, plan_study

PSNRS = {
    "none": [25.0, 25.4, 24.8, 25.1, 25.2, 24.9],
    "spatial": [25.5, 25.9, 25.4, 25.5, 25.8, 25.3],
}


def make_account(
    folder: Path,
    psnrs: Mapping[str, Sequence[float]] = PSNRS,
    *,
    text: str = STUDY,
    environment: Mapping[str, Any] | None = None,
) -> StudyAccount:
    """A study of two arms with six seeds, as many of them finished as there are PSNRs."""
    folder.mkdir(exist_ok=True)
    directory, plan = plan_study(folder, text.replace("seeds: 2", "seeds: 6"))
    settle_plan(directory, plan)
    finish_runs(directory, plan, psnrs, environment=environment)
    return account_for(directory, plan, file="configs/trial.yaml")
