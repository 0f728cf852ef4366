"""The sections of a study's report in Markdown."""

import shlex
from collections.abc import Iterator
from dataclasses import replace

from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.study_account import StudyAccount
from dropstudy.analysis.study_wording import (
    describe_failures,
    describe_plan,
    power_statements,
    verdict_sentence,
    warn_of_copies,
)
from dropstudy.analysis.table import Table
from dropstudy.analysis.tables import comparison_tables
from dropstudy.analysis.timing_findings import TimingFindings
from dropstudy.analysis.timing_wording import (
    answer_timing,
    describe_drift,
    describe_noise,
    explain_timing,
)
from dropstudy.analysis.wording import answer, explain, warn_of_baselines
from dropstudy.reports.study.arm_tables import (
    tabulate_claims,
    tabulate_confounds,
    tabulate_findings,
    tabulate_models,
    tabulate_seeds,
    tabulate_timing,
)
from dropstudy.reports.study.machine import describe_machine
from dropstudy.reports.study.markup import code, escape, items, table

FINDINGS = "findings.md"


def write_head(account: StudyAccount) -> Iterator[str]:
    """Question, hypothesis and the answer in a sentence."""
    yield f"# {escape(account.name)}"
    yield f"**Question.** {escape(account.question)}"
    yield f"**Hypothesis.** {escape(account.hypothesis)}"
    yield f"**Verdict.** {escape(verdict_sentence(account))}"
    warnings = warn_of_copies(account)
    if account.comparison is not None:
        warnings += warn_of_baselines(account.comparison)
    if warnings:
        yield items(warnings)


def write_findings(findings: str) -> Iterator[str]:
    """What its authors say was found, as they wrote it."""
    yield "## What was found"
    yield findings.strip() or (
        f"*Nobody has written that yet: put it into `{FINDINGS}` beside this file, and write the "
        "report again.*"
    )


def write_arms(account: StudyAccount) -> Iterator[str]:
    """What each arm is, and what was found of it."""
    yield "## The arms"
    yield table(tabulate_models(account))
    if any(arm.planned for arm in account.arms):
        yield table(tabulate_findings(account))
    comparison = account.comparison
    if comparison is None:
        return
    yield items(answer(comparison, own) for own in comparison.contrasts)
    seeds = tabulate_seeds(comparison)
    if seeds is not None:
        yield _fold(seeds)


def write_timing(findings: TimingFindings) -> Iterator[str]:
    """What a step of each arm takes, and what can be said of that."""
    yield "## Time"
    yield table(tabulate_timing(findings))
    answers = [answer_timing(contrast) for contrast in findings.contrasts]
    yield items(
        [*answers, describe_noise(findings), describe_drift(findings), *explain_timing(findings)]
    )


def write_claims(account: StudyAccount) -> Iterator[str]:
    """What was claimed beforehand, and what has become of it."""
    yield "## Claims"
    yield table(tabulate_claims(account))


def write_doubts(account: StudyAccount) -> Iterator[str]:
    """What else could explain the findings, what went wrong, what could have been found."""
    comparison = account.comparison
    if comparison is not None:
        confounds = tabulate_confounds(comparison)
        yield "## What else may explain a difference"
        yield (
            table(confounds)
            if confounds.rows
            else ("Nothing that was noted: but for what makes the arms, their runs were alike.")
        )
    yield "## Failures"
    yield items(describe_failures(account)) or "None."
    power = power_statements(account)
    if power:
        yield "## What this study could have found"
        yield items(power)


def write_method(account: StudyAccount) -> Iterator[str]:
    """How it was computed, on what, and how to do it again."""
    comparison = account.comparison
    if comparison is not None:
        yield "## How it was computed"
        # What makes the arms was settled beforehand; the rest has a section of its own.
        yield items(explain(replace(comparison, differences=())))
        yield _fold(_tests(comparison))
    yield "## The plan"
    yield items(describe_plan(account))
    yield "## The machine"
    yield items(describe_machine(account)) or "Nothing was noted."
    if account.file:
        file = shlex.quote(account.file)
        yield "## To do it again"
        folder = shlex.quote(f"docs/studies/{account.name}")
        yield code(f"dropstudy study run {file}\ndropstudy study report {file} --output {folder}")
    yield f"Plan `{account.fingerprint}`"


def _tests(comparison: Comparison) -> Table:
    return comparison_tables(comparison)[0]


def _fold(content: Table) -> str:
    """A table that is shown when it is asked for."""
    title = f"<details>\n<summary>{escape(content.title)}</summary>"
    return f"{title}\n\n{table(content)}\n\n</details>"
