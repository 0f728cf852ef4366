import threading
import time

import numpy as np
import pytest

from dropstudy.config.data import Photos
from dropstudy.config.task import Gaussian
from dropstudy.imaging.patches import PatchSampler
from dropstudy.imaging.sources import Picture
from dropstudy.training.prefetching import Prefetcher


def _sampler(side: int = 24) -> PatchSampler:
    rng = np.random.default_rng(0)
    pictures = tuple(
        Picture(str(index), rng.integers(0, 256, (side, side, 3), dtype=np.uint8))
        for index in range(2)
    )
    return PatchSampler(
        pictures, Photos(kind="photos", patch_size=8), task=Gaussian(kind="gaussian"), seed=0
    )


def _threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "batches"]


def test_batches_come_in_the_order_of_epochs_and_steps() -> None:
    sampler, twin = _sampler(), _sampler()
    with Prefetcher(sampler, batch_size=2, steps_per_epoch=3, epochs=range(1, 4)) as batches:
        for epoch in range(1, 4):
            for step in range(3):
                found, expected = batches.next(), twin.batch(epoch, step, 2)
                np.testing.assert_array_equal(found.degraded, expected.degraded)
                np.testing.assert_array_equal(found.clean, expected.clean)

    assert _threads() == []


def test_a_later_first_epoch_starts_there() -> None:
    with Prefetcher(_sampler(), batch_size=2, steps_per_epoch=1, epochs=range(5, 6)) as batches:
        found = batches.next()

    np.testing.assert_array_equal(found.clean, _sampler().batch(5, 0, 2).clean)


@pytest.mark.parametrize("first_step", [1, 2, 3])
def test_an_epoch_that_is_gone_on_with_starts_at_its_step_and_the_next_at_its_first(
    first_step: int,
) -> None:
    places = [(4, step) for step in range(first_step, 3)] + [(5, step) for step in range(3)]
    with Prefetcher(
        _sampler(), batch_size=2, steps_per_epoch=3, epochs=range(4, 6), first_step=first_step
    ) as batches:
        found = [batches.next() for _ in places]

    for batch, (epoch, step) in zip(found, places, strict=True):
        expected = _sampler().batch(epoch, step, 2)
        np.testing.assert_array_equal(batch.degraded, expected.degraded)


def test_leaving_early_ends_the_thread_at_once() -> None:
    with Prefetcher(_sampler(), batch_size=2, steps_per_epoch=1000, epochs=range(9)) as batches:
        batches.next()
        while len(_threads()) != 1:
            time.sleep(0.001)
        began = time.perf_counter()

    assert time.perf_counter() - began < 2
    assert _threads() == []


def test_an_error_while_training_leaves_no_thread() -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        Prefetcher(_sampler(), batch_size=2, steps_per_epoch=1000, epochs=range(9)),
    ):
        raise KeyboardInterrupt

    assert _threads() == []


def test_what_goes_wrong_while_a_batch_is_made_is_raised_where_it_is_awaited() -> None:
    # Pictures smaller than a patch, which sources refuse, leave no patch to choose from.
    with (
        pytest.raises(ZeroDivisionError),
        Prefetcher(_sampler(side=4), batch_size=2, steps_per_epoch=1, epochs=range(1)) as batches,
    ):
        batches.next()

    assert _threads() == []


@pytest.mark.parametrize("threads", [2, 3, 7])
@pytest.mark.parametrize("first_step", [0, 2])
def test_several_threads_hand_out_the_same_batches_in_the_same_order(
    threads: int, first_step: int
) -> None:
    places = [(1, step) for step in range(first_step, 5)] + [(2, step) for step in range(5)]
    with Prefetcher(
        _sampler(),
        batch_size=2,
        steps_per_epoch=5,
        epochs=range(1, 3),
        first_step=first_step,
        threads=threads,
    ) as batches:
        found = [batches.next() for _ in places]

    for batch, (epoch, step) in zip(found, places, strict=True):
        expected = _sampler().batch(epoch, step, 2)
        np.testing.assert_array_equal(batch.degraded, expected.degraded)
        np.testing.assert_array_equal(batch.clean, expected.clean)
    assert _threads() == []


def test_leaving_early_ends_every_thread_at_once() -> None:
    with Prefetcher(
        _sampler(), batch_size=2, steps_per_epoch=1000, epochs=range(9), threads=3
    ) as batches:
        batches.next()
        assert len(_threads()) == 3
        began = time.perf_counter()

    assert time.perf_counter() - began < 2
    assert _threads() == []


def test_what_goes_wrong_in_one_of_several_threads_is_raised_after_the_batches_before_it() -> None:
    # Sources refuse pictures that differ in channels; here, the seventh patch of 17 fits no batch.
    pictures = (
        Picture("fits", np.zeros((32, 32, 3), dtype=np.uint8)),
        Picture("does not", np.zeros((8, 8, 2), dtype=np.uint8)),
    )
    data = Photos(kind="photos", patch_size=8)
    sampler = PatchSampler(pictures, data, task=Gaussian(kind="gaussian"), seed=5)
    with Prefetcher(
        sampler, batch_size=1, steps_per_epoch=17, epochs=range(1, 2), threads=2
    ) as batches:
        for step in range(6):
            found, expected = batches.next(), sampler.batch(1, step, 1)
            np.testing.assert_array_equal(found.degraded, expected.degraded)
        with pytest.raises(ValueError, match="broadcast"):
            batches.next()


def test_who_waits_is_called_now_and_then_whatever_the_number_of_threads() -> None:
    # The only batch is the first thread's; the second never has one.
    with Prefetcher(
        _sampler(), batch_size=2, steps_per_epoch=1, epochs=range(1), threads=2
    ) as batches:
        batches.next()
        with pytest.raises(TimeoutError):
            batches.next(_lose_patience)


def _lose_patience() -> None:
    raise TimeoutError
