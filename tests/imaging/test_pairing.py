from pathlib import Path

import pytest

from dropstudy.errors import DataError
from dropstudy.imaging.pairing import ImagePair, list_some, pair_images
from tests.imaging.examples import write_images


def test_images_are_paired_by_their_path_without_its_suffix(tmp_path: Path) -> None:
    given, clean = tmp_path / "given", tmp_path / "clean"
    write_images(given, "b.bmp", "below/a.v2.png", "a.png")
    write_images(clean, "a.bmp", "b.png", "below/a.v2.bmp")
    assert pair_images(given, clean) == [
        ImagePair("a", given / "a.png", clean / "a.bmp"),
        ImagePair("b", given / "b.bmp", clean / "b.png"),
        ImagePair("below/a.v2", given / "below/a.v2.png", clean / "below/a.v2.bmp"),
    ]


def test_one_image_without_a_partner_is_named(tmp_path: Path) -> None:
    write_images(tmp_path / "given", "a.png")
    write_images(tmp_path / "clean", "a.png", "b.png")
    with pytest.raises(DataError) as caught:
        pair_images(tmp_path / "given", tmp_path / "clean")
    text = f"1 image has no partner of the same name: {tmp_path}/clean/b.*"
    assert str(caught.value) == text


def test_of_many_without_a_partner_some_of_each_folder_are_named(tmp_path: Path) -> None:
    write_images(tmp_path / "given", *(f"{index}_x2.png" for index in range(7)))
    write_images(tmp_path / "clean", *(f"{index}.png" for index in range(6)))
    with pytest.raises(DataError) as caught:
        pair_images(tmp_path / "given", tmp_path / "clean")
    given = ", ".join(f"{tmp_path}/given/{index}_x2.*" for index in range(5))
    clean = ", ".join(f"{tmp_path}/clean/{index}.*" for index in range(5))
    assert str(caught.value) == (
        f"13 images have no partner of the same name: {given}, … and 2 more, {clean}, … and 1 more"
    )


def test_a_list_is_cut_only_where_it_is_longer() -> None:
    assert list_some("abcde") == "a, b, c, d, e"
    assert list_some("abcdef") == "a, b, c, d, e, … and 1 more"
    assert list_some("abc", separator="/", most=1) == "a/… and 2 more"
