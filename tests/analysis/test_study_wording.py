from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from dropstudy.analysis.comparison import compare
from dropstudy.analysis.study_account import Amendment, ArmAccount, Failure, StudyAccount
from dropstudy.analysis.study_power import detectable_difference
from dropstudy.analysis.study_wording import (
    describe_failures,
    describe_plan,
    power_statements,
    verdict_sentence,
    warn_of_copies,
)
from dropstudy.analysis.timing_findings import Drift, TimingContrast, TimingFindings
from dropstudy.analysis.timing_verdicts import CostVerdict
from dropstudy.runs.reading import Run
from tests.analysis.runs import SPATIAL, make_arm, with_copy_ratio

NOISE = np.array([0.01, -0.02, 0.03, 0.0, -0.01, 0.02, -0.03, 0.0])
BASE = [25.0, 25.4, 24.8, 25.1, 25.2, 24.9, 25.3, 25.0]


def arm(name: str, **changes: object) -> ArmAccount:
    plain = ArmAccount(name, (), None, planned=8, finished=8, returned_input=0)
    return replace(plain, **changes)  # type: ignore[arg-type]


def account(*arms: ArmAccount, **changes: object) -> StudyAccount:
    plain = StudyAccount(
        name="trial",
        question="Does it?",
        hypothesis="It does.",
        fingerprint="0123456789abcdef",
        settled="2026-01-02T03:04:05+00:00",
        amendments=(),
        failures=(),
        arms=arms,
        level=0.05,
        looks=1,
        comparison=None,
        timing=None,
        claims=(),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def compared(
    folder: Path, gains: dict[str, float], *, seeds: int = 8, noise: float = 1.0
) -> StudyAccount:
    """A study of ``plain`` and an arm for each gain, in dB, give or take a few hundredths."""
    runs: list[Run] = make_arm(folder, "plain", BASE[:seeds])
    for place, (name, gain) in enumerate(gains.items(), 1):
        spread = noise * np.roll(NOISE, place)[:seeds]
        psnrs = [psnr + gain + more for psnr, more in zip(BASE, spread, strict=False)]
        dropout = {"skip": {**SPATIAL["skip"], "rate": place / 100}}
        runs += make_arm(folder, name, psnrs, dropout=dropout)
    arms = [arm(name, finished=seeds) for name in ("plain", *gains)]
    return account(*arms, comparison=compare(runs))


def contrast(
    name: str, ratio: float, verdict: CostVerdict, baseline: str = "plain"
) -> TimingContrast:
    return TimingContrast(
        name,
        baseline,
        ratio,
        ratio - 0.02,
        ratio + 0.02,
        (ratio,) * 5,
        verdict,
        "why",
        0.0,
        Drift(0.0, -1.0, 1.0, 1.0),
    )


def timed(*contrasts: TimingContrast) -> TimingFindings:
    noise = contrast("plain", 1.0, "equivalent")
    return TimingFindings((), "plain", contrasts, noise, 0.05, 0.05, repeats=5)


def test_each_verdict_has_its_words_and_its_numbers(tmp_path: Path) -> None:
    found = compared(tmp_path, {"up": 0.5, "down": -2.0, "same": 0.005})
    sentence = verdict_sentence(found)
    assert sentence.startswith("By validation PSNR over 8 seeds (with 95% intervals): ")
    assert "up restores better than plain by 0.50 dB (0.4" in sentence
    assert "; down restores worse than plain by 2.00 dB (1.9" in sentence
    assert sentence.endswith("; same restores as well as plain, within ±0.1 dB.")


def test_a_loss_is_told_by_its_size_lower_end_first(tmp_path: Path) -> None:
    found = compared(tmp_path, {"down": -2.0})
    assert found.comparison is not None
    interval = found.comparison.contrasts[0].judgement.interval
    assert interval is not None
    ends = f"({-interval.high:.2f} to {-interval.low:.2f})"
    assert ends in verdict_sentence(found)


def test_several_arms_of_one_verdict_are_told_together(tmp_path: Path) -> None:
    sentence = verdict_sentence(compared(tmp_path, {"a": 0.5, "b": 0.7}))
    assert "each of a (by 0.50 dB" in sentence
    assert ") and b (by 0.70 dB" in sentence
    assert sentence.endswith(") restores better than plain.")


def test_many_arms_are_told_by_the_least_and_the_most(tmp_path: Path) -> None:
    gains = {f"arm_{place}": 1.0 + place for place in range(5)}
    sentence = verdict_sentence(compared(tmp_path, gains, seeds=8))
    assert "each of 5 arms restores better than plain, from 1.00 dB (" in sentence
    assert "(arm_0) to 5.00 dB (" in sentence
    assert sentence.endswith("(arm_4).")
    assert "arm_2" not in sentence


def test_of_an_undecided_arm_nothing_is_said(tmp_path: Path) -> None:
    sentence = verdict_sentence(compared(tmp_path, {"x": 0.3}, seeds=4))
    assert ": nothing can be said of x (+0.31 dB, +0.27 to +0.34" in sentence
    assert sentence.endswith(" against plain: 4 seeds are too few to show any difference.")
    assert "better" not in sentence


def test_an_undecided_arm_of_enough_seeds_has_no_such_excuse(tmp_path: Path) -> None:
    sentence = verdict_sentence(compared(tmp_path, {"x": 0.09}, noise=10))
    assert "nothing can be said of x" in sentence
    assert sentence.endswith(" against plain.")


def test_a_measure_has_its_own_words_and_direction(tmp_path: Path) -> None:
    ratios = {"plain": 0.8, "x": 0.5}
    runs = [
        with_copy_ratio(run, ratios[name] + more)
        for name, dropout in (("plain", None), ("x", SPATIAL))
        for run, more in zip(
            make_arm(tmp_path, name, BASE, dropout=dropout),
            NOISE * (0.1 if name == "x" else 0),
            strict=True,
        )
    ]
    found = account(arm("plain"), arm("x"), comparison=compare(runs, metric="val_copy_ratio"))
    assert "x copies less of its input than plain by 0.300 (0.29" in verdict_sentence(found)


def test_a_study_in_progress_says_how_far_it_is_and_which_arms_are_missing(tmp_path: Path) -> None:
    found = compared(tmp_path, {"x": 0.5}, seeds=3)
    found = replace(found, arms=(*found.arms, arm("later", finished=0)))
    sentence = verdict_sentence(found)
    assert sentence.startswith("After 6 of 24 runs, by validation PSNR over 3 seeds")
    assert sentence.endswith("; no run of later is finished.")


@pytest.mark.parametrize(
    ("finished", "words"),
    [
        ((0, 0), "Nothing is known yet: of 16 runs none is finished."),
        (
            (0, 1),
            "Nothing is known yet: 1 of 16 runs is finished, and a difference takes finished runs "
            "of plain and of another arm.",
        ),
    ],
)
def test_without_a_pair_nothing_is_known(finished: tuple[int, int], words: str) -> None:
    found = account(
        *(arm(name, finished=own) for name, own in zip(("plain", "x"), finished, strict=True))
    )
    assert verdict_sentence(found) == words


def test_an_only_arm_is_held_against_nothing() -> None:
    words = "plain is the only arm; there is nothing to hold it against."
    assert verdict_sentence(account(arm("plain"))) == words


def test_a_study_of_timing_alone_gets_its_sentence_from_the_contrasts() -> None:
    findings = timed(
        contrast("a", 1.3, "slower"),
        contrast("b", 0.8, "faster"),
        contrast("c", 1.0, "equivalent"),
        contrast("d", 1.1, "inconclusive"),
    )
    arms = [arm(name, planned=0, finished=0) for name in ("plain", "a", "b", "c", "d")]
    assert verdict_sentence(account(*arms, timing=findings)) == (
        "By the time of a step: a is slower than plain: 1.30× (1.28 to 1.32); b is faster than "
        "plain: 0.80× (0.78 to 0.82); c costs as much as plain, within ±5%; nothing can be said of "
        "the cost of d (1.10×, 1.08 to 1.12) against plain; no ratio drifted beyond chance."
    )


def test_many_timed_arms_of_several_baselines_are_summed_up() -> None:
    findings = timed(*(contrast(f"arm_{n}", 1.1 + n / 10, "slower", f"base_{n}") for n in range(5)))
    arms = [arm("plain", planned=0, finished=0)]
    assert verdict_sentence(account(*arms, timing=findings)) == (
        "By the time of a step: each of 5 arms is slower than its baseline, from 1.10× (1.08 to "
        "1.12) (arm_0) to 1.50× (1.48 to 1.52) (arm_4); no ratio drifted beyond chance."
    )


def test_ratios_that_drift_and_arms_without_a_verdict_are_told_in_their_number() -> None:
    drift = Drift(1.0, 0.5, 1.5, 1.3)
    findings = timed(
        replace(contrast("a", 1.1, "inconclusive", "x"), drift=drift),
        replace(contrast("b", 1.1, "inconclusive", "y"), drift=drift),
    )
    assert verdict_sentence(account(arm("x", planned=0, finished=0), timing=findings)) == (
        "By the time of a step: nothing can be said of the cost of a and b against their "
        "baselines; the ratios of a and b drifted beyond chance."
    )


def test_copies_are_counted_by_arm() -> None:
    arms = (
        arm("none", finished=4),
        arm("one", finished=4, returned_input=1),
        arm("all", finished=4, returned_input=4),
        arm("only", finished=1, returned_input=1),
    )
    assert warn_of_copies(account(*arms)) == [
        "1 of 4 networks of one returned its input.",
        "All 4 networks of all returned their input.",
        "The network of only returned its input.",
    ]


def test_seeds_that_cannot_reach_the_level_are_said_to(tmp_path: Path) -> None:
    found = compared(tmp_path, {"x": 0.3, "y": 0.2}, seeds=4)
    found = replace(found, arms=tuple(replace(own, planned=4) for own in found.arms))
    reach, x, y = power_statements(found)
    # 2^(1 - 4) = 0.125 and 0.05 / 2 = 0.025, which 2^(1 - 7) = 0.016 is below.
    assert reach.startswith(
        "Out of reach: with 4 seeds p cannot be below 0.125, and to show a difference, however "
        "large, takes 0.025 (0.05 over 2 arms); 7 seeds can."
    )
    assert x.startswith("x: if its difference to plain has a spread of 0.02 dB over seeds, 4 seeds")
    assert "find no difference with a power of 80%" in y


def test_the_planned_seeds_and_arms_count_while_runs_are_missing(tmp_path: Path) -> None:
    found = compared(tmp_path, {"x": 0.3}, seeds=4)
    found = replace(found, arms=(*found.arms, arm("later", finished=0)))
    reach, x = power_statements(found)
    assert reach == (
        "Within reach: with 8 seeds p can be as small as 0.00781, and to show a difference takes "
        "0.025 (0.05 over 2 arms)."
    )
    assert "as over the first 4, 8 seeds find one of 0." in x


def test_the_difference_that_could_have_been_found_has_that_power() -> None:
    spread, seeds, tests = 0.2, 12, 3
    least = detectable_difference(spread, seeds=seeds, level=0.05, tests=tests)
    assert least is not None
    critical = stats.t.isf(0.05 / tests / 2, seeds - 1)
    power = stats.nct.sf(critical, seeds - 1, least / spread * np.sqrt(seeds))
    assert power == pytest.approx(0.8, abs=1e-3)


def test_a_decided_study_needs_no_more(tmp_path: Path) -> None:
    *_, last = power_statements(compared(tmp_path, {"x": 0.5}))
    assert last == "Every arm that was compared is decided; no more seeds are needed."


def test_one_seed_has_no_power_to_speak_of(tmp_path: Path) -> None:
    *_, x = power_statements(compared(tmp_path, {"x": 0.5}, seeds=1))
    assert x == "x: one seed has no spread to say what more of them would find."


def test_there_is_no_power_without_a_comparison() -> None:
    assert power_statements(account(arm("plain"))) == []


def test_failures_are_told_without_the_paths_of_the_machine() -> None:
    errors = (
        Failure("2026-01-02", "x", 1, "failed", "/home/me/study/runs/x-1/config.yaml: no\nmemory"),
        Failure("2026-01-03", "x", 2, "crashed", r"C:\Users\me\x.log: 3/4 done, ratio 1/2"),
    )
    first, second, last = describe_failures(account(arm("x"), failures=errors))
    assert first == "x, seed 1, 2026-01-02: failed: …/config.yaml: no memory"
    assert second == "x, seed 2, 2026-01-03: its process died: …/x.log: 3/4 done, ratio 1/2"
    assert last == "All runs are finished nevertheless."


def test_a_study_without_failures_has_none() -> None:
    assert describe_failures(account(arm("x"))) == []


def test_the_plan_is_told_with_its_amendments() -> None:
    amendment = Amendment("2026-02-01", "two were too few.", ("seeds",))
    arms = (arm("plain", also=("zero",)), arm("x", finished=3), arm("x-lr", control_of="x"))
    lines = describe_plan(account(*arms, amendments=(amendment,), looks=3, level=0.05 / 3))
    assert lines == [
        "3 arms, 24 runs, 19 of them finished.",
        "Verdicts hold at level 0.017 over all arms, at each of 3 looks, not counting what was "
        "seen before the plan was amended.",
        "plain is the same model as zero, and trained once.",
        "x-lr is a control of x.",
        "Plan 0123456789ab, settled 2026-01-02T03:04:05+00:00 before anything was trained.",
        "Amended 2026-02-01: two were too few (changed: seeds).",
    ]
    assert describe_plan(account(arm("x"), settled=""))[-1] == "Plan 0123456789ab, not settled yet."
