from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dropstudy.config.data import Augmentation, Photos
from dropstudy.config.task import TaskSetting
from dropstudy.imaging.patches import Batch, PatchSampler
from dropstudy.imaging.sources import Picture
from tests.imaging.examples import make_task, random_image

SIZE = 8
NOISE = make_task("gaussian")
GIVEN = make_task("given")
AS_CUT = Augmentation(flip=False, turn=False, crop=False)


def _sampler(
    *pictures: Picture,
    task: TaskSetting = NOISE,
    augment: Augmentation = AS_CUT,
    stride: int | None = None,
    seed: int = 0,
) -> PatchSampler:
    data = Photos(kind="photos", patch_size=SIZE, stride=stride, augment=augment)
    return PatchSampler(pictures, data, task=task, seed=seed)


def _random_pictures() -> list[Picture]:
    return [
        Picture("a", random_image(24, 17)),
        Picture("b", (255 * random_image(8, 31, seed=1)).astype(np.uint8)),
    ]


def _numbered_patches(count: int = 16) -> Picture:
    """A row of patches, each of one level of its own."""
    levels = np.repeat(np.arange(count, dtype=np.uint8), SIZE)
    return Picture("row", np.broadcast_to(levels[:, np.newaxis], (SIZE, count * SIZE, 1)))


def _numbers(batch: Batch) -> list[int]:
    return [round(255 * float(level)) for level in batch.clean[:, 0, 0, 0]]


def _content(sampler: PatchSampler, epoch: int, step: int) -> tuple[bytes, bytes]:
    batch = sampler.batch(epoch, step, 4)
    return batch.degraded.tobytes(), batch.clean.tobytes()


def test_a_batch_is_the_same_whatever_was_asked_before_by_whom_and_in_which_thread() -> None:
    pictures, augment = _random_pictures(), Augmentation()
    sampler = _sampler(*pictures, augment=augment)
    places = [(epoch, step) for epoch in (1, 2) for step in range(3)]
    in_order = {place: _content(sampler, *place) for place in places}
    second = _sampler(*pictures, augment=augment)
    for place in places[::-1]:
        assert _content(second, *place) == in_order[place]
    with ThreadPoolExecutor(4) as threads:
        found = threads.map(lambda place: _content(sampler, *place), places * 4)
        assert list(found) == list(in_order.values()) * 4


def test_other_epochs_and_other_seeds_give_other_batches() -> None:
    pictures = _random_pictures()
    batches = [
        _content(_sampler(*pictures, seed=seed), epoch, 0) for seed in (0, 1) for epoch in (1, 2, 3)
    ]
    assert len(set(batches)) == len(batches)


def test_a_batch_holds_floats_of_the_patch_size() -> None:
    batch = _sampler(*_random_pictures(), augment=Augmentation()).batch(1, 0, 5)
    for images in (batch.clean, batch.degraded):
        assert images.shape == (5, SIZE, SIZE, 3)
        assert images.dtype == np.float32
    assert 0 <= batch.clean.min() < batch.clean.max() <= 1


def test_no_patch_is_used_twice_in_an_epochs_full_batches() -> None:
    sampler = _sampler(_numbered_patches(16))
    assert sampler.steps_per_epoch(5) == 3
    for epoch in (1, 2):
        used = [number for step in range(3) for number in _numbers(sampler.batch(epoch, step, 5))]
        assert len(set(used)) == 15


def test_every_patch_is_used_once_before_any_is_used_again() -> None:
    sampler = _sampler(_numbered_patches(16))
    used = [number for step in range(8) for number in _numbers(sampler.batch(1, step, 4))]
    first, second = used[:16], used[16:]
    assert sorted(first) == sorted(second) == list(range(16))
    assert first != second


def test_the_order_of_the_patches_changes_from_epoch_to_epoch_and_with_the_seed() -> None:
    orders = {
        tuple(_numbers(_sampler(_numbered_patches(16), seed=seed).batch(epoch, 0, 16)))
        for seed in (0, 1)
        for epoch in (1, 2, 3)
    }
    assert len(orders) == 6


def test_a_batch_of_more_samples_than_patches_uses_each_about_as_often() -> None:
    sampler = _sampler(_numbered_patches(4))
    assert sampler.steps_per_epoch(10) == 1
    assert sorted(Counter(_numbers(sampler.batch(1, 0, 10))).values()) == [2, 2, 3, 3]


@pytest.mark.parametrize(("stride", "count"), [(None, 3 * 2 + 1 * 3), (4, 5 * 3 + 1 * 6)])
def test_without_augmentation_the_patches_are_those_of_the_grid(
    stride: int | None, count: int
) -> None:
    pictures, step = _random_pictures(), stride or SIZE
    grid = {
        _as_bytes(picture.clean[top : top + SIZE, left : left + SIZE])
        for picture in pictures
        for top in range(0, picture.clean.shape[0] - SIZE + 1, step)
        for left in range(0, picture.clean.shape[1] - SIZE + 1, step)
    }
    sampler = _sampler(*pictures, stride=stride)
    assert len(sampler) == len(grid) == count
    assert {_as_bytes(patch) for patch in sampler.batch(1, 0, count).clean} == grid


def _as_bytes(patch: NDArray[Any]) -> bytes:
    levels = patch if patch.dtype == np.uint8 else np.round(255 * patch).astype(np.uint8)
    return levels.tobytes()


def test_a_crop_lies_anywhere_inside_its_picture() -> None:
    places = np.arange(10 * 12, dtype=np.uint8).reshape(10, 12, 1)
    sampler = _sampler(Picture("a", places), augment=Augmentation(flip=False, turn=False))
    found = set()
    for step in range(40):
        for patch in np.round(255 * sampler.batch(1, step, 5).clean).astype(np.uint8):
            top, left = divmod(int(patch[0, 0, 0]), 12)
            assert np.array_equal(patch, places[top : top + SIZE, left : left + SIZE])
            found.add((top, left))
    assert found == {(top, left) for top in range(3) for left in range(5)}


@pytest.mark.parametrize(
    ("flip", "turn", "count"),
    [(True, True, 8), (True, False, 2), (False, True, 4), (False, False, 1)],
)
def test_flips_and_turns_reach_every_orientation_that_is_allowed(
    flip: bool, turn: bool, count: int
) -> None:
    picture = Picture("a", random_image(SIZE, SIZE, 1))
    sampler = _sampler(picture, augment=Augmentation(flip=flip, turn=turn, crop=False))
    patches = sampler.batch(1, 0, 80).clean
    mirrored = picture.clean[:, ::-1]
    turned = {
        np.rot90(image, quarters).tobytes()
        for image in ([picture.clean, mirrored] if flip else [picture.clean])
        for quarters in (range(4) if turn else [0])
    }
    assert {patch.tobytes() for patch in patches} == turned
    assert len(turned) == count


def test_given_images_are_cut_flipped_and_turned_with_their_clean_ones() -> None:
    clean = (255 * random_image(20, 24)).astype(np.uint8)
    sampler = _sampler(Picture("a", clean, 255 - clean), task=GIVEN, augment=Augmentation())
    batch = sampler.batch(1, 0, 40)
    assert np.allclose(batch.degraded, 1 - batch.clean, atol=1e-6)


def test_degraded_images_that_the_task_does_not_ask_for_are_left_aside() -> None:
    flat = np.full((SIZE, SIZE, 3), 128, dtype=np.uint8)
    batch = _sampler(Picture("a", flat, 0 * flat), task=make_task("pixelate")).batch(1, 0, 2)
    assert np.allclose(batch.degraded, batch.clean)


def test_each_use_of_a_patch_has_noise_of_its_own() -> None:
    flat = Picture("a", np.full((SIZE, SIZE, 3), 128, dtype=np.uint8))
    noisy = {
        patch.tobytes()
        for seed in (0, 1)
        for epoch in (1, 2)
        for patch in _sampler(flat, seed=seed).batch(epoch, 0, 6).degraded
    }
    assert len(noisy) == 24
