from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import pytest

from dropstudy.config.training import EarlyStopping, Monitor, Training
from dropstudy.runs.records import EpochRecord
from dropstudy.runs.stopping import BestEpoch, follow_training


def _record(epoch: int, monitor: Monitor, value: float) -> EpochRecord:
    values: dict[str, Any] = {item.name: 0.0 for item in fields(EpochRecord)}
    return EpochRecord(**{**values, "epoch": epoch, monitor: value})


def _follow(
    values: Sequence[float], stopping: EarlyStopping | None, monitor: Monitor = "val_loss"
) -> tuple[list[int], int | None]:
    """The epochs that were the best so far, and the one that asked to stop."""
    best = BestEpoch(monitor, stopping)
    bests = []
    for epoch, value in enumerate(values, start=1):
        if best.update(_record(epoch, monitor, value)):
            bests.append(epoch)
        if best.should_stop:
            return bests, epoch
    return bests, None


def test_the_first_epoch_is_the_best_so_far() -> None:
    assert _follow([0.5], EarlyStopping()) == ([1], None)


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_as_many_epochs_without_a_best_as_patience_allows_end_the_training(patience: int) -> None:
    values = [0.5, 0.4, 0.6, 0.6, 0.6, 0.6]

    assert _follow(values, EarlyStopping(patience=patience)) == ([1, 2], 2 + patience)


def test_a_new_best_renews_the_patience() -> None:
    values = [0.5, 0.6, 0.4, 0.6, 0.3, 0.6, 0.6]

    assert _follow(values, EarlyStopping(patience=2)) == ([1, 3, 5], 7)


def test_without_early_stopping_the_best_is_followed_and_nothing_stops() -> None:
    assert _follow([0.5] + [0.6] * 50 + [0.4], None) == ([1, 52], None)


@pytest.mark.parametrize("monitor", ["val_psnr", "val_ssim"])
def test_scores_get_better_upwards(monitor: Monitor) -> None:
    stopping = EarlyStopping(monitor=monitor, patience=2)

    assert _follow([0.2, 0.3, 0.1, 0.25], stopping, monitor) == ([1, 2], 4)


def test_a_tie_is_no_new_best_and_uses_patience() -> None:
    assert _follow([0.5, 0.5, 0.5], EarlyStopping(patience=2)) == ([1], 3)


def test_gains_too_small_one_by_one_count_once_they_add_up() -> None:
    falling = [1.0 - 0.04 * epoch for epoch in range(20)]
    stopping = EarlyStopping(patience=3, minimum_gain=0.1)

    # Three epochs gain 0.12 on the last value that counted: patience 3 never runs out.
    assert _follow(falling, stopping) == (list(range(1, 21)), None)
    assert _follow(falling, EarlyStopping(patience=2, minimum_gain=0.1))[1] == 3


def test_a_gain_below_the_minimum_is_the_best_so_far_but_does_not_renew_patience() -> None:
    values = [1.0, 0.95, 0.94, 0.93]

    assert _follow(values, EarlyStopping(patience=3, minimum_gain=0.1)) == ([1, 2, 3, 4], 4)


def test_a_gain_of_exactly_the_minimum_is_not_enough() -> None:
    assert _follow([1.0, 0.75, 0.5], EarlyStopping(patience=2, minimum_gain=0.5))[1] == 3
    assert _follow([1.0, 0.75, 0.49], EarlyStopping(patience=2, minimum_gain=0.5))[1] is None


def _timed(*seconds: float) -> list[EpochRecord]:
    """Epochs of so many seconds of training, each better than the one before."""
    values: dict[str, Any] = {item.name: 0.0 for item in fields(EpochRecord)}
    return [
        EpochRecord(**{**values, "epoch": epoch, "train_seconds": own, "val_loss": 1 / epoch})
        for epoch, own in enumerate(seconds, 1)
    ]


@pytest.mark.parametrize(
    ("limit", "seconds", "stops"),
    [
        (10.0, [], False),
        (10.0, [4.0, 4.0], False),
        (10.0, [4.0, 4.0, 4.0], True),
        (10.0, [5.0, 5.0], True),
        (10.0, [30.0], True),
        (None, [1e9], False),
    ],
)
def test_no_epoch_begins_once_the_seconds_of_training_are_spent(
    limit: float | None, seconds: list[float], stops: bool
) -> None:
    best = follow_training(Training(seconds=limit), _timed(*seconds))
    assert (best.should_stop, best.is_out_of_time, best.is_out_of_patience) == (stops, stops, False)


def test_only_training_counts_not_validation_or_all_else() -> None:
    [record] = _timed(1.0)
    slow = replace(record, val_seconds=99.0, other_seconds=99.0)
    assert not follow_training(Training(seconds=10), [slow]).should_stop


def test_patience_and_seconds_each_end_a_training_by_themselves() -> None:
    training = Training(seconds=100, early_stopping=EarlyStopping(patience=1))
    worse = [replace(record, val_loss=record.epoch) for record in _timed(1.0, 1.0)]
    best = follow_training(training, worse)
    assert (best.should_stop, best.is_out_of_time, best.is_out_of_patience) == (True, False, True)
