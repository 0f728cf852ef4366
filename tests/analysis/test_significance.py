import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dropstudy.analysis.significance import (
    effect_size,
    equivalence_p,
    holm,
    seeds_for_power,
    seeds_to_reach,
    share_won,
    sign_flip_p,
    smallest_p,
)

numbers = st.floats(-100, 100).map(lambda value: round(value, 3))
difference_lists = st.lists(numbers, min_size=2, max_size=9)
p_lists = st.lists(st.floats(0, 1), max_size=8)


@pytest.mark.parametrize("count", [2, 3, 5, 8, 11])
def test_the_sign_flip_test_is_scipys_exact_permutation_test(count: int) -> None:
    differences = np.random.default_rng(count).normal(0.5, 1, count)
    reference = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert sign_flip_p(differences) == pytest.approx(reference.pvalue, abs=1e-12)


@pytest.mark.parametrize(("count", "positive"), [(6, 6), (9, 7), (14, 11)])
def test_with_differences_of_one_size_it_is_the_sign_test(count: int, positive: int) -> None:
    differences = [0.1] * positive + [-0.1] * (count - positive)
    expected = stats.binomtest(positive, count).pvalue
    assert sign_flip_p(differences) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("count", "positive"), [(15, 11), (20, 15), (40, 26)])
def test_many_seeds_get_a_p_by_chance_that_is_near_the_exact_one(count: int, positive: int) -> None:
    differences = [0.1] * positive + [-0.1] * (count - positive)
    expected = stats.binomtest(positive, count).pvalue
    four_errors = 4 * math.sqrt(expected * (1 - expected) / 9_999)
    assert sign_flip_p(differences) == pytest.approx(expected, abs=four_errors)


@pytest.mark.parametrize(
    ("count", "p"),
    [(1, 1), (3, 0.25), (5, 0.0625), (6, 0.03125), (8, 0.0078125), (10, 0.001953125)],
)
def test_the_smallest_p_is_that_of_differences_which_all_point_one_way(
    count: int, p: float
) -> None:
    assert smallest_p(count) == p
    assert sign_flip_p(np.arange(1.0, count + 1)) == p


def test_p_is_never_0_however_many_seeds_agree() -> None:
    assert sign_flip_p(np.arange(1.0, 41)) == smallest_p(40) == 1 / 10_000
    assert smallest_p(14) > smallest_p(15)


def test_no_difference_is_no_evidence() -> None:
    assert sign_flip_p([]) == sign_flip_p([0.3]) == sign_flip_p([0.0] * 6) == smallest_p(0) == 1


@given(difference_lists, st.randoms(use_true_random=False))
def test_neither_the_sign_nor_the_order_nor_the_unit_changes_the_p(
    differences: list[float], chance: object
) -> None:
    p = sign_flip_p(differences)
    assert smallest_p(len(differences)) <= p <= 1
    assert sign_flip_p([-value for value in differences]) == p
    assert sign_flip_p(sorted(differences)) == p
    assert sign_flip_p([value * 1e-7 for value in differences]) == p


@given(st.lists(numbers, min_size=15, max_size=20))
@settings(max_examples=20)
def test_nor_where_patterns_of_signs_are_drawn(differences: list[float]) -> None:
    p = sign_flip_p(differences)
    assert p > 0
    assert sign_flip_p([-value for value in reversed(differences)]) == p


def test_holms_adjusted_values() -> None:
    """As R's ``p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")`` prints them."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


@given(p_lists)
def test_holm_keeps_the_order_and_lies_between_the_raw_p_and_bonferronis(raw: list[float]) -> None:
    adjusted = holm(raw)
    for p, adjusted_p in zip(raw, adjusted, strict=True):
        assert p <= adjusted_p <= min(1, len(raw) * p) + 1e-15
    by_p = [adjusted[place] for place in sorted(range(len(raw)), key=raw.__getitem__)]
    assert by_p == sorted(by_p)
    if raw:
        assert min(adjusted) == min(1, len(raw) * min(raw))


@pytest.mark.parametrize(("count", "margin"), [(2, 0.1), (5, 0.5), (12, 1.0)])
def test_equivalence_is_two_one_sided_t_tests(count: int, margin: float) -> None:
    differences = np.random.default_rng(count).normal(0.1, 0.4, count)
    one_sided = [
        stats.ttest_1samp(differences, -margin, alternative="greater").pvalue,
        stats.ttest_1samp(differences, margin, alternative="less").pvalue,
    ]
    assert equivalence_p(differences, margin) == pytest.approx(max(one_sided), rel=1e-9)


def test_equivalence_of_differences_without_spread_is_as_sure_as_their_number_allows() -> None:
    assert equivalence_p([0.0, 0.0], 0.1) == 0.5
    assert equivalence_p([0.05] * 6, 0.1) == 2**-5
    assert equivalence_p([-0.1, -0.1, -0.1], 0.1) == 1
    assert equivalence_p([0.3, 0.3], 0.1) == 1
    assert equivalence_p([0.0], 0.1) is None


@given(difference_lists, st.floats(0.01, 50))
def test_equivalence_does_not_depend_on_the_sign_or_the_unit(
    differences: list[float], margin: float
) -> None:
    p = equivalence_p(differences, margin)
    assert p is not None
    assert equivalence_p([-value for value in differences], margin) == pytest.approx(p, abs=1e-9)
    scaled = equivalence_p([value * 8 for value in differences], margin * 8)
    assert scaled == pytest.approx(p, abs=1e-9)


def test_effect_size_is_the_mean_in_units_of_the_spread() -> None:
    # Mean 2; squared distances 1, 0, 1 over n − 1 = 2 make a standard deviation of 1.
    assert effect_size([1, 2, 3]) == pytest.approx(2)
    assert effect_size([-1, -2, -3]) == pytest.approx(-2)


@pytest.mark.parametrize("differences", [[], [0.4], [0.4, 0.4], [0.1 + 0.2, 0.3, 0.3]])
def test_effect_size_is_undefined_without_spread(differences: list[float]) -> None:
    assert effect_size(differences) is None


def test_the_share_of_seeds_won_counts_ties_half() -> None:
    assert share_won([0.3, 1e-9, -2, 0]) == 0.625
    assert share_won([]) is None


@given(difference_lists)
def test_what_one_arm_wins_the_other_loses(differences: list[float]) -> None:
    won, lost = share_won(differences), share_won([-value for value in differences])
    assert won is not None
    assert lost is not None
    assert won + lost == pytest.approx(1)


@pytest.mark.parametrize(("effect", "seeds"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_seeds_for_power_are_those_of_the_tables(effect: float, seeds: int) -> None:
    """G*Power 3.1, means of matched pairs, two tails, α 0.05, power 0.8."""
    assert seeds_for_power(0.3, detectable=0.3 * effect) == seeds


@pytest.mark.parametrize(("effect", "level", "power"), [(0.3, 0.05, 0.9), (0.7, 0.01, 0.8)])
def test_one_seed_less_has_less_power_by_scipys_noncentral_t(
    effect: float, level: float, power: float
) -> None:
    count = seeds_for_power(1, detectable=effect, level=level, power=power)
    for seeds, enough in ((count, True), (count - 1, False)):
        critical = stats.t(seeds - 1).ppf(1 - level / 2)
        found = stats.nct(seeds - 1, effect * math.sqrt(seeds)).sf(critical)
        assert (found >= power) == enough


@pytest.mark.parametrize(("tests", "seeds"), [(1, 6), (2, 7), (3, 7), (4, 8)])
def test_there_are_always_seeds_enough_for_the_sign_flip_test_to_reach_its_level(
    tests: int, seeds: int
) -> None:
    for spread in (0, 1e-6):
        assert seeds_for_power(spread, detectable=1, tests=tests) == seeds
    assert seeds_to_reach(0.05 / tests) == seeds
    assert smallest_p(seeds) <= 0.05 / tests < smallest_p(seeds - 1)


def test_a_difference_out_of_all_reach_needs_a_million_seeds() -> None:
    assert seeds_for_power(1, detectable=1e-9) == seeds_for_power(1, detectable=0) == 1_000_000


@given(st.floats(0.05, 5), st.floats(1.01, 3), st.integers(1, 6))
def test_more_spread_more_arms_or_more_power_need_no_fewer_seeds(
    spread: float, more: float, tests: int
) -> None:
    seeds = seeds_for_power(spread, detectable=1, tests=tests)
    assert seeds_for_power(spread * more, detectable=1, tests=tests) >= seeds
    assert seeds_for_power(spread, detectable=1, tests=tests + 1) >= seeds
    assert seeds_for_power(spread, detectable=1, tests=tests, power=0.9) >= seeds
