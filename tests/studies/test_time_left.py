from pathlib import Path

import pytest

from dropstudy.studies.jobs import Event, Stage
from dropstudy.studies.progress import survey
from dropstudy.studies.time_left import TimeLeft, Work
from tests.studies.makers import STUDY, plan_study


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Study:
    """A study whose runs are told of by hand."""

    def __init__(self, *work: Work, workers: int = 1) -> None:
        self.clock = Clock()
        self.left = TimeLeft(work, workers=workers, clock=self.clock)

    def tell(self, after: float, number: int, stage: Stage, epoch: int = 0) -> float | None:
        """Something happens some seconds later; returns what is left then."""
        self.clock.now += after
        self.left.hear(Event(number, stage, epoch=epoch))
        return self.left.seconds()

    def finish(self, number: int, *, first: float, epoch: float, epochs: int) -> None:
        """A whole run: 2 seconds before its epochs and 1 after them."""
        self.tell(2, number, "begun")
        for done in range(1, epochs + 1):
            self.tell(first if done == 1 else epoch, number, "epoch", done)
        self.tell(1, number, "finished", epochs)


def test_nothing_is_known_before_a_second_epoch_has_ended() -> None:
    study = Study(Work("none", 4), Work("none", 4))
    assert study.left.seconds() is None
    assert study.tell(2, 0, "begun") is None
    assert study.tell(9, 0, "epoch", 1) is None
    # Two epochs of the first run; the second: 2 before, 9 for the first epoch, 3 times 3.
    assert study.tell(3, 0, "epoch", 2) == pytest.approx(2 * 3 + 2 + 9 + 3 * 3)


def test_a_run_that_has_ended_tells_all_parts_of_the_next() -> None:
    study = Study(Work("none", 4), Work("none", 4), Work("none", 4))
    study.finish(0, first=9, epoch=3, epochs=4)
    one = 2 + 9 + 3 * 3 + 1
    assert study.left.seconds() == pytest.approx(2 * one)
    study.finish(1, first=9, epoch=3, epochs=4)
    assert study.left.seconds() == pytest.approx(one)
    study.finish(2, first=9, epoch=3, epochs=4)
    assert study.left.seconds() == 0


def test_time_that_passes_is_no_longer_left() -> None:
    study = Study(Work("none", 4))
    study.tell(2, 0, "begun")
    study.tell(9, 0, "epoch", 1)
    assert study.tell(3, 0, "epoch", 2) == pytest.approx(2 * 3)
    study.clock.now += 2
    assert study.left.seconds() == pytest.approx(2 * 3 - 2)
    study.clock.now += 100  # it is late, which is no reason for less than nothing
    assert study.left.seconds() == 0


def test_each_arm_has_its_own_epochs_and_an_unknown_one_the_mean_of_the_others() -> None:
    study = Study(*(Work(arm, 2) for arm in ("slow", "fast", "new", "slow")))
    study.finish(0, first=10, epoch=10, epochs=2)
    study.finish(1, first=4, epoch=4, epochs=2)
    assert study.left.seconds() == pytest.approx((2 + 2 * 7 + 1) + (2 + 2 * 10 + 1))


def test_the_median_of_epochs_counts_and_not_one_that_was_held_up() -> None:
    study = Study(Work("none", 10))
    study.tell(2, 0, "begun")
    study.tell(3, 0, "epoch", 1)
    for epoch, seconds in enumerate((3, 60, 3), 2):
        study.tell(seconds, 0, "epoch", epoch)
    assert study.left.seconds() == pytest.approx((10 - 4) * 3)


def test_workers_share_what_is_left_and_the_last_run_decides() -> None:
    study = Study(*(Work("none", 2) for _ in range(5)), workers=2)
    for number in (0, 1):
        study.tell(0, number, "begun")
    for epoch in (1, 2):
        study.tell(5, 0, "epoch", epoch)
        study.tell(0, 1, "epoch", epoch)
    for number in (0, 1):
        study.tell(0, number, "finished", 2)
    # Three runs of 10 seconds on two workers.
    assert study.left.seconds() == pytest.approx(20)


def test_a_run_that_fails_leaves_the_others() -> None:
    study = Study(Work("none", 2), Work("none", 2), Work("none", 2))
    study.finish(0, first=5, epoch=5, epochs=2)
    study.tell(2, 1, "begun")
    assert study.tell(1, 1, "failed") == pytest.approx(2 + 2 * 5 + 1)
    assert study.tell(0, 2, "crashed") == 0


def test_a_run_that_is_gone_on_with_has_fewer_epochs_left() -> None:
    study = Study(Work("none", 10, done=7), Work("none", 10, is_left=False))
    study.tell(2, 0, "begun")
    study.tell(4, 0, "epoch", 8)
    assert study.tell(4, 0, "epoch", 9) == pytest.approx(4)


def test_runs_of_one_epoch_are_known_once_one_has_ended() -> None:
    study = Study(Work("none", 1), Work("none", 1))
    study.tell(2, 0, "begun")
    assert study.tell(8, 0, "epoch", 1) is None
    assert study.tell(1, 0, "finished", 1) == pytest.approx(2 + 8 + 1)


def test_seconds_of_training_that_are_limited_limit_the_epochs() -> None:
    study = Study(*(Work("none", 100, limit_seconds=20) for _ in range(2)))
    study.finish(0, first=6, epoch=6, epochs=4)
    assert study.left.seconds() == pytest.approx(2 + 4 * 6 + 1)


def test_a_studys_places_say_what_is_left(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path, STUDY + "budget: {epochs: 3}\n")
    clock = Clock()
    left = TimeLeft.of_places(survey(directory, plan), workers=1, clock=clock)
    for number in range(4):
        for stage, epoch in (("begun", 0), ("epoch", 1), ("epoch", 2), ("epoch", 3)):
            clock.now += 1
            left.hear(Event(number, stage, epoch=epoch))  # type: ignore[arg-type]
        left.hear(Event(number, "finished", epoch=3))
        assert left.seconds() == pytest.approx(4 * (3 - number))
