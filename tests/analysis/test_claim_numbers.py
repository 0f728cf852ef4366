from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from dropstudy.analysis.claim_numbers import ClaimEvidence, gather
from dropstudy.analysis.claims import judge_claims
from dropstudy.config.claims import Claims
from tests.analysis.claims import MODELS, PSNRS, claim, evidence_of, judge_one, timed, train
from tests.analysis.runs import make_arm, make_run


def test_the_level_is_shared_by_all_claims_and_looks(tmp_path: Path) -> None:
    gains = [0.3, 0.5, 0.2, 0.6, 0.4]
    claims = Claims(level=0.06, claims=(claim(difference={"above": 0.1}),) * 3)
    outcomes = judge_claims(claims, train(tmp_path, gains), looks=2)
    expected = stats.t.interval(1 - 0.01, 4, np.mean(gains), stats.sem(gains))
    assert [outcome.level for outcome in outcomes] == pytest.approx([0.01] * 3)
    assert (outcomes[0].low, outcomes[0].high) == pytest.approx(expected)


def test_arms_are_paired_by_seed(tmp_path: Path) -> None:
    outcome = judge_one(train(tmp_path, [0.3, 0.31, 0.29]), claim(difference={"above": 0.2}))
    assert outcome.state == "confirmed"  # though seeds differ by a whole dB
    assert outcome.statement == "val_psnr of spatial − none above 0.2 dB"
    assert outcome.found == "0.300 dB (0.275 to 0.325), 3 seeds"


def test_a_value_is_the_arms_own_mean(tmp_path: Path) -> None:
    evidence = train(tmp_path, [0.0] * 5)
    outcome = judge_one(evidence, claim(value={"between": [24, 26]}))
    assert outcome.estimate == pytest.approx(np.mean(PSNRS))
    assert (outcome.state, outcome.statement) == (
        "confirmed",
        "val_psnr of spatial between 24 and 26 dB",
    )


def test_an_arm_is_found_by_the_name_of_one_that_is_the_same_model(tmp_path: Path) -> None:
    given = claim(difference={"above": 0.2}, against="spatial-0")
    outcome = judge_one(train(tmp_path, [0.3, 0.31, 0.29]), given)
    assert (outcome.state, outcome.statement) == (
        "confirmed",
        "val_psnr of spatial − spatial-0 above 0.2 dB",
    )


def test_nothing_is_decided_while_runs_are_missing(tmp_path: Path) -> None:
    found = train(tmp_path, [0.3, 0.31, 0.29])
    evidence = evidence_of(found.runs["none"], found.runs["spatial"][:2], planned=3)
    outcome = judge_one(evidence, claim(difference={"above": 0.1}))
    assert (outcome.state, outcome.n) == ("undecided", 2)
    assert outcome.estimate == pytest.approx(0.305)
    assert outcome.reason == "5 of 6 runs are finished"


def test_runs_without_the_number_are_not_left_out_in_silence(tmp_path: Path) -> None:
    outcome = judge_one(
        train(tmp_path, [0.0, 0.1, 0.2]), claim("val_copy_ratio", value={"above": 0.9})
    )
    assert (outcome.state, outcome.estimate, outcome.found) == ("undecided", None, "nothing")
    assert outcome.reason == "3 of 3 runs have no val_copy_ratio"


def test_runs_that_saw_other_images_are_not_compared(tmp_path: Path) -> None:
    plain = make_arm(tmp_path, "none", PSNRS)
    other = [
        make_run(
            tmp_path / f"spatial-{seed}", seed=seed, psnrs=[psnr + 1] * 3,
            environment={"data_fingerprint": "another"},
        )
        for seed, psnr in enumerate(PSNRS)
    ]  # fmt: skip
    outcome = judge_one(evidence_of(plain, other), claim(difference={"above": 0.1}))
    assert (outcome.state, outcome.reason) == ("undecided", "the runs saw different images")


def test_seconds_of_runs_that_trained_alone_decide(tmp_path: Path) -> None:
    evidence = train(tmp_path, [0.0] * 5, seconds=[15.0, 15.1, 14.9, 15.2, 14.8])
    for metric in ("epoch_seconds", "step_seconds"):
        dear = judge_one(evidence, claim(metric, ratio={"above": 1.2}))
        assert (dear.state, dear.over, dear.n) == ("confirmed", "seeds", 5)
        assert judge_one(evidence, claim(metric, ratio={"below": 1.1})).state == "refuted"


def test_seconds_of_runs_side_by_side_decide_nothing(tmp_path: Path) -> None:
    arms = [
        [
            make_run(tmp_path / f"{name}-{seed}", seed=seed, seconds=seconds,
                     environment={"runs_beside": 1})
            for seed in range(5)
        ]
        for name, seconds in (("none", 10.0), ("spatial", 20.0))
    ]  # fmt: skip
    outcome = judge_one(evidence_of(*arms), claim("epoch_seconds", ratio={"above": 1.2}))
    assert outcome.state == "undecided"
    assert outcome.estimate == pytest.approx(2.0)
    assert outcome.reason == ("other runs of a study were trained beside them on the same machine")


def test_drift_within_runs_keeps_a_ratio_near_its_bound_undecided(tmp_path: Path) -> None:
    drifting = [10.0, *(15 * 1.02**epoch for epoch in range(12))]
    arms = [
        [
            make_run(
                tmp_path / f"{name}-{seed}", seed=seed, seconds=[own * (1 + seed / 1000) for own in
                seconds], psnrs=[25.0] * 13,
                environment={"started": f"2026-01-02T03:{seed:02}:00+00:00"},
            )
            for seed in range(3)
        ]
        for name, seconds in (("none", [10.0] * 13), ("spatial", drifting))
    ]  # fmt: skip
    evidence = evidence_of(*arms)
    near = judge_one(evidence, claim("epoch_seconds", ratio={"above": 1.6}))
    assert near.state == "undecided"
    assert near.reason.startswith("it is ")
    assert near.reason.endswith("within runs")
    assert judge_one(evidence, claim("epoch_seconds", ratio={"above": 1.2})).state == "confirmed"


def test_a_timing_session_goes_before_runs(tmp_path: Path) -> None:
    found = train(tmp_path, [0.0] * 5, seconds=[20.0] * 5)
    timing = timed({"spatial": [1.03, 1.02, 1.04, 1.03, 1.02]})
    evidence = evidence_of(found.runs["none"], found.runs["spatial"], timing=timing)
    outcome = judge_one(evidence, claim("step_seconds", ratio={"below": 1.1}))
    assert (outcome.state, outcome.over) == ("confirmed", "repeats")
    assert outcome.statement == "step_seconds of spatial / none below 1.1"
    assert outcome.found == "1.028 (1.018 to 1.038), 5 repeats"


def test_arms_that_were_timed_against_a_third_are_paired_by_repeat() -> None:
    base = [1.5, 1.8, 1.2, 1.6]
    timing = timed({"spatial": [1.5 * own for own in base], "dropout": base})
    evidence = ClaimEvidence({}, {}, {**MODELS, "dropout": "dropout"}, timing)
    given = claim("step_seconds", against="dropout", ratio={"above": 1.4})
    outcome = judge_one(evidence, given)
    assert outcome.state == "confirmed"
    assert outcome.estimate == pytest.approx(1.5)
    assert outcome.low == pytest.approx(1.5)  # what the repeats share has cancelled


def test_an_epoch_of_more_steps_takes_longer() -> None:
    timing = timed({"spatial": [1.0, 1.01, 0.99]}, steps={"spatial": 200})
    evidence = ClaimEvidence({}, {}, MODELS, timing)
    assert judge_one(evidence, claim("step_seconds", ratio={"within": 0.1})).state == "confirmed"
    longer = judge_one(evidence, claim("epoch_seconds", ratio={"above": 1.8}))
    assert longer.state == "confirmed"
    assert longer.estimate == pytest.approx(2.0, rel=1e-3)


@pytest.mark.parametrize(
    ("ratios", "noise", "reason"),
    [
        (
            [1.03, 1.031, 1.029],
            (0.93, 1.04),
            "it is 6.8% off the bound, and an arm may differ from itself by 7.5%",
        ),
        (
            [1.0, 1.01, 1.02, 1.03, 1.04, 1.05, 1.06, 1.07, 1.08],
            (0.99, 1.01),
            "it is 5.8% off the bound, and it drifted by 5.9% within the session",
        ),
    ],
)
def test_noise_and_drift_keep_a_ratio_near_its_bound_undecided(
    ratios: list[float], noise: tuple[float, float], reason: str
) -> None:
    timing = timed({"spatial": ratios}, noise=noise)
    evidence = ClaimEvidence({}, {}, MODELS, timing)
    outcome = judge_one(evidence, claim("step_seconds", ratio={"below": 1.1}))
    assert (outcome.state, outcome.reason) == ("undecided", reason)
    assert judge_one(evidence, claim("step_seconds", ratio={"below": 1.3})).state == "confirmed"


def test_what_speaks_against_a_session_is_passed_on() -> None:
    timing = timed({"spatial": [1.0, 1.0]})
    evidence = ClaimEvidence({}, {}, MODELS, timing, timing_objection="it was cut off")
    outcome = judge_one(evidence, claim("step_seconds", ratio={"below": 1.1}))
    assert (outcome.state, outcome.reason) == ("undecided", "it was cut off")


def test_a_session_that_is_planned_is_waited_for(tmp_path: Path) -> None:
    found = train(tmp_path, [0.0] * 5)
    evidence = evidence_of(found.runs["none"], found.runs["spatial"], awaits_timing=True)
    outcome = judge_one(evidence, claim("step_seconds", ratio={"below": 1.1}))
    assert (outcome.state, outcome.reason) == ("undecided", "the arms have not been timed yet")
    assert gather(claim("first_step_seconds", ratio={"below": 1.1}), evidence).over == "seeds"


def test_a_study_without_runs_says_nothing_of_quality() -> None:
    evidence = ClaimEvidence({}, {}, MODELS, timed({"spatial": [1.0, 1.0]}))
    outcome = judge_one(evidence, claim(difference={"above": 0.1}))
    assert (outcome.state, outcome.reason) == ("undecided", "the study trains no runs")
