import pytest
from pydantic import ValidationError

from dropstudy.config.data import Photos


@pytest.mark.parametrize(("stride", "step"), [(None, 48), (16, 16), (64, 64)])
def test_patches_lie_side_by_side_unless_a_stride_says_otherwise(
    stride: int | None, step: int
) -> None:
    assert Photos(kind="photos", patch_size=48, stride=stride).grid_step == step


def test_grey_images_have_one_channel_and_others_three() -> None:
    assert Photos(kind="photos", channels="grey").channel_count == 1
    assert Photos(kind="photos").channel_count == 3


@pytest.mark.parametrize("pages", [-1, 10_001, 2.5])
def test_pages_of_text_are_a_number_that_fits_into_memory(pages: float) -> None:
    assert Photos(kind="photos").text_pages == 0
    with pytest.raises(ValidationError, match="a whole number from 0 to 10,000"):
        Photos.model_validate({"kind": "photos", "text_pages": pages})
