import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dropstudy.analysis.statistics import (
    Drift,
    Interval,
    Values,
    deviation,
    drift,
    hierarchical_interval,
    mean_interval,
    median_ratio_interval,
)
from dropstudy.errors import DataError

numbers = st.floats(-100, 100).map(lambda value: round(value, 3))


def ends(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    return interval.low, interval.high


def test_the_interval_of_few_differences_is_students() -> None:
    differences = [0.12, 0.31, -0.05, 0.2]
    reference = stats.ttest_1samp(differences, 0).confidence_interval(0.9)
    interval = mean_interval(differences, level=0.9)
    assert ends(interval) == pytest.approx((reference.low, reference.high), rel=1e-9)
    assert interval is not None
    assert (interval.level, interval.method) == (0.9, "t")


def test_from_8_differences_on_it_is_scipys_bca_bootstrap_at_a_wider_level() -> None:
    differences = np.random.default_rng(0).exponential(1, 9)
    # Twice the share of a normal distribution outside t = 2.306 · √(9 / 8), the 97.5 % of 8 degrees
    wider = 1 - 2 * stats.norm.sf(2.306004 * math.sqrt(9 / 8))
    assert wider == pytest.approx(0.9856, abs=1e-4)
    reference = stats.bootstrap(
        (differences,), np.mean, confidence_level=wider, n_resamples=100_000, rng=7
    ).confidence_interval
    interval = mean_interval(differences)
    assert ends(interval) == pytest.approx((reference.low, reference.high), abs=0.04)
    assert interval is not None
    assert (interval.level, interval.method) == (0.95, "widened BCa bootstrap")


@pytest.mark.parametrize("differences", [[], [0.3]])
def test_fewer_than_2_differences_have_no_interval(differences: list[float]) -> None:
    assert mean_interval(differences) is None
    assert deviation(differences) is None


@pytest.mark.parametrize("count", [2, 7, 8, 20])
@pytest.mark.parametrize("value", [0.0, 0.1, -1e-200])
def test_equal_differences_have_an_interval_of_that_value_alone(count: int, value: float) -> None:
    assert ends(mean_interval([value] * count)) == pytest.approx((value, value), rel=1e-12, abs=0)
    assert deviation([value] * count) == 0


@given(st.lists(numbers, min_size=2, max_size=12), st.sampled_from([2.0**-40, 8.0]))
@settings(max_examples=60)
def test_the_interval_holds_the_mean_and_turns_and_grows_with_the_differences(
    differences: list[float], unit: float
) -> None:
    low, high = ends(mean_interval(differences))
    assert low <= np.mean(differences) + 1e-9
    assert high >= np.mean(differences) - 1e-9
    scaled = ends(mean_interval([unit * value for value in differences]))
    assert scaled == pytest.approx((unit * low, unit * high), rel=1e-12, abs=1e-12 * unit)
    if len(differences) < 8:
        turned = ends(mean_interval([-value for value in differences]))
        assert turned == pytest.approx((-high, -low), abs=1e-9)


def test_one_difference_apart_from_the_others_leaves_the_bootstrap_finite() -> None:
    low, high = ends(mean_interval([0.0] * 11 + [5.0]))
    assert 0 <= low < 5 / 12 < high <= 5


def count_held(intervals: list[Interval | None], truth: float) -> int:
    return sum(low <= truth <= high for low, high in map(ends, intervals))


def test_t_intervals_hold_the_true_mean_as_often_as_they_say() -> None:
    draws = np.random.default_rng(1).normal(0.2, 1, (10_000, 5))
    low, high = stats.binom.interval(0.999, len(draws), 0.95)
    assert low <= count_held([mean_interval(row) for row in draws], 0.2) <= high


def test_bootstrap_intervals_of_8_differences_hold_the_true_mean_nearly_as_often() -> None:
    """Between 0.94 and 0.95, up to chance.

    A percentile interval of 8 normal values holds the mean as often as |t| of 7 degrees is
    below 1.96 · √(7 / 8): 0.89. The widening takes that to 0.95; estimating skewness and
    shift, of which there is none, costs half a percent. Without the widening this fails.
    """
    draws = np.random.default_rng(2).normal(0.2, 1, (1_000, 8))
    held = count_held([mean_interval(row) for row in draws], 0.2)
    assert stats.binom.ppf(0.0005, 1_000, 0.94) <= held <= stats.binom.ppf(0.9995, 1_000, 0.95)
    assert 2 * stats.t(7).cdf(1.96 * math.sqrt(7 / 8)) - 1 == pytest.approx(0.89, abs=0.005)


@pytest.mark.parametrize(("same_images", "low", "high"), [(True, 0.96, 0.99), (False, 0.94, 0.97)])
def test_intervals_over_seeds_and_images_hold_the_mean_of_a_two_level_normal_model(
    same_images: bool, low: float, high: float
) -> None:
    """Difference = of the seed + of the image, where it is shared + noise; 6 seeds, 8 images.

    Owen (2007): drawing rows and columns overstates the variance, so coverage may be too high.
    """
    chance, intervals = np.random.default_rng(3), []
    for _ in range(200):
        of_seeds, noise = chance.normal(0, 1, (6, 1)), chance.normal(0, 1, (6, 8))
        of_images = chance.normal(0, 1, (1, 8)) if same_images else 0.0
        differences = of_seeds + of_images + noise
        intervals.append(hierarchical_interval(list(differences), same_images=same_images))
    held = count_held(intervals, 0)
    assert stats.binom.ppf(0.0005, 200, low) <= held <= stats.binom.ppf(0.9995, 200, high)


def test_drawing_shared_images_within_each_seed_would_miss_what_the_images_do() -> None:
    of_images = np.random.default_rng(4).normal(0, 1, 6)
    rows = [of_images + 0.01 * seed for seed in range(10)]
    together, apart = (
        ends(hierarchical_interval(rows, same_images=same)) for same in (True, False)
    )
    assert together[1] - together[0] > 2 * (apart[1] - apart[0])


def test_seeds_with_one_image_each_are_plainly_resampled() -> None:
    """All 5⁵ resamples are listed: 2.5 % of them, widened to t, lie beyond each end."""
    values = np.array([0.1, 0.25, 0.3, 0.7, 0.9])
    places = np.stack(np.meshgrid(*[np.arange(5)] * 5), axis=-1).reshape(-1, 5)
    outside = stats.norm.cdf(stats.t(4).ppf(0.025) * math.sqrt(5 / 4))
    expected = np.quantile(values[places].mean(axis=1), [outside, 1 - outside])
    found = hierarchical_interval([[value] for value in values], same_images=False)
    assert ends(found) == pytest.approx(expected, abs=0.03)


def test_seeds_may_have_unequal_numbers_of_images_of_their_own() -> None:
    rows: list[Values] = [[1.0, 2.0], [3.0], [4.0, 5.0, 6.0, 9.0]]
    interval = hierarchical_interval(rows, same_images=False)
    low, high = ends(interval)
    assert 1 <= low < (1.5 + 3 + 6) / 3 < high <= 9
    assert interval is not None
    assert interval.method == "bootstrap over seeds and images"


def test_one_seed_or_one_shared_image_has_no_interval_over_both() -> None:
    assert hierarchical_interval([]) is None
    assert hierarchical_interval([[0.1, 0.2]]) is None
    assert hierarchical_interval([[0.1], [0.2]]) is None
    assert hierarchical_interval([[0.1], [0.2]], same_images=False) is not None


@pytest.mark.parametrize(
    ("rows", "same_images", "numbers_of_images"),
    [([[1.0, 2.0], [1.0]], True, "1 and 2"), ([[1.0], []], False, "0 and 1")],
)
def test_rows_that_cannot_be_paired_are_refused(
    rows: list[list[float]], same_images: bool, numbers_of_images: str
) -> None:
    with pytest.raises(DataError, match=rf"^seeds with {numbers_of_images} images cannot be"):
        hierarchical_interval(rows, same_images=same_images)


def test_the_ratio_of_medians_and_where_it_may_lie() -> None:
    chance = np.random.default_rng(5)
    dropout, plain = 12 * chance.lognormal(0, 0.05, 15), 8 * chance.lognormal(0, 0.05, 15)
    ratio, interval = median_ratio_interval(dropout, plain)
    assert ratio == pytest.approx(np.median(dropout) / np.median(plain))
    low, high = ends(interval)
    assert 1.35 < low < 1.5 < high < 1.65
    inverse = ends(median_ratio_interval(plain, dropout)[1])
    assert inverse == pytest.approx((1 / high, 1 / low), rel=0.01)


def test_one_slow_epoch_hardly_moves_the_ratio_of_medians() -> None:
    ratio, interval = median_ratio_interval([2.0, 2.1, 1.9, 2.0, 60.0], [1.0, 1.1, 0.9, 1.0, 1.0])
    assert ratio == 2
    low, high = ends(interval)
    assert 1.5 < low < 2 < high <= 60 / 0.9


def test_the_interval_of_medians_holds_the_true_ratio_at_least_as_often_as_it_says() -> None:
    chance, intervals = np.random.default_rng(6), []
    for _ in range(200):
        first, second = chance.lognormal(0.3, 0.1, 10), chance.lognormal(0, 0.1, 10)
        intervals.append(median_ratio_interval(first, second)[1])
    held = count_held(intervals, math.exp(0.3))
    assert stats.binom.ppf(0.0005, 200, 0.95) <= held <= stats.binom.ppf(0.9995, 200, 0.98)


@pytest.mark.parametrize(("first", "second"), [([3.0, 4.0], [1.0] * 5), ([3.5] * 5, [1.0])])
def test_fewer_than_3_values_have_a_ratio_of_medians_but_no_interval(
    first: list[float], second: list[float]
) -> None:
    assert median_ratio_interval(first, second) == (3.5, None)


def test_equal_values_have_one_ratio() -> None:
    ratio, interval = median_ratio_interval([3.0] * 4, [2.0] * 3)
    assert ratio == 1.5
    assert ends(interval) == pytest.approx((1.5, 1.5))


def test_the_drift_of_a_straight_line_is_its_slope() -> None:
    # 353 s growing by 10 s: the thirds' middles are epochs 2 and 8 of 0 to 11, 1.5 and 9.5.
    found = drift([353 + 10.0 * epoch for epoch in range(12)])
    assert found is not None
    assert (found.slope, found.low, found.high) == pytest.approx((10, 10, 10))
    assert found.last_to_first_third == pytest.approx((353 + 95) / (353 + 15))


def test_the_slope_is_the_median_over_all_pairs() -> None:
    values = np.random.default_rng(7).normal(10, 1, 11)
    slopes = [(values[j] - values[i]) / (j - i) for i, j in combinations(range(11), 2)]
    found = drift(values)
    assert found is not None
    assert found.slope == pytest.approx(np.median(slopes))
    assert found.low < found.slope < found.high


@given(st.lists(st.floats(0.5, 50).map(lambda second: round(second, 1)), min_size=6, max_size=40))
def test_the_slope_and_its_interval_are_those_of_scipy(values: list[float]) -> None:
    found, expected = drift(values), stats.theilslopes(values, alpha=0.95)
    assert found is not None
    assert (found.slope, found.low, found.high) == pytest.approx(
        (expected.slope, expected.low_slope, expected.high_slope)
    )


def test_the_interval_of_a_ratio_is_that_of_scipys_bootstrap() -> None:
    chance = np.random.default_rng(3)
    first, second = chance.normal(12, 1, 19), chance.normal(10, 1, 15)
    reference = stats.bootstrap(
        (np.log(first), np.log(second)),
        lambda one, other, axis: np.median(one, axis=axis) - np.median(other, axis=axis),
        method="percentile",
        n_resamples=20_000,
        rng=1,
    ).confidence_interval
    found = ends(median_ratio_interval(list(first), list(second))[1])
    assert found == pytest.approx((np.exp(reference.low), np.exp(reference.high)), rel=0.01)


def test_a_level_shift_of_one_epoch_is_no_drift() -> None:
    assert drift([2.0, 2.0, 9.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]) == Drift(0, 0, 0, 1)


def test_fewer_than_6_values_have_a_slope_but_no_interval() -> None:
    assert drift([1.0, 2]) is None
    assert drift([383.0, 447.0, 551.0]) == Drift(84, -math.inf, math.inf, 551 / 383)
    found = drift([1.0, 2, 3, 4, 5, 6])
    assert found is not None
    assert (found.low, found.high) == (1, 1)


def test_many_values_are_put_together_without_changing_the_slope() -> None:
    found = drift([10 + 0.01 * epoch for epoch in range(2000)])
    assert found is not None
    assert found.slope == pytest.approx(0.01)
    assert found.low > 0
