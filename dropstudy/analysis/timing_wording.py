"""What a timing session says, in sentences."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dropstudy.analysis.timing_findings import Drift, TimingContrast, TimingFindings

BUSY_SHARE = 0.05
"""Of the cores; where other programs use more, a session is best repeated."""


@dataclass(frozen=True)
class ValueCost:
    """What one kind of dropout costs for the values that go through it.

    Attributes:
        dropout: The kind.
        milliseconds: For a million values, by least squares through nothing for nothing.
        low: The least of its arms.
        high: The most.
        arms: How many arms it is of.
    """

    dropout: str
    milliseconds: float
    low: float
    high: float
    arms: int


def answer_timing(contrast: TimingContrast) -> str:
    """The verdict on one arm in a sentence."""
    change = f"{write_ratio(contrast)} times the step of {contrast.baseline}"
    match contrast.verdict:
        case "inconclusive":
            return f"{contrast.arm}: no verdict: {contrast.reason} ({change})"
        case "equivalent":
            return f"{contrast.arm} costs no time that matters: {change}; {contrast.reason}"
        case _:
            share = ""
            if contrast.dropout_share > 0:
                share = f"; dropout takes {contrast.dropout_share:.0%} of its step"
            return f"{contrast.arm} is {contrast.verdict}: {change}{share}"


def describe_noise(findings: TimingFindings) -> str:
    """How far a baseline was from itself."""
    words = [f"{noise.baseline} against itself {write_ratio(noise)}" for noise in findings.noises]
    return f"noise floor: {'; '.join(words)}"


def describe_drift(findings: TimingFindings) -> str:
    """Which ratios rose or fell over the session, and not by chance alone; and the machine."""
    sure = [own for own in findings.contrasts if own.drift.is_sure]
    others = len(findings.contrasts) - len(sure)
    words = [f"{own.arm} against {own.baseline} {write_drift(own.drift)}" for own in sure]
    if others:
        words.append(f"none beyond chance in {f'the other {others}' if sure else 'any ratio'}")
    baselines = [arm for arm in findings.arms if arm.name in findings.baselines]
    machine = ", ".join(f"{arm.name} {write_drift(arm.drift)}" for arm in baselines)
    return (
        f"drift from the first third of the session to the last: {'; '.join(words)} (of the "
        f"machine, which all arms share: {machine})"
    )


def explain_timing(findings: TimingFindings) -> Iterator[str]:
    """What the numbers are and what they rest on."""
    count = len(findings.contrasts)
    yield (
        "ms/step: median over the turns of each turn's median step, ± the median distance from "
        "it; batches lie ready, so that making them is not timed, and neither is validation"
    )
    yield (
        f"ratio: geometric mean over the repeats, here {findings.repeats}, each an arm's two turns "
        "over its baseline's two; "
        + (f"all {count} intervals hold at once" if count > 1 else "its interval holds")
        + f" with a chance of {1 - findings.level:.0%}"
        + (f" (each with {1 - findings.level / count:.1%})" if count > 1 else "")
    )
    yield (
        f"a verdict takes an effect beyond the noise and beyond drift; equivalent: within "
        f"±{findings.margin:.0%}"
    )
    peaks = [arm.peak_memory_bytes for arm in findings.arms if arm.peak_memory_bytes]
    if peaks:
        yield f"memory, with the networks of all arms in it: at most {max(peaks) / 2**20:,.0f} MiB"
    share = findings.others_share
    if share > BUSY_SHARE:
        yield (
            f"other programs used {share:.0%} of the cores meanwhile: time anew on a quiet machine "
            "before you rely on this"
        )


def find_value_costs(findings: TimingFindings) -> list[ValueCost]:
    """For each kind of dropout its extra milliseconds for a million values that go through it.

    Over all arms of this kind on which there is a verdict, whatever their size: least squares of
    the extra milliseconds of a step on its million values, through the origin.
    """
    timings = {arm.name: arm for arm in findings.arms}
    points: dict[str, list[tuple[float, float]]] = {}
    for contrast in findings.contrasts:
        arm, partner = timings[contrast.arm], timings[contrast.baseline]
        million = arm.values * arm.batch_size / 1e6
        if million and not partner.layers and contrast.verdict != "inconclusive":
            extra = (contrast.ratio - 1) * partner.step_milliseconds
            points.setdefault(arm.dropout, []).append((million, extra))
    return [_fit(dropout, own) for dropout, own in points.items()]


def write_ratio(contrast: TimingContrast) -> str:
    """A ratio and its interval: ``1.32 [1.28, 1.37]``."""
    if not math.isfinite(contrast.high):
        return f"{contrast.ratio:.2f} [no interval]"
    return f"{contrast.ratio:.2f} [{contrast.low:.2f}, {contrast.high:.2f}]"


def write_drift(drift: Drift) -> str:
    """The change from the first third to the last."""
    change = f"{drift.last_third_over_first - 1:+.1%}".replace("-", "−")
    if not math.isfinite(drift.low):
        return f"{change}, too few turns"
    return change if drift.is_sure else f"{change}, may be chance"


def _fit(dropout: str, points: Sequence[tuple[float, float]]) -> ValueCost:
    each = [extra / million for million, extra in points]
    squares = sum(million * million for million, _ in points)
    slope = sum(million * extra for million, extra in points) / squares
    return ValueCost(dropout, slope, min(each), max(each), len(points))
