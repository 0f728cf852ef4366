"""A whole study as one HTML file that needs nothing else."""

import base64
from dataclasses import replace
from pathlib import Path

from dropstudy.analysis.cells import count_of
from dropstudy.analysis.claims import ClaimState
from dropstudy.analysis.study_account import StudyAccount
from dropstudy.analysis.study_power import power_statements
from dropstudy.analysis.study_wording import (
    describe_failures,
    describe_plan,
    verdict_sentence,
    warn_of_copies,
)
from dropstudy.analysis.table import Table
from dropstudy.analysis.tables import comparison_tables
from dropstudy.analysis.timing_wording import (
    answer_timing,
    describe_drift,
    describe_noise,
    explain_timing,
)
from dropstudy.analysis.wording import answer, explain, warn_of_baselines
from dropstudy.reports.origin import list_facts
from dropstudy.reports.page import refuse_others_file, render_page, write_page
from dropstudy.reports.samples import embed_samples
from dropstudy.reports.study.arm_tables import (
    tabulate_confounds,
    tabulate_findings,
    tabulate_models,
    tabulate_seeds,
    tabulate_timing,
)
from dropstudy.reports.study.cost import why_no_cost
from dropstudy.reports.study.figures import study_figures
from dropstudy.reports.study.pictures import draw_pictures

_SIGNS: dict[ClaimState, str] = {"confirmed": "✓", "refuted": "✗", "undecided": "?"}


def write_study_page(account: StudyAccount, path: Path, *, images: int, force: bool = False) -> int:
    """Writes the page, whole or not at all.

    Args:
        account: What to report.
        path: The file.
        images: The most images to show.
        force: Whether a file that is no report may be replaced.

    Returns:
        The file's size in bytes.

    Raises:
        ConfigError: Something else is there already.
        DataError: A saved image cannot be read.
        RunDirectoryError: The file cannot be written.
    """
    refuse_others_file(path, overwrite=force)
    return write_page(path, render_study(account, images=images))


def render_study(account: StudyAccount, *, images: int) -> str:
    """The page as HTML, the same text for the same runs."""
    comparison = account.comparison
    doubts = tabulate_confounds(comparison) if comparison else None
    content = {
        "title": account.name,
        "question": account.question,
        "hypothesis": account.hypothesis,
        "circumstances": _describe(account),
        "verdict": verdict_sentence(account),
        "copies": warn_of_copies(account),
        "warnings": warn_of_baselines(comparison) if comparison else [],
        "answers": _answer(account),
        "tables": _tabulate(account),
        "figures": study_figures(account),
        "why_no_cost": why_no_cost(account),
        "pictures": _embed_pictures(account, images),
        "samples": embed_samples(comparison, count=images) if comparison else None,
        "claims": [(_SIGNS[own.state], own) for own in account.claims],
        "confounds": doubts if doubts and doubts.rows else None,
        "failures": describe_failures(account),
        "power": power_statements(account),
        "plan": describe_plan(account),
        "notes": _explain(account),
        "numbers": comparison_tables(comparison) if comparison else [],
        "facts": list_facts(comparison) if comparison else [],
        "fingerprint": account.fingerprint,
        "file": account.file,
    }
    return render_page("study.html", content)


def _describe(account: StudyAccount) -> list[str]:
    planned = sum(arm.planned for arm in account.arms)
    finished = sum(arm.finished for arm in account.arms)
    described = [count_of(len(account.arms), "arm")]
    if planned:
        described.append(f"{finished} of {count_of(planned, 'run')} finished")
    if account.timing is not None:
        described.append(f"timed in {count_of(account.timing.repeats, 'repeat')}")
    described.append(f"plan {account.fingerprint[:12]}")
    described.append(f"settled {account.settled[:10]}" if account.settled else "not settled yet")
    if account.amendments:
        described.append(count_of(len(account.amendments), "amendment"))
    return described


def _answer(account: StudyAccount) -> list[str]:
    answers = []
    if account.comparison is not None:
        comparison = account.comparison
        answers += [answer(comparison, contrast) for contrast in comparison.contrasts]
    if account.timing is not None:
        answers += [answer_timing(contrast) for contrast in account.timing.contrasts]
        answers += [describe_noise(account.timing), describe_drift(account.timing)]
    return answers


def _tabulate(account: StudyAccount) -> list[Table]:
    tables = [tabulate_models(account)]
    if any(arm.planned for arm in account.arms):
        tables.append(tabulate_findings(account))
    seeds = tabulate_seeds(account.comparison) if account.comparison else None
    if seeds is not None:
        tables.append(seeds)
    if account.timing is not None:
        tables.append(tabulate_timing(account.timing))
    return tables


def _explain(account: StudyAccount) -> list[str]:
    notes = []
    if account.comparison is not None:
        notes += explain(replace(account.comparison, differences=()))
    if account.timing is not None:
        notes += explain_timing(account.timing)
    return notes


def _embed_pictures(account: StudyAccount, images: int) -> str:
    """The pictures arm by arm as an address that holds them; empty where none were kept."""
    if account.comparison is None or not images:
        return ""
    content = draw_pictures(account.comparison.arms, count=images)
    if content is None:
        return ""
    return f"data:image/webp;base64,{base64.b64encode(content).decode()}"
