"""Intervals and trends: what two arms or two runs differ by, and how sure that is.

A training seed is the unit: images and epochs of one run are not replicates of its training.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from dropstudy.errors import DataError

Values = Sequence[float] | NDArray[np.float64]
"""Finite numbers, such as a difference for each seed."""

DRAWS = 9_999
"""Resamples, or patterns of signs, drawn by chance, always the same ones."""

SEED = 20_250_101
ROUNDING = 1e-12
"""Share of the largest value below which values count as equal."""

BOOTSTRAP_COUNT = 8
"""From so many differences on the interval needs no normal distribution."""

MOST_BOOTSTRAPPED = 500
"""Of more differences the mean is as good as normal, and the bootstrap would take long."""

MOST_AT_ONCE = 2**20

FEWEST_THAT_DRIFT = 6

MOST_SLOPES_FROM = 300
"""Of more values, neighbours are first put together: slopes are taken over all pairs."""


@dataclass(frozen=True)
class Interval:
    """Where a true value is likely to be.

    Attributes:
        low: Its lower end.
        high: Its upper end.
        level: How often such intervals hold the true value, such as 0.95.
        method: How it was found, as a table prints it.
    """

    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True)
class Drift:
    """How a value moves over a run.

    Attributes:
        slope: Theil–Sen: the median slope over all pairs, per step.
        low: Lower end of its 95 % interval.
        high: Upper end.
        last_to_first_third: Median of the last third over that of the first.
    """

    slope: float
    low: float
    high: float
    last_to_first_third: float


def t_interval(differences: Values, level: float) -> tuple[float, float, float]:
    """A mean and its interval, which misses with a chance of ``level``, however small.

    By t whatever their number, and not by a bootstrap, which misses more often where many
    comparisons ask for rare misses. In sessions simulated with a wandering machine and
    heavy-tailed turns (t of 3 degrees), at a level of 0.3 %, t missed in 0.3 % for 5 repeats,
    0.4 % for 8 and 0.1 % for 10 and 30; the widened BCa bootstrap of `mean_interval` in 1.6 %,
    0.8 % and 0.8 %. At 5 %, for 5 repeats: t 5 %, a percentile bootstrap 17 %.

    Returns:
        Mean, lower and upper end; without ends for a single value, which has no spread.
    """
    mean, spread = float(np.mean(differences)), deviation(differences)
    if spread is None:
        return mean, -math.inf, math.inf
    from scipy.special import stdtrit

    count = len(differences)
    reach = float(stdtrit(count - 1, 1 - level / 2)) * spread / math.sqrt(count)
    return mean, mean - reach, mean + reach


def mean_interval(differences: Values, *, level: float = 0.95) -> Interval | None:
    """An interval for the mean difference over all seeds that might have been run.

    The t interval up to 7 values and above 500. Between them a bias-corrected and accelerated
    bootstrap (Efron 1987), taken at the wider level that makes up for few values (Hesterberg
    2015, "expanded percentile interval"). Measured coverage at 95 %, 8 values: 0.945 for normal
    differences (0.88 without the widening, 0.95 for t), 0.91 for exponential ones (0.85 and
    0.89).

    Returns:
        None below 2 values. For values all equal, that value.
    """
    spread = deviation(differences)
    if spread is None:
        return None
    count, mean = len(differences), float(np.mean(differences))
    by_t = not BOOTSTRAP_COUNT <= count <= MOST_BOOTSTRAPPED
    method = "t" if by_t else "widened BCa bootstrap"
    if spread == 0:
        return Interval(mean, mean, level, method)
    if by_t:
        from scipy.special import stdtrit

        reach = float(stdtrit(count - 1, (1 + level) / 2)) * spread / float(np.sqrt(count))
        return Interval(mean - reach, mean + reach, level, method)
    from scipy.stats import bootstrap

    # Near 1, for the third powers in BCa would underflow; a power of 2 leaves equal sums equal.
    unit = 2.0 ** np.floor(np.log2(spread))
    found = bootstrap(
        (np.asarray(differences, dtype=np.float64) / unit,),
        np.mean,
        confidence_level=_widened(level, count),
        n_resamples=DRAWS,
        method="BCa",
        rng=SEED,
    ).confidence_interval
    low, high = (unit * float(end) for end in (found.low, found.high))
    return Interval(low, high, level, method)


def hierarchical_interval(
    differences_by_seed: Sequence[Values], *, same_images: bool = True, level: float = 0.95
) -> Interval | None:
    """An interval for the mean difference over other seeds and other images alike.

    Seeds are drawn with replacement, and images: once for all seeds where every seed saw the
    same ones (Owen 2007; drawn for each seed apart, the interval would miss that a difference
    may belong to these images), within each seed otherwise. Percentiles at the widened level of
    `mean_interval`. Measured coverage at 95 % in a normal two-level model of 3 to 10 seeds and 5
    to 20 images: 0.98–0.99 for the same images, 0.94–0.97 for images of their own.

    Args:
        differences_by_seed: A row for each seed, a difference for each image.
        same_images: Whether a column is one image; rows are then equally long.
        level: How often the interval shall hold the true mean.

    Returns:
        None below 2 seeds, or for the same single image.

    Raises:
        DataError: A seed without images, or rows of unequal length for the same images.
    """
    rows = [np.asarray(row, dtype=np.float64) for row in differences_by_seed]
    lengths = sorted({len(row) for row in rows})
    if lengths[:1] == [0] or (same_images and len(lengths) > 1):
        raise DataError(
            f"seeds with {' and '.join(str(length) for length in lengths)} images cannot be "
            "compared; give each at least one, and the same ones unless same_images is false"
        )
    count = min([len(rows), *lengths]) if same_images else len(rows)
    if count < 2:
        return None
    means = _crossed_means(np.stack(rows)) if same_images else _nested_means(rows)
    outside = (1 - _widened(level, count)) / 2
    low, high = np.quantile(means, (outside, 1 - outside))
    return Interval(float(low), float(high), level, "bootstrap over seeds and images")


def median_ratio_interval(
    first: Values, second: Values, *, level: float = 0.95
) -> tuple[float, Interval | None]:
    """How many times the median of ``second`` that of ``first`` is, such as of epochs' seconds.

    The interval is a percentile bootstrap of the ratio's logarithm, both resampled apart, given
    as ratios. It holds for these two runs under the conditions they had: epochs of one
    run share its machine and its moment, so it says less than repeated runs would. Measured
    coverage at 95 % for independent log-normal values: 0.90 for 3 on each side, 0.97 from 5 on.

    Args:
        first: Positive, at least one.
        second: Alike.
        level: How often the interval shall hold the true ratio.

    Returns:
        The ratio, and its interval; None for the latter below 3 values on either side.
    """
    logs = [np.log(np.asarray(values, dtype=np.float64)) for values in (first, second)]
    ratio = float(np.median(first) / np.median(second))
    if min(len(first), len(second)) < 3:
        return ratio, None
    # As scipy.stats.bootstrap has it, which takes a second to import: compare should not wait.
    chance = np.random.default_rng(SEED)
    one, other = (
        np.median(own[chance.integers(len(own), size=(DRAWS, len(own)))], axis=1) for own in logs
    )
    low, high = np.exp(np.quantile(one - other, ((1 - level) / 2, (1 + level) / 2)))
    return ratio, Interval(float(low), float(high), level, "bootstrap of medians")


def drift(values: Values) -> Drift | None:
    """Whether a value, such as an epoch's seconds, rises or falls over a run.

    Slope and interval by Theil and Sen (1968), which a few slow epochs do not move; for the same
    reason the thirds are compared by their medians.

    Args:
        values: Positive, in order.

    Returns:
        None below 3 values. Below 6, too few to tell a drift from chance, its interval is
        without ends.
    """
    third = len(values) // 3
    if not third:
        return None
    ratio = float(np.median(values[-third:]) / np.median(values[:third]))
    step = 1 + (len(values) - 1) // MOST_SLOPES_FROM
    starts = range(0, len(values), step)
    blocks = np.array([np.median(values[start : start + step]) for start in starts])
    slope, low, high = (end / step for end in _theil_sen(blocks))
    if len(values) < FEWEST_THAT_DRIFT:
        low, high = -math.inf, math.inf
    return Drift(slope, low, high, ratio)


def _theil_sen(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Median of all slopes and its 95 % interval (Sen 1968), as scipy.stats.theilslopes.

    Its import would take a second, which `compare` should not wait for.
    """
    count = len(values)
    first, second = np.triu_indices(count, k=1)
    slopes = np.sort((values[second] - values[first]) / (second - first))
    ties = np.unique(values, return_counts=True)[1]
    variance = (
        count * (count - 1) * (2 * count + 5) - np.sum(ties * (ties - 1) * (2 * ties + 5))
    ) / 18
    reach = NormalDist().inv_cdf(0.975) * math.sqrt(variance)
    low = max(round((len(slopes) - reach) / 2) - 1, 0)
    high = min(round((len(slopes) + reach) / 2), len(slopes) - 1)
    return float(np.median(slopes)), float(slopes[low]), float(slopes[high])


def deviation(differences: Values) -> float | None:
    """Standard deviation over seeds (n − 1): None below 2 values.

    0 for values that differ by rounding alone, so that nothing is divided by noise.
    """
    values = np.asarray(differences, dtype=np.float64)
    if len(values) < 2:
        return None
    if np.ptp(values) <= ROUNDING * np.max(np.abs(values)):
        return 0.0
    return float(np.std(values, ddof=1))


def _widened(level: float, count: int) -> float:
    """The level at which percentiles of resampled means reach as far as a t interval."""
    from scipy.special import ndtr, stdtrit

    reach = stdtrit(count - 1, (1 + level) / 2) * np.sqrt(count / (count - 1))
    return float(1 - 2 * ndtr(-reach))


def _crossed_means(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    chance = np.random.default_rng(SEED)
    seeds, images = (
        chance.multinomial(size, np.full(size, 1 / size), DRAWS) for size in differences.shape
    )
    return np.asarray(np.sum(seeds @ differences * images, axis=1) / differences.size)


def _nested_means(rows: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    chance = np.random.default_rng(SEED)
    lengths = np.array([len(row) for row in rows])
    starts = np.cumsum(lengths) - lengths
    values = np.concatenate(rows)
    means = np.empty((DRAWS, len(rows)))
    drawn = chance.integers(len(rows), size=means.shape)
    for seed, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        where = np.nonzero(drawn == seed)
        for some in np.array_split(
            np.arange(len(where[0])), 1 + drawn.size * length // MOST_AT_ONCE
        ):
            picks = start + chance.integers(length, size=(len(some), length))
            means[where[0][some], where[1][some]] = values[picks].mean(axis=1)
    return np.asarray(means.mean(axis=1))
