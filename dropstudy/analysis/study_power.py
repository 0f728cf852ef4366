"""What a study could have found with its seeds, and how many more would decide."""

from dropstudy.analysis import cells
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.contrasts import Contrast
from dropstudy.analysis.significance import MOST_SEEDS, seeds_for_power, seeds_to_reach, smallest_p
from dropstudy.analysis.statistics import deviation
from dropstudy.analysis.study_account import StudyAccount

POWER = 0.8
"""Chance to find a difference, if there is one."""
_HALVINGS = 50
_WIDEST = 1000.0
"""In units of the spread: any number of seeds that can reach the level at all finds that."""


def power_statements(account: StudyAccount) -> list[str]:
    """Whether the seeds can show a difference at all, and of each undecided arm which.

    Of the spread that was seen, not of the difference: the power to find what was found would
    say no more than its p (Hoenig & Heisey 2001).
    """
    comparison = account.comparison
    if comparison is None:
        return []
    compared = [own for own in comparison.contrasts if not own.obstacle]
    planned = {arm.name: arm.planned for arm in account.arms}
    undecided = [own for own in compared if own.verdict == "inconclusive"]
    lines = _state_reach(comparison, compared)
    for own in undecided:
        lines += _state_power(comparison, own, planned.get(own.arm.label, 0))
    if compared and not undecided:
        lines.append("Every arm that was compared is decided; no more seeds are needed.")
    return lines


def detectable_difference(spread: float, *, seeds: int, level: float, tests: int) -> float | None:
    """The least true difference that so many seeds find with a power of 80 %.

    The inverse of `significance.seeds_for_power`.

    Args:
        spread: Standard deviation of the differences over seeds.
        seeds: How many there are.
        level: Of the whole family.
        tests: Arms in the family.

    Returns:
        None where so few seeds can show no difference at all.
    """

    def suffices(difference: float) -> bool:
        needed = seeds_for_power(
            spread, detectable=difference, level=level, power=POWER, tests=tests
        )
        return needed <= seeds

    low, high = 0.0, _WIDEST * spread
    if not suffices(high):
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high


def _state_reach(comparison: Comparison, compared: list[Contrast]) -> list[str]:
    """Whether the sign-flip test can reach Holm's first step, the level over the arms."""
    if not compared:
        return []
    family, counts = len(comparison.contrasts), [own.judgement.count for own in compared]
    step = comparison.level / family
    least, needed = smallest_p(min(counts)), seeds_to_reach(step)
    seeds = cells.count_of(min(counts), "seed")
    shared = f" ({comparison.level:.2g} over {family} arms)" if family > 1 else ""
    if least <= step:
        return [
            f"With {seeds} p can be as small as {least:.2g}; to show a difference takes "
            f"{step:.2g}{shared}: it is within reach."
        ]
    return [
        f"With {seeds} p cannot be below {least:.2g}, and to show a difference takes {step:.2g}"
        f"{shared}: however large one is, {'it' if min(counts) == 1 else 'so few seeds'} "
        f"cannot show it; {needed} seeds can."
        + (" Equivalence could be shown nevertheless, by another test." if min(counts) > 1 else "")
    ]


def _state_power(comparison: Comparison, contrast: Contrast, planned: int) -> list[str]:
    judgement, measure, arm = contrast.judgement, comparison.measure, contrast.arm.label
    spread = deviation(judgement.differences)
    if spread is None:
        return [f"{arm}: one seed has no spread to say what more of them would find."]

    def found_by(seeds: int) -> str:
        least = detectable_difference(
            spread, seeds=seeds, level=comparison.level, tests=len(comparison.contrasts)
        )
        if least is None:
            return "none"
        return f"one of {cells.number(least, f'.{measure.decimals}f')} {measure.unit}".rstrip()

    reached = found_by(judgement.count)
    words = (
        f"{arm}: over {cells.count_of(judgement.count, 'seed')} its difference to "
        f"{contrast.baseline.label} has a spread of {measure.write(spread)}; this study finds, "
        f"with a power of {POWER:.0%}, "
        + ("no difference" if reached == "none" else f"{reached} or more")
    )
    if planned > judgement.count:
        words += f", and once all {planned} seeds are finished {found_by(planned)} or more"
    return [f"{words}. {_state_need(comparison, contrast)}"]


def _state_need(comparison: Comparison, contrast: Contrast) -> str:
    needed = contrast.judgement.seeds_needed
    margin = cells.margin(comparison.measure, comparison.margin)
    if needed >= MOST_SEEDS:
        return f"No number of seeds that can be trained would decide at a margin of {margin}."
    return (
        f"To decide at the margin of {margin} takes about "
        f"{cells.seeds(needed)} more {'seed' if needed == 1 else 'seeds'}."
    )
