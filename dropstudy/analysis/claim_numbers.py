"""The numbers that a claim is judged by, and what speaks against judging it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dropstudy.analysis.arms import arm_traits
from dropstudy.analysis.confounds import UNKNOWN, name_circumstances
from dropstudy.analysis.cost import measure_cost
from dropstudy.analysis.cost_noise import find_noise, typical_drift
from dropstudy.analysis.measures import find_measure
from dropstudy.analysis.timing import ArmTiming, Drift, TimingFindings
from dropstudy.analysis.timing_verdicts import write_share
from dropstudy.config.claims import COSTS, COUNTS, Claim
from dropstudy.config.study import PROBED
from dropstudy.runs.reading import Run

_TIMED = ("step_seconds", "epoch_seconds")
"""What a timing session measures again and again."""


@dataclass(frozen=True)
class ClaimEvidence:
    """What a study has found, as far as it has come.

    Attributes:
        runs: Each arm's finished runs, one a seed.
        planned: How many each arm shall have.
        models: The arm that is trained under each name of an arm.
        timing: What the study's timing session says; None: there is none.
        timing_objection: What speaks against any verdict of that; empty for nothing.
        awaits_timing: Whether there shall be a timing session.
    """

    runs: Mapping[str, Sequence[Run]]
    planned: Mapping[str, int]
    models: Mapping[str, str]
    timing: TimingFindings | None = None
    timing_objection: str = ""
    awaits_timing: bool = False


@dataclass(frozen=True)
class ClaimNumbers:
    """One number for each seed or repeat.

    Attributes:
        values: Differences, an arm's own numbers, or logarithms of ratios.
        over: What each belongs to.
        objection: Why nothing follows from them; empty where something may.
        reach: How far the mean may be off for other reasons than chance.
        reason: Which those are.
    """

    values: tuple[float, ...]
    over: Literal["seeds", "repeats"] = "seeds"
    objection: str = ""
    reach: float = 0.0
    reason: str = ""


def gather(claim: Claim, evidence: ClaimEvidence) -> ClaimNumbers:
    """What the study has of the numbers that a claim is about.

    Costs are taken from the timing session where it timed both arms, and otherwise from runs;
    quality and counts from runs alone.
    """
    arms = [evidence.models[name] for name in (claim.arm, claim.against) if name is not None]
    if claim.metric in _TIMED and evidence.timing is not None:
        if set(arms) <= {arm.name for arm in evidence.timing.arms}:
            return _from_session(claim.metric, arms, evidence.timing, evidence.timing_objection)
    elif claim.metric in _TIMED and evidence.awaits_timing:
        return ClaimNumbers((), "repeats", "the arms have not been timed yet")
    return _from_runs(claim, arms, evidence)


def _from_session(
    metric: str, arms: Sequence[str], timing: TimingFindings, objection: str
) -> ClaimNumbers:
    timings = {arm.name: arm for arm in timing.arms}
    (arm, over_arm), (other, over_other) = (_log_ratios(timing, name) for name in arms)
    if arm != other:
        return ClaimNumbers((), "repeats", "the two were not timed against one arm")
    values = [one - two for one, two in zip(over_arm, over_other, strict=True)]
    if metric == "epoch_seconds":
        steps = [_seconds_per_step(timings[name]) for name in arms]
        values = [value + math.log(steps[0] / steps[1]) for value in values]
    reach, reason = _find_reach(timing, arms, values)
    return ClaimNumbers(tuple(values), "repeats", objection, reach, reason)


def _log_ratios(timing: TimingFindings, name: str) -> tuple[str, Sequence[float]]:
    """The arm that one is held against in the end, and the logarithm of each repeat's ratio."""
    total = [0.0] * timing.repeats
    contrasts = {contrast.arm: contrast for contrast in timing.contrasts}
    while (contrast := contrasts.pop(name, None)) is not None:
        total = [
            sum_so_far + math.log(ratio)
            for sum_so_far, ratio in zip(total, contrast.repeat_ratios, strict=True)
        ]
        name = contrast.baseline
    return name, total


def _seconds_per_step(arm: ArmTiming) -> float:
    """Seconds of an epoch over those of a step: its steps."""
    return arm.epoch_seconds / arm.step_milliseconds


def _find_reach(
    timing: TimingFindings, arms: Sequence[str], values: Sequence[float]
) -> tuple[float, str]:
    """How far a ratio of the session may be off, by its noise and by its own drift."""
    own = [noise for noise in timing.noises if noise.baseline in arms]
    noise = max(each.reach for each in own or timing.noises or [timing.noise])
    drift = abs(Drift.of([math.exp(value) for value in values]).sure_change)
    if drift > noise:
        return drift, f"it drifted by {write_share(drift)} within the session"
    return noise, f"an arm may differ from itself by {write_share(noise)}"


def _from_runs(claim: Claim, arms: Sequence[str], evidence: ClaimEvidence) -> ClaimNumbers:
    sides = [evidence.runs.get(arm, ()) for arm in arms]
    read = [{run.seed: _read(run, claim.metric) for run in runs} for runs in sides]
    known = [{seed: own for seed, own in side.items() if own is not None} for side in read]
    values = _combine(claim, known)
    objection = _find_objection(claim, arms, evidence) or _find_gap(claim, read)
    if claim.metric not in COSTS or not all(sides):
        return ClaimNumbers(values, objection=objection)
    costs = {run.directory.path: measure_cost(run) for runs in sides for run in runs}
    # However large the effect: how near the bound drift comes is judged with the interval.
    noise = find_noise(sides, ratio=math.inf, costs=costs, margin=1.0, factor="dropout")
    drifts = [typical_drift([costs[run.directory.path] for run in runs]) for runs in sides]
    reach = max(abs(math.log(drift)) for drift in drifts)
    reason = f"epochs drifted by {write_share(reach)} within runs" if reach else ""
    return ClaimNumbers(values, "seeds", objection or noise, reach, reason)


def _read(run: Run, metric: str) -> float | None:
    """A run's number; None where it has none."""
    value: float | None
    if metric in COSTS:
        value = getattr(measure_cost(run), metric)
    elif metric in COUNTS:
        value = run.result.get(metric)
    elif metric.startswith(PROBED):
        value = find_measure(metric).read(run)
    elif metric.startswith("test_"):
        value = run.test.get(metric.removeprefix("test_"))
    else:
        value = getattr(run.final, metric) if run.final else None
    return None if value is None or not math.isfinite(value) else float(value)


def _combine(claim: Claim, known: Sequence[Mapping[int, float]]) -> tuple[float, ...]:
    if claim.form == "value":
        return tuple(known[0].values())
    seeds = [seed for seed in known[0] if seed in known[1]]
    pairs = [(known[0][seed], known[1][seed]) for seed in seeds]
    if claim.form == "difference":
        return tuple(one - other for one, other in pairs)
    return tuple(math.log(one / other) for one, other in pairs if one > 0 and other > 0)


def _find_objection(claim: Claim, arms: Sequence[str], evidence: ClaimEvidence) -> str:
    planned = sum(evidence.planned.get(arm, 0) for arm in arms)
    runs = [run for arm in arms for run in evidence.runs.get(arm, ())]
    if not planned:
        return "the study trains no runs" if claim.metric not in COSTS else "it was not timed"
    if len(runs) < planned:
        return f"{len(runs)} of {planned} runs are finished"
    for arm in arms:
        own = evidence.runs.get(arm, ())
        if len({repr(sorted(arm_traits(run).items())) for run in own}) > 1:
            return f"the runs of {arm} were not trained alike"
    if claim.form == "value" or claim.metric in (*COSTS, *COUNTS):
        return ""
    if len({repr(run.settings["task"]) for run in runs}) > 1:
        return "the runs had different tasks"
    circumstances = [name_circumstances(run) for run in runs]
    for key, what in (
        ("data fingerprint", "saw different images"),
        ("degraded images", "were scored on different pixels"),
    ):
        if len({own[key] for own in circumstances} - {UNKNOWN}) > 1:
            return f"the runs {what}"
    return ""


def _find_gap(claim: Claim, read: Sequence[Mapping[int, float | None]]) -> str:
    """Runs without the number: to leave them out would be to choose among the seeds."""
    numbers = [number for side in read for number in side.values()]
    missing = sum(number is None for number in numbers)
    if missing:
        return f"{missing} of {len(numbers)} runs have no {claim.metric}"
    if claim.form == "ratio" and any(number is not None and number <= 0 for number in numbers):
        return f"a run has a {claim.metric} of 0, and nothing has a ratio to that"
    return ""
