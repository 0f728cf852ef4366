from pathlib import Path

import pytest

from dropstudy.analysis.cost import measure_cost, steady_epoch_seconds
from tests.analysis.runs import COMPILING, make_run

STORY = [353.0, 353.0, 383.0, 383.0, 447.0, 447.0, 551.0, 551.0]
"""Seconds per epoch of a run that grows slower, told of in a forum; two of each."""


def test_the_first_epoch_is_left_out_of_the_seconds_per_epoch(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a-0", psnrs=[20.0] * 4, seconds=[50.0, 10.0, 14.0, 11.0])
    assert steady_epoch_seconds(run) == [10.0, 14.0, 11.0]
    cost = measure_cost(run)
    assert cost.epoch_seconds == 11.0
    assert cost.spread_seconds == 1.0  # of 1, 3 and 0
    assert cost.step_seconds == pytest.approx(1.1)
    assert cost.images_per_second == pytest.approx(160 / 11)
    assert cost.first_step_seconds == 5.0 + COMPILING


def test_the_whole_run_and_its_memory_are_of_all_epochs(tmp_path: Path) -> None:
    cost = measure_cost(make_run(tmp_path / "a-0", seconds=[50.0, 10.0, 14.0]))
    assert cost.all_epochs_seconds == pytest.approx(50 + 10 + 14 + COMPILING + 3 * (2 + 1))
    assert cost.peak_memory_bytes == 3 << 20
    assert cost.peak_gpu_memory_bytes is None
    assert cost.draws_per_step == 1200


def test_a_single_epoch_has_no_steady_seconds(tmp_path: Path) -> None:
    cost = measure_cost(make_run(tmp_path / "a-0", psnrs=[20.0], seconds=10.0))
    assert cost.epoch_seconds is None
    assert cost.spread_seconds is None
    assert cost.drift is None
    assert not cost.drifts
    assert cost.step_seconds == 1.0


def test_a_run_that_grows_slower_drifts(tmp_path: Path) -> None:
    cost = measure_cost(make_run(tmp_path / "a-0", psnrs=[20.0] * 9, seconds=[353.0, *STORY]))
    assert cost.drift is not None
    assert cost.drift.last_to_first_third == pytest.approx(551 / 353)
    assert cost.drift.low > 0
    assert cost.drifts


def test_a_run_that_grows_faster_drifts_too(tmp_path: Path) -> None:
    times = [551.0, *reversed(STORY)]
    cost = measure_cost(make_run(tmp_path / "a-0", psnrs=[20.0] * 9, seconds=times))
    assert cost.drift is not None
    assert cost.drift.last_to_first_third == pytest.approx(353 / 551)
    assert cost.drifts


@pytest.mark.parametrize(
    "seconds",
    [
        [551.0] * 9,
        [10.0, 10.0, 11.0, 14.0, 9.0, 13.0, 12.0, 11.5],  # 12 % slower at the end
        [10.0, 10.0, 10.0, 10.0, 30.0, 10.0, 10.0, 10.0, 10.0],
        [10 + 0.02 * epoch for epoch in range(9)],  # 1.5 %: surely there, but too little
        [353.0, 383.0, 447.0, 551.0],  # too few epochs to tell
    ],
    ids=["slow throughout", "chance", "one slow epoch", "a trifle", "short"],
)
def test_neither_a_level_nor_chance_nor_a_trifle_is_drift(
    tmp_path: Path, seconds: list[float]
) -> None:
    run = make_run(tmp_path / "a-0", psnrs=[20.0] * len(seconds), seconds=seconds)
    assert not measure_cost(run).drifts


def test_random_numbers_that_were_not_noted_are_unknown(tmp_path: Path) -> None:
    assert measure_cost(make_run(tmp_path / "a-0", status=None)).draws_per_step is None
