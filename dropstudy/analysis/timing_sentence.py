"""What a timing session says as a whole, in one sentence."""

import math
from collections.abc import Iterator, Sequence

from dropstudy.analysis.enumeration import MOST_NAMED, join, name_arms
from dropstudy.analysis.timing_findings import TimingContrast, TimingFindings


def summarise_timing(findings: TimingFindings) -> str:
    """Which arms take more time for a step, which less, which the same, and of which none knows."""
    return f"By the time of a step: {'; '.join(_clauses(findings))}."


def _clauses(findings: TimingFindings) -> Iterator[str]:
    by_verdict: dict[str, list[TimingContrast]] = {}
    for contrast in findings.contrasts:
        by_verdict.setdefault(contrast.verdict, []).append(contrast)
    for verdict in ("slower", "faster"):
        if own := by_verdict.get(verdict):
            yield f"{_each(own)} is {verdict} than {_baseline(own)}{_from_to(own)}"
    if alike := by_verdict.get("equivalent"):
        names = name_arms([own.arm for own in alike])
        yield f"{names} costs as much as {_baseline(alike)}, within ±{findings.margin:.0%}"
    if undecided := by_verdict.get("inconclusive"):
        names = name_arms([own.arm for own in undecided], each="")
        if len(undecided) == 1:
            names += f" ({_write(undecided[0]).replace(' (', ', ').rstrip(')')})"
        against = _baseline(undecided, several="their baselines")
        yield f"nothing can be said of the cost of {names} against {against}"
    if drifting := [own.arm for own in findings.contrasts if own.drift.is_sure]:
        ratios = "ratio" if len(drifting) == 1 else "ratios"
        yield f"the {ratios} of {name_arms(drifting, each='')} drifted beyond chance"
    elif all(math.isfinite(own.drift.low) for own in findings.contrasts):
        yield "no ratio drifted beyond chance"


def _each(contrasts: Sequence[TimingContrast]) -> str:
    if len(contrasts) == 1 or len(contrasts) > MOST_NAMED:
        return name_arms([own.arm for own in contrasts])
    return f"each of {join([f'{own.arm} ({_write(own)})' for own in contrasts])}"


def _baseline(contrasts: Sequence[TimingContrast], several: str = "its baseline") -> str:
    names = list(dict.fromkeys(own.baseline for own in contrasts))
    return names[0] if len(names) == 1 else several


def _from_to(contrasts: Sequence[TimingContrast]) -> str:
    if len(contrasts) == 1:
        return f": {_write(contrasts[0])}"
    if len(contrasts) <= MOST_NAMED:
        return ""
    ordered = sorted(contrasts, key=lambda own: abs(math.log(own.ratio)))
    least, most = ordered[0], ordered[-1]
    return f", from {_write(least)} ({least.arm}) to {_write(most)} ({most.arm})"


def _write(contrast: TimingContrast) -> str:
    """``1.32× (1.28 to 1.37)``."""
    if not math.isfinite(contrast.high):
        return f"{contrast.ratio:.2f}×"
    return f"{contrast.ratio:.2f}× ({contrast.low:.2f} to {contrast.high:.2f})"
