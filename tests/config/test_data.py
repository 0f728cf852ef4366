import pytest

from dropstudy.config.data import Photos


@pytest.mark.parametrize(("stride", "step"), [(None, 48), (16, 16), (64, 64)])
def test_patches_lie_side_by_side_unless_a_stride_says_otherwise(
    stride: int | None, step: int
) -> None:
    assert Photos(kind="photos", patch_size=48, stride=stride).grid_step == step


def test_grey_images_have_one_channel_and_others_three() -> None:
    assert Photos(kind="photos", channels="grey").channel_count == 1
    assert Photos(kind="photos").channel_count == 3
