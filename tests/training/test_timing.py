import pytest

from dropstudy.training.timing import EpochTimer


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timer(clock: Clock) -> EpochTimer:
    return EpochTimer(clock)


def _pass(timer: EpochTimer, clock: Clock, part: str, seconds: float) -> None:
    with timer.measure(part):
        clock.pass_seconds(seconds)


def test_the_parts_of_an_epoch_sum_to_all_of_it(timer: EpochTimer, clock: Clock) -> None:
    clock.pass_seconds(0.5)
    _pass(timer, clock, "train", 4.0)
    clock.pass_seconds(0.25)
    _pass(timer, clock, "val", 2.0)
    clock.pass_seconds(1.0)

    assert timer.seconds("train") == 4.0
    assert timer.seconds("val") == 2.0
    assert timer.other_seconds() == 1.75
    assert clock.now - timer.started == 4.0 + 2.0 + 1.75


def test_a_part_measured_twice_adds_up_and_one_never_measured_is_zero(
    timer: EpochTimer, clock: Clock
) -> None:
    _pass(timer, clock, "wait", 1.0)
    _pass(timer, clock, "wait", 2.0)

    assert timer.seconds("wait") == 3.0
    assert timer.seconds("val") == 0.0


def test_waiting_is_part_of_training_and_not_counted_again(timer: EpochTimer, clock: Clock) -> None:
    with timer.measure("train"):
        _pass(timer, clock, "wait", 1.0)
        clock.pass_seconds(2.0)

    assert timer.seconds("train") == 3.0
    assert timer.other_seconds() == 0.0


def test_a_part_that_fails_is_measured_all_the_same(timer: EpochTimer, clock: Clock) -> None:
    with pytest.raises(RuntimeError, match="broken"), timer.measure("train"):
        clock.pass_seconds(2.0)
        raise RuntimeError("broken")

    assert timer.seconds("train") == 2.0


def test_the_first_step_stands_apart_from_the_steady_ones(timer: EpochTimer, clock: Clock) -> None:
    for seconds in (9.0, 1.0, 2.0, 1.5):
        with timer.measure_step():
            clock.pass_seconds(seconds)

    assert timer.first_step_seconds == 9.0
    assert timer.steady_steps == [1.0, 2.0, 1.5]
    assert timer.step_seconds == 1.5


def test_an_only_step_has_to_do_as_the_steady_one(timer: EpochTimer, clock: Clock) -> None:
    with timer.measure_step():
        clock.pass_seconds(3.0)

    assert timer.steady_steps == [3.0]
    assert timer.step_seconds == 3.0


def test_the_next_epoch_starts_where_the_last_one_ended(timer: EpochTimer, clock: Clock) -> None:
    began = clock.now
    totals = []
    for _ in range(3):
        with timer.measure("train"), timer.measure_step():
            clock.pass_seconds(4.0)
        _pass(timer, clock, "val", 1.0)
        clock.pass_seconds(0.5)
        other = timer.other_seconds()
        totals.append(timer.seconds("train") + timer.seconds("val") + other)
        clock.pass_seconds(0.25)  # the epoch's row is written: the next epoch pays
        timer.next_epoch(other_seconds=other)

    assert totals == [5.5, 5.75, 5.75]
    assert began + sum(totals) == timer.started == clock.now - 0.25
    assert timer.steps == []
    assert timer.seconds("train") == 0.0


def test_an_epoch_left_and_gone_on_with_holds_no_second_of_the_pause(
    timer: EpochTimer, clock: Clock
) -> None:
    with timer.measure("train"), timer.measure_step():
        clock.pass_seconds(4.0)
    clock.pass_seconds(0.5)
    left = timer.all_seconds()
    assert left == {"train": 4.0, "elapsed": 4.5}
    clock.pass_seconds(3600.0)
    again = EpochTimer(clock, seconds=left, steps=timer.steps)
    with again.measure("train"), again.measure_step():
        clock.pass_seconds(1.0)
    _pass(again, clock, "val", 2.0)
    clock.pass_seconds(0.25)

    assert again.steps == [4.0, 1.0]
    assert (again.seconds("train"), again.seconds("val")) == (5.0, 2.0)
    assert again.other_seconds() == 0.75
    assert again.all_seconds()["elapsed"] == 5.0 + 2.0 + 0.75
    again.next_epoch(other_seconds=0.75)
    clock.pass_seconds(1.0)
    assert again.all_seconds() == {"elapsed": 1.0}


def test_what_an_epoch_goes_on_with_stays_as_it_was(clock: Clock) -> None:
    seconds, steps = {"train": 1.0, "elapsed": 2.0}, [1.0]
    timer = EpochTimer(clock, seconds=seconds, steps=steps)
    with timer.measure("train"), timer.measure_step():
        clock.pass_seconds(1.0)

    assert (seconds, steps) == ({"train": 1.0, "elapsed": 2.0}, [1.0])
