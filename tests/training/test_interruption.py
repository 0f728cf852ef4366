import os
import signal
from collections.abc import Iterator

import pytest

from dropstudy.training.interruption import DOUBLE_SECONDS, SIGNALS, Interruption

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")


@pytest.fixture(autouse=True)
def restored_handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_interrupts_and_decides_the_exit_code(name: str, code: int) -> None:
    interruption = Interruption()
    with pytest.raises(KeyboardInterrupt), interruption.heeding_signals():
        signal.raise_signal(signal.Signals[name])

    assert interruption.is_wanted
    assert interruption.exit_code == code


def test_an_interrupt_without_a_signal_counts_as_ctrl_c() -> None:
    assert Interruption().exit_code == 130


class Clock:
    """Stands still until it is told to go on."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_where_it_is_deferred_the_first_signal_waits_and_a_later_one_does_not() -> None:
    clock, told, lived = Clock(), list[str](), list[bool]()
    interruption = Interruption(lambda: told.append("told"), clock=clock)
    with (
        interruption.heeding_signals(),
        pytest.raises(KeyboardInterrupt),
        interruption.deferred(),
    ):
        assert not interruption.is_wanted
        signal.raise_signal(signal.SIGTERM)
        lived.append(interruption.is_wanted)
        clock.now += 1.01 * DOUBLE_SECONDS
        signal.raise_signal(signal.SIGINT)
        lived.append(False)

    assert (lived, told) == ([True], ["told"])
    assert interruption.exit_code == 143, "the first signal is the reason"


def test_a_signal_that_is_sent_twice_at_once_counts_once() -> None:
    clock = Clock()
    interruption = Interruption(clock=clock)
    with interruption.heeding_signals(), interruption.deferred():
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            signal.raise_signal(number)
            clock.now += DOUBLE_SECONDS / 3

    assert interruption.exit_code == 130


def test_after_the_deferring_block_signals_interrupt_at_once_again() -> None:
    interruption = Interruption()
    with interruption.heeding_signals():
        with pytest.raises(ValueError, match="wrong"), interruption.deferred():
            raise ValueError("wrong")
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_deferred_signal_is_still_known_after_the_block() -> None:
    interruption = Interruption()
    with interruption.heeding_signals(), interruption.deferred():
        signal.raise_signal(signal.SIGHUP)

    assert interruption.is_wanted


def test_an_interrupt_that_a_block_swallowed_or_made_an_error_of_comes_at_its_end() -> None:
    for other in (None, ImportError("optree is missing")):
        interruption = Interruption()
        with (
            pytest.raises(KeyboardInterrupt),
            interruption.heeding_signals(),
            interruption.insisted_on(),
        ):
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                if other is not None:
                    raise other from None


def test_without_a_signal_a_block_that_insists_ends_as_it_would() -> None:
    with Interruption().insisted_on():
        pass
    with pytest.raises(ImportError, match="missing"), Interruption().insisted_on():
        raise ImportError("optree is missing")


def test_signals_that_the_process_was_told_to_ignore_stay_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    interruption = Interruption()
    with interruption.heeding_signals():
        signal.raise_signal(signal.SIGHUP)

    assert not interruption.is_wanted
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_the_handlers_are_those_of_before_again() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interruption().heeding_signals():
        within = [signal.getsignal(number) for number in SIGNALS]
    assert [signal.getsignal(number) for number in SIGNALS] == before
    with pytest.raises(RuntimeError, match="broken"), Interruption().heeding_signals():
        raise RuntimeError("broken")

    assert [signal.getsignal(number) for number in SIGNALS] == before
    assert not set(map(str, within)) & set(map(str, before))
