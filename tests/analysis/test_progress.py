from pathlib import Path

import pytest

from dropstudy.analysis.progress import (
    Yardstick,
    find_yardstick,
    measure_progress,
    training_seconds,
)
from dropstudy.runs.reading import Run
from tests.analysis.runs import make_run


@pytest.fixture
def slow(tmp_path: Path) -> Run:
    return make_run(tmp_path / "slow-0", psnrs=[24.0, 26.0, 27.0], seconds=20.0)


@pytest.fixture
def fast(tmp_path: Path) -> Run:
    return make_run(tmp_path / "fast-0", psnrs=[23.0, 25.5, 25.0, 26.5], seconds=10.0)


def test_seconds_of_training_leave_the_compiling_out(slow: Run) -> None:
    assert slow.epochs[0].train_seconds == 25.0
    assert training_seconds(slow.epochs) == pytest.approx([20, 40, 60])


def test_the_yardstick_is_what_every_run_has_reached(slow: Run, fast: Run) -> None:
    yardstick = find_yardstick([slow, fast])
    assert yardstick.epochs == 3
    assert yardstick.seconds == pytest.approx(40)
    assert yardstick.psnr == 26.5


def test_runs_are_held_against_it_by_their_best_so_far(slow: Run, fast: Run) -> None:
    """At 3 epochs the fast run's best is its second; at 40 s the slow run has done 2 epochs."""
    yardstick = find_yardstick([slow, fast])
    first, second = measure_progress(slow, yardstick), measure_progress(fast, yardstick)
    assert (first.psnr_at_epochs, second.psnr_at_epochs) == (27.0, 25.5)
    assert (first.psnr_at_seconds, second.psnr_at_seconds) == (26.0, 26.5)
    assert (first.epochs_to_psnr, second.epochs_to_psnr) == (3, 4)
    assert (first.seconds_to_psnr, second.seconds_to_psnr) == pytest.approx((60, 40))


def test_a_target_of_the_users_may_be_reached_by_one_alone(slow: Run, fast: Run) -> None:
    yardstick = find_yardstick([slow, fast], target=26.8)
    assert measure_progress(slow, yardstick).epochs_to_psnr == 3
    missed = measure_progress(fast, yardstick)
    assert missed.epochs_to_psnr is None
    assert missed.seconds_to_psnr is None


def test_a_run_whose_first_epoch_takes_longer_has_no_psnr_at_those_seconds(slow: Run) -> None:
    progress = measure_progress(slow, Yardstick(epochs=1, seconds=15.0, psnr=20.0))
    assert progress.psnr_at_seconds is None
    assert progress.psnr_at_epochs == 24.0
    assert progress.epochs_to_psnr == 1


def test_every_run_reaches_the_yardstick_that_it_set(slow: Run, fast: Run) -> None:
    for runs in ([slow], [fast], [slow, fast]):
        yardstick = find_yardstick(runs)
        for run in runs:
            progress = measure_progress(run, yardstick)
            assert progress.epochs_to_psnr is not None
            assert progress.psnr_at_seconds is not None
