"""What a study says of the claims that were made about it."""

import math
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from dropstudy.analysis.claim_numbers import ClaimEvidence, ClaimNumbers, gather
from dropstudy.analysis.measures import find_measure
from dropstudy.analysis.statistics import t_interval
from dropstudy.analysis.timing_verdicts import write_share
from dropstudy.config.claims import COUNTS, Claim, Claims
from dropstudy.config.study import PROBED

ClaimState = Literal["confirmed", "refuted", "undecided"]


@dataclass(frozen=True)
class ClaimOutcome:
    """What has become of one claim.

    Attributes:
        say: The claim in its author's words.
        metric: What it is about, such as ``step_seconds``.
        statement: What was checked: ``step_seconds of spatial / none below 1.1``.
        state: What is known of it.
        estimate: The ratio, difference or mean that was found; None: nothing was.
        low: Lower end of its interval; None where there is none.
        high: Upper end.
        n: Of how many numbers it is the mean.
        reason: Why it is undecided; empty where it is not.
        over: What the numbers are: of seeds, or of repeats of a timing session.
        unit: Of estimate and interval; empty for a ratio or a bare number.
        level: Chance that the interval misses.
    """

    say: str
    metric: str
    statement: str
    state: ClaimState
    estimate: float | None
    low: float | None
    high: float | None
    n: int
    reason: str
    over: Literal["seeds", "repeats"] = "seeds"
    unit: str = ""
    level: float = math.nan

    @property
    def found(self) -> str:
        """Estimate and interval in words: ``1.034 (1.012 to 1.057), 5 repeats``."""
        if self.estimate is None:
            return "nothing"
        words = self._write(self.estimate) + (f" {self.unit}" if self.unit else "")
        if self.low is not None and self.high is not None and self.low < self.high:
            words += f" ({self._write(self.low)} to {self._write(self.high)})"
        return f"{words}, {self.n} {self.over[:-1] if self.n == 1 else self.over}"

    def _write(self, value: float) -> str:
        decimals = 0 if abs(value) >= 1000 else 4 if self.metric.endswith("_ssim") else 3
        return f"{value:z,.{decimals}f}".replace("-", "−")


def judge_claims(
    claims: Claims, evidence: ClaimEvidence, *, looks: int = 1
) -> tuple[ClaimOutcome, ...]:
    """What is known of each claim.

    Each has a two-sided interval for the mean of its numbers, paired by seed or by repeat, of
    ratios on the logarithmic scale: by t whatever their number, for many claims ask for rare
    misses, which a bootstrap of few numbers lacks (`statistics.t_interval`). All within what is
    claimed confirms it, nothing within refutes it. All intervals hold at once with a chance of
    1 − level (Bonferroni), so that it is at least as rare that any claim is confirmed that is
    false, or refuted that is true.

    Args:
        claims: Best stated before the study was begun; nothing here can tell.
        evidence: What the study has found.
        looks: How often the study may have been ended; each look has its share of the level.
    """
    level = claims.level / len(claims.claims) / looks
    return tuple(judge_claim(claim, gather(claim, evidence), level) for claim in claims.claims)


def judge_claim(claim: Claim, numbers: ClaimNumbers, level: float) -> ClaimOutcome:
    """What the numbers say of one claim, by an interval that misses with a chance of ``level``."""
    values = numbers.values
    mean = fmean(values) if values else None
    ends = t_interval(values, level)[1:] if len(values) > 1 else None
    if ends is None and mean is not None and claim.metric in COUNTS:
        ends = (mean, mean)  # counted, not measured: it is the same with every seed
    scale = math.exp if claim.form == "ratio" else float
    found = None if ends is None else (scale(ends[0]), scale(ends[1]))
    estimate = None if mean is None else scale(mean)
    state, reason = _decide(claim, numbers, estimate, found)
    return ClaimOutcome(
        say=claim.say,
        metric=claim.metric,
        statement=_state(claim),
        state=state,
        estimate=estimate,
        low=found[0] if found else None,
        high=found[1] if found else None,
        n=len(values),
        reason=reason,
        over=numbers.over,
        unit="" if claim.form == "ratio" else _unit_of(claim.metric),
        level=level,
    )


def _decide(
    claim: Claim,
    numbers: ClaimNumbers,
    estimate: float | None,
    interval: tuple[float, float] | None,
) -> tuple[ClaimState, str]:
    if numbers.objection:
        return "undecided", numbers.objection
    if interval is None or estimate is None:
        one = numbers.over[:-1]
        return "undecided", f"a single {one} has no spread; give at least 2 {numbers.over}"
    region = claim.region
    ends = [end for end in (region.low, region.high) if math.isfinite(end)]
    if region.holds(*interval) or region.excludes(*interval):
        if numbers.reach and claim.form == "ratio":
            distance = min(abs(math.log(estimate / end)) for end in ends)
            if distance <= numbers.reach:
                off = write_share(distance)
                return "undecided", f"it is {off} off the bound, and {numbers.reason}"
        return ("confirmed" if region.holds(*interval) else "refuted"), ""
    held = [end for end in ends if interval[0] <= end <= interval[1]]
    words = " and ".join(map(_write, held))
    return "undecided", f"its interval holds {words}; more {numbers.over} would narrow it"


def _state(claim: Claim) -> str:
    """What is checked, in words."""
    sign = {"ratio": "/", "difference": "−", "value": ""}[claim.form]
    arms = claim.arm if claim.against is None else f"{claim.arm} {sign} {claim.against}"
    return f"{claim.metric} of {arms} {_state_bound(claim)}"


def _state_bound(claim: Claim) -> str:
    bound, unit = claim.bound, "" if claim.form == "ratio" else _unit_of(claim.metric)
    unit = unit and f" {unit}"
    if bound.between is not None:
        low, high = map(_write, bound.between)
        return f"between {low} and {high}{unit}"
    if bound.within is not None and claim.form == "ratio":
        return f"within a factor of {_write(1 + bound.within)}"
    if bound.within is not None:
        return f"within ±{_write(bound.within)}{unit}"
    word, end = ("above", bound.above) if bound.below is None else ("below", bound.below)
    return f"{word} {_write(end or 0.0)}{unit}"


def _unit_of(metric: str) -> str:
    if metric.startswith(PROBED):
        return find_measure(metric).unit
    return "dB" if metric.endswith(("_psnr", "_gain")) else ""


def _write(end: float) -> str:
    """A bound as its author gave it."""
    return f"{end:.10g}".replace("-", "−")
