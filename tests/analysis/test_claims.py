import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

from dropstudy.analysis.claim_numbers import ClaimNumbers
from dropstudy.analysis.claims import ClaimOutcome, judge_claim
from tests.analysis.claims import LEVEL, claim


def judge_values(values: Sequence[float], **keys: Any) -> ClaimOutcome:
    return judge_claim(claim(**keys), ClaimNumbers(tuple(values)), LEVEL)


def test_the_interval_of_a_few_seeds_is_that_of_the_t_distribution() -> None:
    values = [0.3, 0.5, 0.2, 0.6, 0.4]
    outcome = judge_values(values, difference={"above": 0.1})
    expected = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
    assert (outcome.low, outcome.high) == pytest.approx(expected)
    assert outcome.estimate == pytest.approx(0.4)
    assert (outcome.state, outcome.n, outcome.reason) == ("confirmed", 5, "")


def test_a_ratio_is_judged_by_its_logarithms() -> None:
    ratios = [1.02, 1.05, 1.01, 1.04, 1.03]
    logs = [math.log(ratio) for ratio in ratios]
    outcome = judge_values(logs, metric="parameters", ratio={"below": 1.1})
    expected = np.exp(stats.t.interval(0.95, 4, np.mean(logs), stats.sem(logs)))
    assert (outcome.low, outcome.high) == pytest.approx(tuple(expected))
    assert outcome.estimate == pytest.approx(stats.gmean(ratios))


@pytest.mark.parametrize(
    ("bound", "state"),
    [
        ({"above": 0.1}, "confirmed"),
        ({"above": 0.4}, "undecided"),
        ({"above": 1.0}, "refuted"),
        ({"below": 1.0}, "confirmed"),
        ({"below": 0.1}, "refuted"),
        ({"within": 1.0}, "confirmed"),
        ({"within": 0.1}, "refuted"),
        ({"within": 0.5}, "undecided"),
        ({"between": [0.1, 1.0]}, "confirmed"),
        ({"between": [0.45, 1.0]}, "undecided"),
        ({"between": [1.0, 2.0]}, "refuted"),
    ],
)
def test_a_claim_is_decided_where_its_bound_leaves_the_whole_interval_on_one_side(
    bound: Mapping[str, Any], state: str
) -> None:
    outcome = judge_values([0.3, 0.5, 0.2, 0.6, 0.4], difference=bound)  # 0.20 to 0.60
    assert outcome.state == state
    assert bool(outcome.reason) == (state == "undecided")


def test_what_the_interval_holds_is_said() -> None:
    outcome = judge_values([0.3, 0.5, 0.2, 0.6, 0.4], difference={"between": [0.25, 0.5]})
    assert outcome.reason == "its interval holds 0.25 and 0.5; more seeds would narrow it"


def test_a_single_seed_decides_nothing_but_a_count() -> None:
    measured = judge_values([5.0], difference={"above": 0.1})
    assert (measured.state, measured.low) == ("undecided", None)
    assert measured.reason == "a single seed has no spread; give at least 2 seeds"
    counted = judge_values([math.log(2)], metric="parameters", ratio={"above": 1.5})
    assert (counted.state, counted.low, counted.high) == ("confirmed", 2.0, 2.0)


def test_seeds_that_are_all_alike_have_an_interval_without_width() -> None:
    for bound, state in (({"above": 0.25}, "refuted"), ({"between": [0.25, 0.5]}, "confirmed")):
        assert judge_values([0.25, 0.25, 0.25], difference=bound).state == state


@pytest.mark.parametrize("seeds", [4, 9])
def test_claims_are_judged_wrongly_no_more_often_than_the_level_says(seeds: int) -> None:
    """Four claims on means at, or a hair off, their bounds, where errors are likeliest.

    Two are just false, so that confirming them is wrong, and two just true. At 9 seeds the
    interval is a bootstrap, which takes its time.
    """
    level, draws = 0.2, 2000 if seeds < 8 else 150
    chance = np.random.default_rng(7)
    false = [{"above": 0.0}, {"below": 0.0}]
    true = [{"above": -1e-9}, {"below": 1e-9}]
    wrong = one_claim = 0
    for _ in range(draws):
        numbers = [ClaimNumbers(tuple(chance.normal(size=seeds))) for _ in range(4)]
        states = [
            judge_claim(claim(difference=bound), own, level / 4).state
            for bound, own in zip([*false, *true], numbers, strict=True)
        ]
        errors = ["confirmed" in states[:2], "refuted" in states[2:]]
        wrong += any(errors)
        one_claim += states[0] == "confirmed"
    slack = 3 * math.sqrt(level * (1 - level) / draws)
    assert wrong / draws <= level + slack
    assert wrong / draws >= level / 2 - slack  # one side of each interval errs, half the level
    assert one_claim / draws <= level / 8 + slack
