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
