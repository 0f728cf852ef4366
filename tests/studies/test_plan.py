from pathlib import Path

import pytest

from dropstudy.config.study_loading import load_study
from dropstudy.studies.plan import Plan, make_plan

BASE = """\
name: base
data: {kind: photos, collection: tiny, patch_size: 16}
task: {kind: pixelate, block: 4}
architecture: {kind: unet, depth: 1, filters: 2}
"""
STUDY = """\
name: trial
question: Does it matter where dropout stands?
hypothesis: It does not.
base: base.yaml
arms:
  none: {}
  spatial: {dropout.skip: {kind: spatial, rate: 0.1}}
  plain: {dropout.skip: {kind: dropout, rate: 0.1}}
seeds: [5, 2]
"""
RATES = STUDY.replace("  none: {}\n", "") + "axes: {dropout.skip.rate: [0, 0.1]}\n"


def _plan(folder: Path, text: str) -> Plan:
    (folder / "base.yaml").write_text(BASE)
    (folder / "study.yaml").write_text(text)
    return make_plan(load_study(folder / "study.yaml"))


def test_runs_go_seed_by_seed_through_all_arms(tmp_path: Path) -> None:
    runs = list(_plan(tmp_path, STUDY).runs())

    assert [(run.seed, run.arm) for run in runs] == [
        (seed, arm) for seed in (5, 2) for arm in ("none", "spatial", "plain")
    ]
    assert [(run.experiment.seed, run.experiment.name) for run in runs] == [
        (run.seed, run.arm) for run in runs
    ]


def test_arms_of_rate_0_are_one_whatever_their_kind(tmp_path: Path) -> None:
    plan = _plan(tmp_path, RATES)

    assert [(arm.name, arm.also) for arm in plan.arms] == [
        ("spatial-0", ("plain-0",)),
        ("spatial-0.1", ()),
        ("plain-0.1", ()),
    ]
    assert len(list(plan.runs())) == 2 * 3


def test_what_is_asked_and_trained_makes_the_fingerprint_and_nothing_else(tmp_path: Path) -> None:
    plan = _plan(tmp_path, STUDY)
    other = [
        STUDY.replace("It does not", "It does"),
        STUDY.replace("[5, 2]", "[2, 5]"),
        STUDY.replace("[5, 2]", "3"),
        STUDY.replace("rate: 0.1", "rate: 0.2"),
        STUDY + "primary: {margin: 0.2}\n",
        STUDY + "settings: {training.epochs: 3}\n",
    ]

    assert len({plan.fingerprint, *(_plan(tmp_path, text).fingerprint for text in other)}) == 7
    same = STUDY + "settings: {notes: mine, samples.count: 1, recovery.keep: 3}\n"
    assert _plan(tmp_path, same).fingerprint == plan.fingerprint
    assert len(plan.fingerprint) == 64


@pytest.mark.parametrize("text", [STUDY, RATES])
def test_a_plan_is_the_same_however_often_it_is_made(tmp_path: Path, text: str) -> None:
    assert _plan(tmp_path, text) == _plan(tmp_path, text)


def test_there_is_a_look_after_so_many_seeds_and_one_at_the_end(tmp_path: Path) -> None:
    every_two = STUDY.replace("[5, 2]", "[5, 2, 4, 1, 0]\nbudget: {look_every: 2}")
    looks = list(_plan(tmp_path, every_two).looks())

    assert looks == [(5, 2), (5, 2, 4, 1), (5, 2, 4, 1, 0)]
    assert list(_plan(tmp_path, STUDY).looks()) == [(5, 2)]


def test_a_control_that_is_an_arm_of_the_study_is_that_arm(tmp_path: Path) -> None:
    plan = _plan(tmp_path, STUDY + "controls: [rate_0, lr_matched]\n")

    assert [(arm.name, arm.also, arm.control_of) for arm in plan.arms] == [
        ("none", ("spatial-rate_0", "plain-rate_0"), None),
        ("spatial", (), None),
        ("plain", (), None),
        ("spatial-lr_matched", ("plain-lr_matched",), "spatial"),
    ]
