"""What a ratio of step times allows one to say, and why no more."""

import math
from dataclasses import dataclass
from typing import Literal

CostVerdict = Literal["slower", "faster", "equivalent", "inconclusive"]


@dataclass(frozen=True)
class Evidence:
    """All that a verdict rests on; logarithms of ratios.

    Attributes:
        mean: Of the arm's step over the baseline's.
        low: Lower end of its interval.
        high: Upper end.
        noise: How far the baseline may be from itself.
        drift: Of the repeats' ratios, the last third over the first; 0 where it may be chance.
    """

    mean: float
    low: float
    high: float
    noise: float
    drift: float


def judge_cost(evidence: Evidence, *, margin: float, against: str = "") -> tuple[CostVerdict, str]:
    """The verdict on an arm's cost and its reason in words.

    Equivalent, if the interval, the noise and the drift stay within the margin. Otherwise
    nothing can be told from an effect that is no larger than the noise or than the drift of the
    ratio; else the interval decides.

    Args:
        evidence: What was measured.
        margin: Logarithm of the ratio that does not matter yet.
        against: What speaks against any verdict; empty for nothing.
    """
    if against:
        return "inconclusive", against
    reach = max(abs(evidence.low), abs(evidence.high))
    if max(reach, evidence.noise, abs(evidence.drift)) <= margin:
        return "equivalent", f"its interval lies within ±{write_share(margin)}"
    effect = abs(evidence.mean)
    if effect <= evidence.noise:
        return (
            "inconclusive",
            f"it differs by {write_share(effect)}, and the baseline from itself by up to "
            f"{write_share(evidence.noise)}",
        )
    if abs(evidence.drift) >= effect:
        return (
            "inconclusive",
            f"the ratio drifted by {_change(evidence.drift)} within the session, more than the "
            "arms differ",
        )
    if evidence.low <= 0 <= evidence.high:
        return "inconclusive", "its interval holds 1; more repeats would narrow it"
    return ("slower" if evidence.mean > 0 else "faster"), "its interval leaves 1 out"


def write_share(logarithm: float) -> str:
    """The logarithm of a ratio as a share: ``4.2%``."""
    return f"{math.expm1(logarithm):.1%}"


def _change(logarithm: float) -> str:
    return f"{math.expm1(logarithm):+.1%}".replace("-", "−")
