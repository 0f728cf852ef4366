from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from dropstudy.analysis.judgement import Verdict, judge
from dropstudy.analysis.significance import equivalence_p, holm, seeds_for_power, sign_flip_p
from dropstudy.analysis.statistics import mean_interval

DRAWS = 10_000
TINY = 1e-9

families = st.lists(
    st.lists(st.floats(-1, 1).map(lambda value: round(value, 3)), max_size=9),
    min_size=1,
    max_size=4,
)
turned: dict[Verdict, Verdict] = {"better": "worse", "worse": "better"}


def count_families(wrong: Sequence[Verdict], draws: NDArray[np.float64], margin: float) -> int:
    """The families, one along the first axis, in which any arm gets a verdict that is wrong."""
    families = (judge(list(draw), margin=margin) for draw in draws)
    return sum(any(arm.verdict in wrong for arm in family) for family in families)


def agrees(count: int, rate: float) -> bool:
    low, high = stats.binom.interval(0.999, DRAWS, rate)
    return bool(low <= count <= high)


def attainable(level: float, count: int) -> float:
    """The highest multiple of 2^(1 − n), the steps of the exact test, that is within the level."""
    return float(np.floor(level * 2 ** (count - 1)) / 2 ** (count - 1))


def test_an_arm_without_a_difference_is_called_better_or_worse_at_the_stated_level() -> None:
    draws = np.random.default_rng(0).normal(0, 1, (DRAWS, 1, 8))
    verdicts = Counter(judge(list(draw), margin=TINY)[0].verdict for draw in draws)
    assert attainable(0.05, 8) == 0.046875
    assert agrees(verdicts["better"] + verdicts["worse"], attainable(0.05, 8))
    # Neither side is favoured.
    assert agrees(verdicts["better"], attainable(0.05, 8) / 2)
    assert verdicts["equivalent"] == 0


def test_an_arm_that_differs_by_the_margin_is_called_equivalent_at_the_stated_level() -> None:
    draws = np.random.default_rng(1).normal(1, 0.1, (DRAWS, 1, 6))
    count = count_families(["equivalent"], draws, margin=1)
    assert agrees(count, 0.05)


def test_three_arms_without_a_difference_get_any_false_verdict_at_the_stated_level() -> None:
    draws = np.random.default_rng(2).normal(0, 1, (DRAWS, 3, 10))
    count = count_families(["better", "worse"], draws, margin=TINY)
    # Holm rejects any if and only if the smallest p is within a third of the level.
    rate = 1 - (1 - attainable(0.05 / 3, 10)) ** 3
    assert rate == pytest.approx(0.0461, abs=1e-4)
    assert agrees(count, rate)


def test_three_arms_that_differ_by_the_margin_get_any_false_verdict_at_the_stated_level() -> None:
    draws = np.random.default_rng(3).normal(-1, 0.1, (DRAWS, 3, 5))
    count = count_families(["equivalent"], draws, margin=1)
    assert agrees(count, 1 - (1 - 0.05 / 3) ** 3)


def test_arms_that_share_a_baseline_get_a_false_verdict_no_more_often() -> None:
    scores = np.random.default_rng(4).normal(0, 1, (4_000, 4, 9))
    count = count_families(["better", "worse"], scores[:, 1:] - scores[:, :1], margin=0.3)
    assert count <= stats.binom.ppf(0.9995, len(scores), 0.05)


def test_too_few_seeds_decide_nothing_about_a_difference_and_say_how_many_would() -> None:
    (judgement,) = judge([[0.3, 0.31, 0.32, 0.33, 0.34]], margin=0.1)
    assert (judgement.verdict, judgement.p) == ("inconclusive", 0.0625)
    assert not judgement.within_reach
    assert judgement.seeds_needed == 1
    assert judge([[0.3, 0.31, 0.32, 0.33, 0.34, 0.35]], margin=0.1)[0].verdict == "better"


def test_a_judgement_holds_what_a_table_prints() -> None:
    differences = [0.3, 0.5, 0.4, 0.6, 0.2, 0.45, 0.35]
    (judgement,) = judge([differences], margin=0.1)
    assert judgement.verdict == "better"
    assert judgement.count == 7
    assert judgement.mean == pytest.approx(0.4)
    assert judgement.interval == mean_interval(differences)
    assert judgement.p == judgement.adjusted_p == judgement.smallest_p == 2**-6
    assert judgement.effect_size == pytest.approx(0.4 / np.std(differences, ddof=1))
    assert judgement.share_won == 1
    assert judgement.seeds_needed == 0
    assert judgement.within_reach


def test_a_real_difference_below_the_margin_is_equivalent() -> None:
    differences = np.linspace(0.01, 0.03, 10)
    (judgement,) = judge([differences], margin=0.1)
    assert judgement.adjusted_p < 0.01
    assert judgement.verdict == "equivalent"
    assert judge([differences], margin=0.015)[0].verdict == "better"


def test_runs_that_never_differ_are_equivalent_from_6_seeds_on() -> None:
    """Without a spread there is nothing to be sure by but the number of seeds."""
    assert [judge([[0.0] * n], margin=0.1)[0].verdict for n in (1, 2, 5, 6, 9)] == [
        *["inconclusive"] * 3,
        *["equivalent"] * 2,
    ]


@pytest.mark.parametrize("differences", [[], [5.0]])
def test_one_seed_decides_nothing(differences: list[float]) -> None:
    (judgement,) = judge([differences], margin=0.1)
    assert judgement.verdict == "inconclusive"
    assert judgement.interval is None
    assert judgement.effect_size is None
    assert judgement.p == judgement.adjusted_p == judgement.equivalence_p == 1
    assert judgement.seeds_needed == 6 - len(differences)


def test_for_losses_and_seconds_less_is_better() -> None:
    (judgement,) = judge(
        [[-0.3, -0.2, -0.4, -0.5, -0.1, -0.3]], margin=0.05, higher_is_better=False
    )
    assert judgement.verdict == "better"
    assert judgement.share_won == 1
    assert judgement.mean == pytest.approx(-0.3)


def test_seeds_needed_are_those_for_the_margin_and_later_for_half_of_it() -> None:
    """The spread is 0.1 and the mean within chance of both 0 and the margin."""
    few, many = (0.05 + 0.1 * _standardised(count) for count in (6, 12))
    total, later = (seeds_for_power(0.1, detectable=margin) for margin in (0.1, 0.05))
    assert (total, later) == (10, 34)
    assert judge([few], margin=0.1)[0].seeds_needed == total - 6
    assert judge([many], margin=0.1)[0].seeds_needed == later - 12


def test_a_margin_out_of_all_reach_needs_a_million_seeds() -> None:
    (judgement,) = judge([[0.3, -0.2, 0.1]], margin=TINY)
    assert judgement.seeds_needed == 1_000_000


def test_with_the_seeds_needed_a_decision_comes_whatever_the_difference_is() -> None:
    """Spread 0.1, margin 0.1: 34 seeds; the hardest difference is half the margin."""
    chance = np.random.default_rng(5)
    for truth in (0.0, 0.05, 0.1):
        draws = chance.normal(truth, 0.1, (200, 34))
        decided = sum(judge([draw], margin=0.1)[0].verdict != "inconclusive" for draw in draws)
        assert decided >= stats.binom.ppf(0.0005, 200, 0.8)


def _standardised(count: int) -> NDArray[np.float64]:
    values = np.linspace(-1, 1, count)
    return np.asarray(values / np.std(values, ddof=1))


@given(families, st.sampled_from([0.01, 0.1, 0.5]))
@settings(max_examples=60)
def test_p_values_of_a_family_are_adjusted_for_all_of_its_arms(
    family: list[list[float]], margin: float
) -> None:
    judgements = judge(family, margin=margin)
    raw = [sign_flip_p(arm) for arm in family]
    equivalence = [equivalence_p(arm, margin) for arm in family]
    assert [judgement.p for judgement in judgements] == raw
    assert [judgement.adjusted_p for judgement in judgements] == holm(raw)
    assert [judgement.equivalence_p for judgement in judgements] == holm(
        [1.0 if p is None else p for p in equivalence]
    )
    for judgement in judgements:
        assert (judgement.seeds_needed == 0) == (judgement.verdict != "inconclusive")
        if judgement.verdict in turned:
            assert judgement.adjusted_p <= 0.05 < judgement.equivalence_p


@given(families)
@settings(max_examples=60)
def test_turning_every_difference_turns_every_verdict(family: list[list[float]]) -> None:
    verdicts = [judgement.verdict for judgement in judge(family, margin=0.1)]
    expected = [turned.get(verdict, verdict) for verdict in verdicts]
    negative = [[-value for value in arm] for arm in family]
    assert [judgement.verdict for judgement in judge(negative, margin=0.1)] == expected
    lower = judge(family, margin=0.1, higher_is_better=False)
    assert [judgement.verdict for judgement in lower] == expected
