from pathlib import Path

import pytest

from dropstudy.studies.run_costs import RunCost
from dropstudy.studies.trials import Trial
from tests.studies.makers import STUDY, plan_study

TRIAL = Trial(
    seconds=30.0,
    epochs=2,
    steps=8,
    patches=165,
    first_step_seconds=5.0,
    step_seconds=0.5,
    epoch_seconds=7.0,
    disk_bytes=1_000_000,
    epoch_bytes=2_000,
    picture_bytes=40_000,
    peak_memory_bytes=500_000_000,
)
"""Beside 8 steps of half a second an epoch takes 3; a run takes 16 more than its 2 epochs."""


def _cost(tmp_path: Path, settings: str, *, work: float = 1.0) -> RunCost:
    _, plan = plan_study(tmp_path, f"{STUDY}settings: {{{settings}}}\n")
    return RunCost(plan.arms[0], "none", TRIAL, work)


def test_a_run_takes_its_epochs_and_what_the_trial_took_beside_them(tmp_path: Path) -> None:
    cost = _cost(tmp_path, "training.epochs: 10, training.steps_per_epoch: 100")
    assert cost.epoch_seconds == pytest.approx(3 + 100 * 0.5)
    assert cost.run_seconds(10) == pytest.approx(16 + 10 * 53)
    assert cost.run_seconds(1) == pytest.approx(16 + 53)  # nine are done


def test_a_trial_of_the_same_length_is_the_run(tmp_path: Path) -> None:
    cost = _cost(tmp_path, "training.epochs: 2, training.steps_per_epoch: 8")
    assert cost.run_seconds(2) == pytest.approx(TRIAL.seconds)
    assert cost.run_bytes() == TRIAL.disk_bytes


def test_an_epoch_without_a_number_of_steps_uses_every_patch(tmp_path: Path) -> None:
    cost = _cost(tmp_path, "training.batch_size: 16")
    assert cost.epoch_seconds == pytest.approx(3 + (165 // 16) * 0.5)


def test_a_network_of_more_work_takes_longer_steps_and_no_longer_validation(
    tmp_path: Path,
) -> None:
    cost = _cost(tmp_path, "training.steps_per_epoch: 10", work=4.0)
    assert cost.step_seconds == pytest.approx(2.0)
    assert cost.epoch_seconds == pytest.approx(3 + 10 * 2.0)


def test_limited_seconds_of_training_end_a_run_after_the_epoch_that_uses_them_up(
    tmp_path: Path,
) -> None:
    cost = _cost(tmp_path, "training.seconds: 120, training.steps_per_epoch: 100")
    # 50 seconds of training an epoch: the third one passes 120.
    assert cost.run_seconds(20) == pytest.approx(16 + 3 * 53)


def test_epochs_and_pictures_add_to_what_a_run_leaves(tmp_path: Path) -> None:
    cost = _cost(tmp_path, "training.epochs: 12, samples.every: 5")
    assert cost.run_bytes() == 1_000_000 + 10 * 2_000 + 2 * 40_000
