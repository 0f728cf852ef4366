"""What a study says as a whole, in sentences."""

import re
from collections.abc import Iterator, Sequence

from dropstudy.analysis import cells
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.contrasts import Contrast
from dropstudy.analysis.enumeration import MOST_NAMED, join, name_arms
from dropstudy.analysis.study_account import Amendment, ArmAccount, Failure, StudyAccount
from dropstudy.analysis.study_power import power_statements
from dropstudy.analysis.timing_sentence import summarise_timing

__all__ = [
    "describe_failures",
    "describe_plan",
    "power_statements",
    "verdict_sentence",
    "warn_of_copies",
]

_FOLDERS = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?[/\\](?:[^\s/\\:'\"]+[/\\])+")
"""An absolute path up to its last part: where a study lies is no one's business."""


def verdict_sentence(account: StudyAccount) -> str:
    """What the study found, of quality and of cost; preliminary while runs are missing."""
    words = []
    if account.comparison is not None and account.comparison.contrasts:
        words.append(_summarise_quality(account, account.comparison))
    elif any(arm.planned for arm in account.arms):
        words.append(_explain_silence(account))
    if account.timing is not None:
        words.append(summarise_timing(account.timing))
    return " ".join(words) or "Nothing is trained or timed yet."


def warn_of_copies(account: StudyAccount) -> list[str]:
    """A sentence for each arm some of whose networks return their input."""
    return [
        f"{_of_networks(arm)} returned {'its' if arm.returned_input == 1 else 'their'} input."
        for arm in account.arms
        if arm.returned_input
    ]


def describe_failures(account: StudyAccount) -> list[str]:
    """Everything that went wrong, a sentence each, without the paths of the machine."""
    words = [_describe_failure(failure) for failure in account.failures]
    if words and account.is_complete:
        words.append("All runs are finished nevertheless.")
    return words


def describe_plan(account: StudyAccount) -> list[str]:
    """What was settled beforehand, when, and what was changed of it later."""
    lines = []
    runs = sum(arm.planned for arm in account.arms)
    if runs:
        finished = sum(arm.finished for arm in account.arms)
        lines.append(
            f"{cells.count_of(len(account.arms), 'arm')}, {cells.count_of(runs, 'run')}"
            f"{'' if account.is_complete else f', {finished:,} of them finished'}."
        )
        lines.append(_describe_level(account))
    if account.timing is not None:
        repeats = cells.count_of(account.timing.repeats, "repeat")
        lines.append(f"The arms were timed against each other in {repeats}.")
    for arm in account.arms:
        if arm.also:
            others = join(arm.also)
            lines.append(f"{arm.name} is the same model as {others}, and trained once.")
        if arm.control_of is not None:
            lines.append(f"{arm.name} is a control of {arm.control_of}.")
    settled = account.settled and f", settled {account.settled} before anything was trained"
    lines.append(f"Plan {account.fingerprint[:12]}{settled or ', not settled yet'}.")
    return lines + [_describe_amendment(own) for own in account.amendments]


def _explain_silence(account: StudyAccount) -> str:
    finished = sum(arm.finished for arm in account.arms)
    runs = sum(arm.planned for arm in account.arms)
    if not finished:
        return f"Nothing is known yet: of {cells.count_of(runs, 'run')} none is finished."
    if len(account.arms) == 1:
        return f"{account.arms[0].name} is the only arm; there is nothing to hold it against."
    return (
        f"Nothing is known yet: {finished:,} of {cells.count_of(runs, 'run')} "
        f"{'is' if finished == 1 else 'are'} finished, and a difference takes finished runs of "
        f"{account.arms[0].name} and of another arm."
    )


def _summarise_quality(account: StudyAccount, comparison: Comparison) -> str:
    finished = sum(arm.finished for arm in account.arms)
    planned = sum(arm.planned for arm in account.arms)
    counts = sorted({own.judgement.count for own in comparison.contrasts})
    seeds = cells.count_of(counts[-1], "seed")
    if len(counts) > 1:
        seeds = f"{counts[0]} to {seeds}"
    around = ""
    if any(own.judgement.interval for own in comparison.contrasts):
        around = f" (with {cells.percent(1 - comparison.level)} intervals)"
    preliminary = "" if account.is_complete else f"After {finished:,} of {planned:,} runs, b"
    known = "; ".join(_clauses(account, comparison))
    return f"{preliminary or 'B'}y {comparison.measure.label} over {seeds}{around}: {known}."


def _clauses(account: StudyAccount, comparison: Comparison) -> Iterator[str]:
    measure, baseline = comparison.measure, comparison.baseline.label
    by_verdict: dict[str, list[Contrast]] = {}
    for own in comparison.contrasts:
        by_verdict.setdefault("obstacle" if own.obstacle else own.verdict, []).append(own)
    for verdict, does in (("better", measure.better), ("worse", measure.worse)):
        if own_arms := by_verdict.get(verdict):
            yield f"{_each(comparison, own_arms)} {does} {baseline}{_by(comparison, own_arms)}"
    if alike := by_verdict.get("equivalent"):
        within = f"within ±{cells.margin(measure, comparison.margin)}"
        names = name_arms([own.arm.label for own in alike])
        yield f"{names} {measure.as_good} {baseline}, {within}"
    if undecided := by_verdict.get("inconclusive"):
        names = _list_undecided(comparison, undecided)
        yield f"nothing can be said of {names} against {baseline}{_too_few(undecided)}"
    for own in by_verdict.get("obstacle", []):
        yield f"{own.arm.label} and {baseline} cannot be compared: {own.obstacle}"
    missing = [arm.name for arm in account.arms if arm.planned and not arm.finished]
    if missing:
        yield f"no run of {name_arms(missing, each='')} is finished"


def _each(comparison: Comparison, contrasts: Sequence[Contrast]) -> str:
    """One arm by its name, several with their differences, many as a number."""
    labels = [own.arm.label for own in contrasts]
    if len(contrasts) == 1 or len(contrasts) > MOST_NAMED:
        return name_arms(labels)
    found = [f"{own.arm.label} (by {_size(comparison, own)})" for own in contrasts]
    return f"each of {join(found)}"


def _by(comparison: Comparison, contrasts: Sequence[Contrast]) -> str:
    if len(contrasts) == 1:
        return f" by {_size(comparison, contrasts[0])}"
    if len(contrasts) <= MOST_NAMED:
        return ""
    ordered = sorted(contrasts, key=lambda own: abs(own.judgement.mean or 0.0))
    least, most = ordered[0], ordered[-1]
    return (
        f", from {_size(comparison, least)} ({least.arm.label}) "
        f"to {_size(comparison, most)} ({most.arm.label})"
    )


def _size(comparison: Comparison, contrast: Contrast) -> str:
    """How large a difference is, whichever way it points: ``0.21 dB (0.12 to 0.30)``."""
    judgement, measure = contrast.judgement, comparison.measure
    mean = judgement.mean or 0.0
    words = measure.write(abs(mean))
    if judgement.interval is None:
        return words
    ends = sorted(end if mean >= 0 else -end for end in _ends(contrast))
    low, high = (cells.number(end, f".{measure.decimals}f") for end in ends)
    return f"{words} ({low} to {high})"


def _ends(contrast: Contrast) -> tuple[float, ...]:
    interval = contrast.judgement.interval
    return (interval.low, interval.high) if interval else ()


def _list_undecided(comparison: Comparison, contrasts: Sequence[Contrast]) -> str:
    if len(contrasts) > MOST_NAMED:
        return f"{len(contrasts)} arms"
    measure = comparison.measure
    return join(
        [
            f"{own.arm.label} ({measure.write(own.judgement.mean, signed=True)}"
            + (
                f", {cells.ends(own.judgement.interval, f'+.{measure.decimals}f')})"
                if own.judgement.interval
                else ")"
            )
            for own in contrasts
        ]
    )


def _too_few(contrasts: Sequence[Contrast]) -> str:
    """That no difference could have been shown, so that clear numbers do not puzzle."""
    if any(own.judgement.within_reach for own in contrasts):
        return ""
    most = max(own.judgement.count for own in contrasts)
    are = "is" if most == 1 else "are"
    return f": {cells.count_of(most, 'seed')} {are} too few to show any difference"


def _of_networks(arm: ArmAccount) -> str:
    if arm.finished == arm.returned_input:
        whole = "The network" if arm.finished == 1 else f"All {arm.finished} networks"
        return f"{whole} of {arm.name}"
    return f"{arm.returned_input} of {arm.finished} networks of {arm.name}"


def _describe_level(account: StudyAccount) -> str:
    words = f"Verdicts hold at level {account.level:.2g} over all arms"
    if account.looks > 1:
        words += f", at each of {account.looks} looks"
    if account.amendments:
        words += ", not counting what was seen before the plan was amended"
    return f"{words}."


def _describe_failure(failure: Failure) -> str:
    error = " ".join(_FOLDERS.sub("…/", failure.error).split())
    what = "its process died" if failure.stage == "crashed" else "failed"
    return f"{failure.arm}, seed {failure.seed}, {failure.when}: {what}: {error}"


def _describe_amendment(amendment: Amendment) -> str:
    reason = amendment.reason.rstrip(".")
    return f"Amended {amendment.when}: {reason} (changed: {', '.join(amendment.changed)})."
