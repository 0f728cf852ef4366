"""Whether two arms differ, by how much, and how many seeds tell: one difference for each seed."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dropstudy.analysis.statistics import DRAWS, ROUNDING, SEED, Values, deviation

EXACT_COUNT = 14
"""Up to so many differences every pattern of signs is tried: 2¹³ of them, half of 2¹⁴."""

MOST_SEEDS = 1_000_000
MOST_AT_ONCE = 2**22
"""Numbers held at once while signs are drawn."""


def sign_flip_p(differences: Values) -> float:
    """How often chance signs give a mean as far from 0: the two-sided paired sign-flip test.

    Needs no normal distribution, only that a difference and its negative are as likely where
    the arms are alike. Exact up to 14 differences; then (b + 1) / (m + 1) of m = 9,999 patterns
    of signs (Phipson & Smyth 2010), which is a valid p too. Own code, tested against
    `scipy.stats.permutation_test`, which takes a hundred times as long.

    Returns:
        Never 0; 1 without any difference.
    """
    # Sorted magnitudes: neither order nor signs can then change which patterns are drawn.
    magnitudes = np.sort(np.abs(np.asarray(differences, dtype=np.float64)))
    count = len(magnitudes)
    # A pattern that gives the same sum in another order of adding must count.
    observed = abs(float(np.sum(differences))) - ROUNDING * float(magnitudes.sum())
    if count <= EXACT_COUNT:
        sums = np.abs(_sign_patterns(count) @ magnitudes)
        return float(np.mean(sums >= observed))
    chance = np.random.default_rng(SEED)
    reached = 0
    for drawn in np.array_split(np.arange(DRAWS), 1 + DRAWS * count // MOST_AT_ONCE):
        signs = 2.0 * chance.integers(2, size=(len(drawn), count)) - 1
        reached += int(np.sum(np.abs(signs @ magnitudes) >= observed))
    return (reached + 1) / (DRAWS + 1)


def smallest_p(count: int) -> float:
    """What the sign-flip test gives when all of ``count`` differences point one way.

    2^(1 − count): with 5 seeds no result is below 0.05. Not below 1 / 10,000, where the test
    stops being exact.
    """
    return max(2.0 ** min(0, 1 - count), 1 / (DRAWS + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Each p adjusted for the others of its family, in the given order (Holm 1979).

    Rejecting where the adjusted p is at most α keeps the chance of any false rejection in the
    family at most α, however the tests depend on each other.
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def equivalence_p(differences: Values, margin: float) -> float | None:
    """How sure it is that the mean difference is smaller than ``margin``, either way.

    The larger p of two one-sided t tests against ±margin (Schuirmann 1987). Exact for normal
    differences; of 5 to 10 as skewed as an exponential distribution, with a true mean at the
    margin, 15 % instead of 5 % had p ≤ 0.05 (4 % where the tails were those of t with 3 degrees).

    Args:
        differences: One for each seed.
        margin: The smallest difference that would matter, positive, stated beforehand.

    Returns:
        None below 2 values. Values all equal have no spread to judge by: within the margin
        the least that the sign-flip test can give, outside 1.
    """
    spread = deviation(differences)
    if spread is None:
        return None
    room = margin - abs(float(np.mean(differences)))
    if spread == 0:
        return smallest_p(len(differences)) if room > 0 else 1.0
    from scipy.special import stdtr

    count = len(differences)
    return float(stdtr(count - 1, -room / (spread / np.sqrt(count))))


def effect_size(differences: Values) -> float | None:
    """The mean difference in units of its own spread over seeds: the paired d_z of Cohen (1988).

    Returns:
        None where there is no spread: below 2 values, or for values all equal.
    """
    spread = deviation(differences)
    return float(np.mean(differences)) / spread if spread else None


def share_won(differences: Values) -> float | None:
    """The share of seeds with a positive difference, ties counting half; None without seeds."""
    if not len(differences):
        return None
    return float(np.mean(np.sign(np.asarray(differences, dtype=np.float64)) + 1) / 2)


def seeds_to_reach(level: float) -> int:
    """The least number of seeds with which the exact sign-flip test can give ``level``."""
    return max(2, int(np.ceil(1 - np.log2(level))))


def seeds_for_power(
    spread: float,
    *,
    detectable: float,
    level: float = 0.05,
    power: float = 0.8,
    tests: int = 1,
) -> int:
    """The least number of seeds worth running to find a difference of ``detectable``.

    With so many (a) the exact sign-flip test can reach the level at all, and (b) a paired
    two-sided t test finds a true difference of ``detectable`` with this power, by the
    noncentral t distribution (Cohen 1988, chapter 2). It asks what matters, not what was seen:
    power for the observed difference would say no more than its p (Hoenig & Heisey 2001).

    Args:
        spread: Standard deviation of the differences over seeds.
        detectable: The true difference to be found, in the same unit.
        level: Of the whole family.
        power: Chance to find it.
        tests: Arms in the family; each is held to ``level / tests``, Holm's first step.

    Returns:
        From 2 up to 1,000,000, which stands for all that is more.
    """
    each = level / tests
    reaching = seeds_to_reach(each)
    if spread == 0:
        return reaching
    most = reaching
    while most < MOST_SEEDS and _t_test_power(most, detectable / spread, each) < power:
        most = min(2 * most, MOST_SEEDS)
    numbers = range(reaching, most)
    found = bisect_left(numbers, power, key=lambda n: _t_test_power(n, detectable / spread, each))
    return reaching + found


def _t_test_power(count: int, effect: float, level: float) -> float:
    """The chance to find the effect, and on the side where it is."""
    from scipy.special import nctdtr, stdtrit

    freedom, shift = count - 1, abs(effect) * float(np.sqrt(count))
    critical = float(stdtrit(freedom, 1 - level / 2))
    # For large shifts, where the power is 1, nctdtr gives NaN.
    return 1.0 if shift > critical + 20 else 1 - float(nctdtr(freedom, shift, critical))


@lru_cache(maxsize=EXACT_COUNT + 1)
def _sign_patterns(count: int) -> NDArray[np.float64]:
    """All signs but those that are another's negative, shape ``(2^(count − 1), count)``."""
    free = max(count - 1, 0)
    flipped = np.arange(2**free)[:, np.newaxis] >> np.arange(free) & 1
    first = np.ones((len(flipped), min(count, 1)))
    return np.hstack([first, 1.0 - 2.0 * flipped])
