"""What of a timing session can be compared: its complete rounds."""

import math
from statistics import fmean, median

from dropstudy.runs.timings import TimingSession


def complete_rounds(session: TimingSession) -> list[int]:
    """The rounds in which each arm had both of its turns."""
    counts: dict[int, dict[str, int]] = {}
    for turn in session.turns:
        own = counts.setdefault(turn.round, {})
        own[turn.arm] = own.get(turn.arm, 0) + 1
    names = [arm.name for arm in session.arms]
    return [number for number, own in counts.items() if all(own.get(name) == 2 for name in names)]


def log_seconds(session: TimingSession, arm: str, number: int) -> float:
    """Logarithm of the arm's median step, the mean of its two turns of a round."""
    return fmean(
        math.log(median(turn.step_seconds))
        for turn in session.turns_of(arm)
        if turn.round == number
    )


def find_objection(session: TimingSession, repeats: int) -> str:
    """What speaks against any verdict at all; empty for nothing."""
    if not session.is_complete:
        return f"the session was cut off after {repeats} of {session.repeats} repeats"
    if repeats < 2:
        return "a single repeat has no spread; give more with --repeat"
    if session.environment.get("runs_beside"):
        return "runs of a study were trained beside it on the same machine"
    return ""


def mean_others(session: TimingSession) -> float:
    """Of the cores, what other programs used during the turns; NaN where unknown."""
    known = [turn.others_share for turn in session.turns if not math.isnan(turn.others_share)]
    return fmean(known) if known else math.nan
