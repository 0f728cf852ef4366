"""What the arms of a timing session cost against each other, and whether that can be told."""

import math
from collections.abc import Sequence
from statistics import median

from dropstudy.analysis import statistics
from dropstudy.analysis.timing_findings import ArmTiming, Drift, TimingContrast, TimingFindings
from dropstudy.analysis.timing_rounds import (
    complete_rounds,
    find_objection,
    log_seconds,
    mean_others,
)
from dropstudy.analysis.timing_verdicts import Evidence, judge_cost, write_share
from dropstudy.errors import ConfigError, DataError
from dropstudy.runs.timings import TimedArm, TimingSession, Turn

__all__ = ["MARGIN", "ArmTiming", "Drift", "TimingContrast", "TimingFindings", "find_timing"]

MARGIN = 0.05
"""A share of the time that does not matter."""


def find_timing(
    session: TimingSession,
    *,
    level: float = 0.05,
    margin: float = MARGIN,
    baseline: str | None = None,
) -> TimingFindings:
    """What a session says of each arm's cost.

    A repeat is a round: the arms there and back. Of each arm it has the mean of the logarithms of
    its two turns' median steps, in which a steady drift of the machine cancels, and of two arms
    their difference, the logarithm of a ratio. Over the repeats these have a mean and an
    interval (`statistics.t_interval`). All intervals of contrasts hold at once with a chance of
    1 − ``level`` (each at ``level`` over their number, Bonferroni); that of the noise is at
    ``level`` by itself.

    Args:
        session: What was measured.
        level: Chance of a false verdict, over all contrasts.
        margin: Share of the time that does not matter.
        baseline: Against which all arms shall be held; None: each against its own.

    Raises:
        ConfigError: No arm is called ``baseline``.
        DataError: No repeat is complete.
    """
    rounds = complete_rounds(session)
    if not rounds:
        raise DataError(
            f"{session.path}: no repeat is complete, so nothing can be compared; time anew"
        )
    arms = {arm.name: arm for arm in session.arms if not arm.again}
    if baseline is not None and baseline not in arms:
        raise ConfigError(f"baseline: got {baseline}; give one of {', '.join(arms)}")
    timings = {name: _describe_arm(arm, session.turns_of(name)) for name, arm in arms.items()}
    logs = {
        arm.name: [log_seconds(session, arm.name, number) for number in rounds]
        for arm in session.arms
    }
    noises = {arm.baseline: _describe_noise(arm, logs, level) for arm in session.arms if arm.again}
    partners = {
        name: baseline or arm.baseline
        for name, arm in arms.items()
        if (arm.baseline if baseline is None else name != baseline)
    }
    against = find_objection(session, len(rounds))
    contrasts = tuple(
        _contrast(
            timings[name],
            timings[partner],
            [one - other for one, other in zip(logs[name], logs[partner], strict=True)],
            noise=noises.get(partner) or _largest(tuple(noises.values())),
            level=level / len(partners),
            margin=margin,
            against=against,
        )
        for name, partner in partners.items()
    )
    return TimingFindings(
        arms=tuple(timings.values()),
        baseline=baseline or next(iter(partners.values()), next(iter(arms))),
        contrasts=contrasts,
        noise=_largest(tuple(noises.values())),
        level=level,
        margin=margin,
        noises=tuple(noises.values()),
        repeats=len(rounds),
        others_share=mean_others(session),
    )


def _describe_arm(arm: TimedArm, turns: Sequence[Turn]) -> ArmTiming:
    medians = tuple(1000 * median(turn.step_seconds) for turn in turns)
    middle = median(medians)
    peaks = [turn.peak_memory_bytes for turn in turns if turn.peak_memory_bytes is not None]
    return ArmTiming(
        name=arm.name,
        step_milliseconds=middle,
        deviation=median(abs(value - middle) for value in medians),
        turn_milliseconds=medians,
        epoch_seconds=arm.steps_per_epoch * middle / 1000,
        images_per_second=1000 * arm.batch_size / middle,
        first_step_seconds=arm.first_step_seconds,
        peak_memory_bytes=max(peaks, default=None),
        drift=Drift.of(medians),
        dropout=arm.dropout,
        layers=arm.layers,
        values=arm.values,
        batch_size=arm.batch_size,
    )


def _describe_noise(arm: TimedArm, logs: dict[str, list[float]], level: float) -> TimingContrast:
    differences = [
        one - other for one, other in zip(logs[arm.name], logs[arm.baseline], strict=True)
    ]
    mean, low, high = statistics.t_interval(differences, level)
    ratios = tuple(map(math.exp, differences))
    return TimingContrast(
        arm=arm.name,
        baseline=arm.baseline,
        ratio=math.exp(mean),
        low=math.exp(low),
        high=math.exp(high),
        repeat_ratios=ratios,
        verdict="inconclusive",
        reason=f"the same arm twice: what differs by {write_share(max(-low, high))} may be noise",
        dropout_share=0.0,
        drift=Drift.of(ratios),
    )


def _contrast(
    arm: ArmTiming,
    partner: ArmTiming,
    differences: Sequence[float],
    *,
    noise: TimingContrast,
    level: float,
    margin: float,
    against: str,
) -> TimingContrast:
    mean, low, high = statistics.t_interval(differences, level)
    ratios = tuple(map(math.exp, differences))
    drift = Drift.of(ratios)
    verdict, reason = judge_cost(
        Evidence(
            mean=mean,
            low=low,
            high=high,
            noise=noise.reach,
            drift=drift.sure_change,
        ),
        margin=math.log1p(margin),
        against=against,
    )
    return TimingContrast(
        arm=arm.name,
        baseline=partner.name,
        ratio=math.exp(mean),
        low=math.exp(low),
        high=math.exp(high),
        repeat_ratios=ratios,
        verdict=verdict,
        reason=reason,
        dropout_share=-math.expm1(-mean),
        drift=drift,
    )


def _largest(noises: Sequence[TimingContrast]) -> TimingContrast:
    return max(noises, key=lambda noise: noise.reach)
