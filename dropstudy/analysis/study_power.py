"""What a study could have found with its seeds, and how many more would decide."""

from dropstudy.analysis import cells
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.contrasts import Contrast
from dropstudy.analysis.significance import MOST_SEEDS, seeds_for_power, seeds_to_reach, smallest_p
from dropstudy.analysis.statistics import deviation
from dropstudy.analysis.study_account import StudyAccount

POWER = 0.8
"""Chance to find a difference, if there is one."""
_HALVINGS = 30
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
    undecided = [own for own in compared if own.verdict == "inconclusive"]
    lines = [_state_reach(account, comparison)] if compared else []
    lines += [_state_power(account, comparison, own) for own in undecided]
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


def _state_reach(account: StudyAccount, comparison: Comparison) -> str:
    """Whether the planned seeds can reach Holm's first step, the level over the arms."""
    family, planned = _family(account, comparison), _planned(account)
    step = comparison.level / family
    least, needed = smallest_p(planned), seeds_to_reach(step)
    seeds = cells.count_of(planned, "seed")
    shared = f" ({comparison.level:.3g} over {family} arms)" if family > 1 else ""
    if least <= step:
        return (
            f"Within reach: with {seeds} p can be as small as {least:.3g}, and to show a "
            f"difference takes {step:.3g}{shared}."
        )
    words = (
        f"Out of reach: with {seeds} p cannot be below {least:.3g}, and to show a difference, "
        f"however large, takes {step:.3g}{shared}; {needed} seeds can."
    )
    return words + (" Equivalence has another test, and can be shown." if planned > 1 else "")


def _state_power(account: StudyAccount, comparison: Comparison, contrast: Contrast) -> str:
    judgement, measure = contrast.judgement, comparison.measure
    arm, baseline = contrast.arm.label, contrast.baseline.label
    spread = deviation(judgement.differences)
    if spread is None:
        return f"{arm}: one seed has no spread to say what more of them would find."
    family, planned = _family(account, comparison), max(_planned(account), judgement.count)
    least = detectable_difference(spread, seeds=planned, level=comparison.level, tests=family)
    found = "no difference"
    if least is not None:
        found = f"one of {cells.number(least, f'.{measure.decimals}f')} {measure.unit}".rstrip()
        found += " or more"
    seen = "" if planned == judgement.count else f", as over the first {judgement.count}"
    return (
        f"{arm}: if its difference to {baseline} has a spread of {measure.write(spread)} over "
        f"seeds{seen}, {cells.count_of(planned, 'seed')} find {found} with a power of {POWER:.0%}. "
        f"{_state_need(comparison, contrast)}"
    )


def _family(account: StudyAccount, comparison: Comparison) -> int:
    """Arms that are judged together in the end."""
    return max(len(comparison.contrasts), len(account.arms) - 1)


def _planned(account: StudyAccount) -> int:
    """Seeds of the arm of which there are the fewest."""
    return min(arm.planned for arm in account.arms)


def _state_need(comparison: Comparison, contrast: Contrast) -> str:
    needed = contrast.judgement.seeds_needed
    margin = cells.margin(comparison.measure, comparison.margin)
    if needed >= MOST_SEEDS:
        return f"No number of seeds that can be trained would decide at a margin of {margin}."
    return (
        f"To decide at the margin of {margin} takes about "
        f"{cells.seeds(needed)} more {'seed' if needed == 1 else 'seeds'}."
    )
