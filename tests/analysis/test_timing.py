import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dropstudy.analysis.timing import find_timing
from dropstudy.analysis.timing_wording import (
    answer_timing,
    describe_drift,
    describe_noise,
    explain_timing,
    find_value_costs,
)
from dropstudy.errors import ConfigError, DataError
from tests.runs.timed import Seconds, timed_arm, write_session

STEPS = {"none": 0.010, "dropout": 0.012}


def noisy(ratio: float, *, own: float = 0.003, seed: int = 0) -> Seconds:
    """10 ms a step, times ``ratio`` for all but the baseline, with noise of each turn's own."""
    chance = np.random.default_rng(seed)

    def seconds(name: str, number: int, turn: int) -> float:
        factor = 1.0 if name.startswith("none") else ratio
        return 0.01 * factor * math.exp(own * chance.normal())

    return seconds


def test_an_arm_is_described_by_the_medians_of_its_turns(tmp_path: Path) -> None:
    none, dropout = find_timing(write_session(tmp_path, STEPS)).arms
    assert (none.name, dropout.name) == ("none", "dropout")
    assert dropout.step_milliseconds == pytest.approx(12.0)  # the third step of a turn is slow
    assert dropout.deviation == pytest.approx(0.0)
    assert dropout.turn_milliseconds == pytest.approx((12.0,) * 10)
    assert dropout.epoch_seconds == pytest.approx(10 * 0.012)
    assert dropout.images_per_second == pytest.approx(4 / 0.012)
    assert dropout.first_step_seconds == 1.5
    assert dropout.peak_memory_bytes == 2**20
    assert dropout.drift.last_third_over_first == pytest.approx(1.0)


def test_the_ratio_is_the_arm_over_its_baseline(tmp_path: Path) -> None:
    findings = find_timing(write_session(tmp_path, noisy(1.5)))
    (contrast,) = findings.contrasts
    assert contrast.ratio == pytest.approx(1.5, rel=0.01)
    assert contrast.low < 1.5 < contrast.high
    assert len(contrast.repeat_ratios) == 5
    assert contrast.ratio == pytest.approx(math.prod(contrast.repeat_ratios) ** (1 / 5))
    assert contrast.dropout_share == pytest.approx(1 / 3, rel=0.02)
    assert (contrast.verdict, findings.baseline) == ("slower", "none")
    assert answer_timing(contrast).startswith("dropout is slower: 1.50 [1.")
    assert answer_timing(contrast).endswith("; dropout takes 33% of its step")


def test_a_faster_arm_is_called_so(tmp_path: Path) -> None:
    (contrast,) = find_timing(write_session(tmp_path, noisy(0.8))).contrasts
    assert contrast.verdict == "faster"
    assert "takes" not in answer_timing(contrast)


def test_a_machine_that_slows_down_steadily_does_not_change_the_ratio(tmp_path: Path) -> None:
    def seconds(name: str, number: int, turn: int) -> float:
        return (0.012 if name == "dropout" else 0.010) * 1.01**turn

    findings = find_timing(write_session(tmp_path, seconds))
    assert findings.contrasts[0].repeat_ratios == pytest.approx([1.2] * 5)
    assert findings.noise.ratio == pytest.approx(1.0)


def test_no_verdict_on_an_effect_smaller_than_drift(tmp_path: Path) -> None:
    def seconds(name: str, number: int, turn: int) -> float:
        return 0.010 * (0.98 + number / 50 if name == "dropout" else 1)

    (contrast,) = find_timing(write_session(tmp_path, seconds, repeats=9)).contrasts
    assert contrast.ratio == pytest.approx(1.08, abs=0.01)  # 1.02 and 1.14 in its thirds
    assert contrast.low > 1
    assert contrast.verdict == "inconclusive"
    assert "the ratio drifted by +" in contrast.reason
    assert answer_timing(contrast).startswith("dropout: no verdict: ")


def test_drift_is_percent_of_the_median_from_turn_to_turn(tmp_path: Path) -> None:
    def seconds(name: str, number: int, turn: int) -> float:
        return 0.010 * (1 + number / 100)

    drift = find_timing(write_session(tmp_path, seconds, repeats=6)).arms[0].drift
    assert drift.percent == pytest.approx(0.5 / 1.035, rel=0.1)
    assert 0 < drift.low <= drift.percent <= drift.high
    assert drift.last_third_over_first == pytest.approx(1.055 / 1.015, rel=0.01)


def test_the_arms_that_drift_are_named(tmp_path: Path) -> None:
    def seconds(name: str, number: int, turn: int) -> float:
        return 0.010 * (1 + number / 10 if name == "dropout" else 1)

    steady = find_timing(write_session(tmp_path / "steady", STEPS))
    rising = find_timing(write_session(tmp_path / "rising", seconds, repeats=6))
    assert describe_drift(steady) == (
        "drift from the first third of the session to the last: none beyond chance in any ratio "
        "(of the machine, which all arms share: none +0.0%, may be chance)"
    )
    # Rounds take 1.1, 1.2, … 1.6: medians of their thirds are 1.15 and 1.55.
    assert describe_drift(rising) == (
        "drift from the first third of the session to the last: dropout against none +34.8% (of "
        "the machine, which all arms share: none +0.0%, may be chance)"
    )


def test_no_verdict_on_an_effect_smaller_than_what_an_arm_differs_from_itself(
    tmp_path: Path,
) -> None:
    def seconds(name: str, number: int, turn: int) -> float:
        return {"none": 0.010, "none again": 0.0108, "dropout": 0.0107}[name]

    findings = find_timing(write_session(tmp_path, seconds))
    (contrast,) = findings.contrasts
    assert findings.noise.ratio == pytest.approx(1.08)
    assert contrast.verdict == "inconclusive"
    assert contrast.reason == "it differs by 7.0%, and the baseline from itself by up to 8.0%"
    assert describe_noise(findings) == "noise floor: none against itself 1.08 [1.08, 1.08]"


def test_a_difference_within_the_margin_is_equivalent(tmp_path: Path) -> None:
    session = write_session(tmp_path, noisy(1.02, own=0.002))
    assert find_timing(session).contrasts[0].verdict == "equivalent"
    strict = find_timing(session, margin=0.01).contrasts[0]
    assert strict.verdict == "slower"


def test_a_baseline_that_differs_from_itself_is_no_ground_for_equivalence(tmp_path: Path) -> None:
    def seconds(name: str, number: int, turn: int) -> float:
        return 0.0108 if name == "none again" else 0.010

    (contrast,) = find_timing(write_session(tmp_path, seconds)).contrasts
    assert contrast.verdict == "inconclusive"


def test_intervals_are_wider_the_more_arms_there_are(tmp_path: Path) -> None:
    def seconds(name: str, number: int, turn: int) -> float:
        return 0.010 * (1.3 + number / 100 if name == "dropout" else 1.0 + len(name) % 4)

    def width(*names: str) -> float:
        session = write_session(tmp_path / str(len(names)), seconds, names=("none", *names))
        contrast = find_timing(session).contrasts[0]
        return math.log(contrast.high / contrast.low)

    # The quantiles of t with 4 degrees of freedom at 0.975 and at 1 − 0.025 / 3.
    assert width("dropout", "two", "three") / width("dropout") == pytest.approx(
        3.9608 / 2.7764, rel=1e-3
    )


def test_the_interval_holds_the_truth_as_often_as_it_says(tmp_path: Path) -> None:
    session = write_session(tmp_path, STEPS)
    held = 0
    for seed in range(200):
        step = noisy(1.2, own=0.03, seed=seed)
        turns = [
            replace(turn, step_seconds=(step(turn.arm, turn.round, 0),)) for turn in session.turns
        ]
        (contrast,) = find_timing(replace(session, turns=tuple(turns))).contrasts
        held += contrast.low <= 1.2 <= contrast.high
    assert 0.91 < held / 200 <= 0.99


def test_nothing_follows_from_a_session_that_was_cut_off(tmp_path: Path) -> None:
    session = write_session(tmp_path, STEPS, finished="")
    session = replace(session, turns=session.turns[:-1])
    findings = find_timing(session)
    assert findings.repeats == 4
    assert findings.contrasts[0].verdict == "inconclusive"
    assert findings.contrasts[0].reason == "the session was cut off after 4 of 5 repeats"


def test_a_session_without_a_complete_repeat_says_nothing(tmp_path: Path) -> None:
    session = write_session(tmp_path, STEPS, repeats=1)
    with pytest.raises(DataError, match="no repeat is complete"):
        find_timing(replace(session, turns=session.turns[:5]))


def test_a_single_repeat_has_no_spread(tmp_path: Path) -> None:
    findings = find_timing(write_session(tmp_path, STEPS, repeats=1))
    (contrast,) = findings.contrasts
    assert contrast.ratio == pytest.approx(1.2)
    assert (contrast.low, contrast.high) == (0, math.inf)
    assert contrast.reason == "a single repeat has no spread; give more with --repeat"
    assert "1.20 [no interval]" in answer_timing(contrast)


def test_all_arms_can_be_held_against_another(tmp_path: Path) -> None:
    session = write_session(tmp_path, {**STEPS, "spatial": 0.009}, names=("none", *STEPS)[1:])
    findings = find_timing(session, baseline="dropout")
    assert [(item.arm, item.baseline) for item in findings.contrasts] == [("none", "dropout")]
    assert findings.contrasts[0].ratio == pytest.approx(10 / 12)
    with pytest.raises(ConfigError, match="baseline: got spatial; give one of none, dropout"):
        find_timing(session, baseline="spatial")


def test_each_arm_is_judged_by_its_own_baselines_noise(tmp_path: Path) -> None:
    steps = {
        "small": 1.0,
        "small again": 1.3,
        "s": 1.2,
        "large": 9.0,
        "large again": 9.0,
        "l": 10.8,
    }
    pairs = {"small": "", "s": "small", "small again": "small"}
    pairs |= {"large": "", "l": "large", "large again": "large"}
    arms = [timed_arm(name, baseline) for name, baseline in pairs.items()]

    def seconds(name: str, number: int, turn: int) -> float:
        return steps[name]

    findings = find_timing(write_session(tmp_path, seconds, arms=arms))
    assert [contrast.verdict for contrast in findings.contrasts] == ["inconclusive", "slower"]
    assert findings.noise.baseline == "small"
    assert findings.baselines == ("small", "large")


def test_the_cost_of_a_value_is_fitted_over_all_sizes(tmp_path: Path) -> None:
    steps = {"small": 0.010, "s": 0.014, "large": 0.020, "l": 0.030}
    arms = [
        timed_arm("small", ""),
        timed_arm("s", "small", dropout="dropout", layers=1, values=250_000),
        timed_arm("small again", "small"),
        timed_arm("large", ""),
        timed_arm("l", "large", dropout="dropout", layers=2, values=500_000),
        timed_arm("large again", "large"),
    ]
    findings = find_timing(write_session(tmp_path, steps, arms=arms))
    (cost,) = find_value_costs(findings)
    # Batches of 4: 4 ms for 1 million values and 10 ms for 2; (1·4 + 2·10) / (1 + 4).
    assert cost.milliseconds == pytest.approx(4.8)
    assert (cost.low, cost.high) == pytest.approx((4.0, 5.0))
    assert cost.arms == 2


def test_a_busy_machine_is_told(tmp_path: Path) -> None:
    quiet = find_timing(write_session(tmp_path / "quiet", STEPS))
    busy = find_timing(write_session(tmp_path / "busy", STEPS, others_share=0.4))
    assert not any("other programs" in line for line in explain_timing(quiet))
    assert any("other programs used 40% of the cores" in line for line in explain_timing(busy))
