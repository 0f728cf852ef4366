import os
import re
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image

from dropstudy.config.data import Arrays, ImageFolder, ImagePairs, Photos
from dropstudy.errors import DataError
from dropstudy.imaging import sources
from dropstudy.imaging.sources import Picture, Split, load_split
from tests.imaging.examples import all_pictures, bundled_split, random_image, write_images

NAMES = [f"{index:02d}.png" for index in range(20)]


def _folder(path: Path, **settings: Any) -> ImageFolder:
    return ImageFolder(kind="folder", path=str(path), **{"patch_size": 8, **settings})


def _pairs(root: Path, **settings: Any) -> ImagePairs:
    return ImagePairs(
        kind="pairs",
        degraded=str(root / "degraded"),
        clean=str(root / "clean"),
        **{"patch_size": 8, **settings},
    )


def _arrays(path: Path, **settings: Any) -> Arrays:
    return Arrays(kind="arrays", path=str(path), **{"patch_size": 8, **settings})


def _parts(split: Split) -> dict[str, str]:
    """The part of each picture, by its name."""
    return {
        picture.name: part
        for part in ("training", "validation", "test")
        for picture in getattr(split, part)
    }


@pytest.mark.parametrize(
    ("collection", "sizes", "least_side"), [("full", (16, 4, 5), 300), ("tiny", (5, 2, 1), 128)]
)
def test_the_bundled_photographs_have_a_fixed_split(
    collection: Literal["full", "tiny"], sizes: tuple[int, ...], least_side: int
) -> None:
    split = bundled_split(collection)
    assert tuple(map(len, (split.training, split.validation, split.test))) == sizes
    assert len(_parts(split)) == sum(sizes)
    assert min(min(picture.clean.shape[:2]) for picture in all_pictures(split)) == least_side
    assert {picture.clean.shape[2] for picture in all_pictures(split)} == {3}


def test_no_photograph_stands_in_two_parts_under_two_names() -> None:
    photographs = all_pictures(bundled_split())
    assert len({picture.clean.tobytes() for picture in photographs}) == len(photographs) == 25


def test_every_photograph_is_attributed() -> None:
    assets = resources.files("dropstudy") / "assets"
    text = (assets / "ATTRIBUTION.txt").read_text(encoding="utf-8").lower()
    for collection in ("photos", "tiny"):
        for file in (assets / collection).iterdir():
            assert re.search(rf"{file.name.removesuffix('.webp').removesuffix('_g')}\b", text)


@pytest.mark.parametrize(("pages", "few"), [(1, 1), (4, 1), (7, 1), (8, 2)])
def test_pages_of_text_join_every_part_beside_the_same_photographs(pages: int, few: int) -> None:
    plain = bundled_split("tiny")
    split = load_split(Photos(kind="photos", collection="tiny", text_pages=pages))
    for part, count in (("training", pages), ("validation", few), ("test", few)):
        photos, all_of_it = getattr(plain, part), getattr(split, part)
        added = [picture for picture in all_of_it if picture.name.startswith(f"text_{part}_")]
        assert len(added) == count
        kept = [picture for picture in all_of_it if not picture.name.startswith("text_")]
        assert [picture.name for picture in kept] == [picture.name for picture in photos]
        for before, after in zip(photos, kept, strict=True):
            assert np.array_equal(before.clean, after.clean)
    assert len(_parts(split)) == len(all_pictures(split))
    assert len({picture.clean.tobytes() for picture in all_pictures(split)}) == len(_parts(split))
    assert split.fingerprint != plain.fingerprint


def test_the_first_images_to_be_looked_at_are_of_both_sorts() -> None:
    split = load_split(Photos(kind="photos", text_pages=16))
    names = [picture.name for picture in split.validation]
    assert [name.startswith("text_") for name in names] == [False, True] * 4


def test_without_pages_the_photographs_have_the_fingerprint_they_always_had() -> None:
    split = load_split(Photos(kind="photos", collection="tiny", text_pages=0))
    known = "c62fb7b3bc12d27870fff6d3cdf33725afd50e956708110856f5f21d88d4c9ab"
    assert split.fingerprint == known


def test_pages_are_grey_with_grey_photographs() -> None:
    data = Photos(kind="photos", collection="tiny", channels="grey", text_pages=1)
    assert {picture.clean.shape[2] for picture in all_pictures(load_split(data))} == {1}


def test_the_bundled_cameraman_is_scikit_images_pixel_for_pixel() -> None:
    (camera,) = (
        picture.clean for picture in all_pictures(bundled_split()) if picture.name == "camera_g"
    )
    with resources.as_file(resources.files("skimage") / "data" / "camera.png") as path:
        original = np.asarray(Image.open(path))
    assert np.array_equal(camera, np.repeat(original[..., np.newaxis], 3, axis=-1))


def test_the_bundled_photographs_can_be_had_in_grey() -> None:
    split = load_split(Photos(kind="photos", collection="tiny", channels="grey"))
    assert {picture.clean.shape for picture in all_pictures(split)} == {(128, 128, 1)}


def test_a_folder_is_split_by_image_the_same_way_every_time(tmp_path: Path) -> None:
    write_images(tmp_path, *NAMES, "below/a.png")
    first, again = (load_split(_folder(tmp_path)) for _ in range(2))
    parts = _parts(first)
    assert parts == _parts(again)
    assert sorted(parts) == [*NAMES, "below/a.png"]
    assert [list(parts.values()).count(part) for part in ("validation", "test")] == [3, 3]
    assert first.fingerprint == again.fingerprint


def test_adding_an_image_leaves_nearly_all_others_in_their_parts(tmp_path: Path) -> None:
    """Parts are shares, so that a border between two may pass over an image, but no more."""
    write_images(tmp_path, *NAMES)
    before = _parts(load_split(_folder(tmp_path)))
    for extra in ("a.png", "b.png", "c.png", "d.png", "e.png"):
        write_images(tmp_path, extra)
        after = _parts(load_split(_folder(tmp_path)))
        assert sum(after[name] != part for name, part in before.items()) <= 3
        before = after


def test_the_split_knows_names_but_not_what_is_in_the_images(tmp_path: Path) -> None:
    for folder, seed in (("one", 1), ("two", 2)):
        write_images(tmp_path / folder, *NAMES, seed=seed)
    one, two = (load_split(_folder(tmp_path / folder)) for folder in ("one", "two"))
    assert _parts(one) == _parts(two)
    assert one.fingerprint != two.fingerprint


@pytest.mark.parametrize(
    ("count", "test_share", "text"),
    [
        (0, 0.15, "found 0 images; give at least 3, to train on, validate and test"),
        (1, 0.15, "found 1 image; give at least 3"),
        (2, 0.15, "found 2 images; give at least 3"),
        (1, 0.0, "found 1 image; give at least 2, to train on, validate$"),
    ],
)
def test_too_few_images_for_the_parts_are_refused(
    count: int, test_share: float, text: str, tmp_path: Path
) -> None:
    write_images(tmp_path, *NAMES[:count])
    with pytest.raises(DataError, match=rf"^{tmp_path}: {text}"):
        load_split(_folder(tmp_path, test_share=test_share))


def test_the_least_images_that_do_are_one_for_each_part(tmp_path: Path) -> None:
    write_images(tmp_path, *NAMES[:3])
    assert sorted(_parts(load_split(_folder(tmp_path))).values()) == [
        "test",
        "training",
        "validation",
    ]
    without_test = load_split(_folder(tmp_path, test_share=0.0))
    assert (len(without_test.training), len(without_test.validation)) == (2, 1)
    assert without_test.test == ()


def test_images_smaller_than_a_patch_are_named_with_their_sizes(tmp_path: Path) -> None:
    write_images(tmp_path, *NAMES[:4], side=32)
    write_images(tmp_path, "small.png", side=9)
    text = r"^1 image is smaller than a patch of 16×16: small\.png \(9×9\); remove, or lower"
    with pytest.raises(DataError, match=text):
        load_split(_folder(tmp_path, patch_size=16))
    with pytest.raises(DataError, match=r"^5 images are smaller than a patch of 64×64: "):
        load_split(_folder(tmp_path, patch_size=64))


def test_a_limit_takes_the_first_images_by_name(tmp_path: Path) -> None:
    write_images(tmp_path, *NAMES)
    assert sorted(_parts(load_split(_folder(tmp_path, limit=5)))) == NAMES[:5]


def test_images_that_memory_cannot_hold_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_images(tmp_path, *NAMES[:4])
    monkeypatch.setattr(sources, "MAX_BYTES_HELD", 3 * 16 * 16 * 3)
    assert len(all_pictures(load_split(_folder(tmp_path, limit=3)))) == 3
    text = (
        rf"^{tmp_path}: its first 4 images take more than .* of memory; use fewer with data.limit"
    )
    with pytest.raises(DataError, match=text):
        load_split(_folder(tmp_path))


def test_a_folder_that_is_none_is_named() -> None:
    with pytest.raises(DataError, match=r"^no/such: not a folder; data are looked for from /"):
        load_split(_folder(Path("no/such")))


def test_a_damaged_image_in_a_folder_is_named(tmp_path: Path) -> None:
    write_images(tmp_path, *NAMES[:4])
    (tmp_path / "b.png").write_text("no pixels")
    with pytest.raises(DataError, match=rf"^{tmp_path}/b\.png: not an image"):
        load_split(_folder(tmp_path))


def test_a_link_that_leads_round_in_circles_brings_no_image_twice(tmp_path: Path) -> None:
    write_images(tmp_path, *NAMES[:4])
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    assert sorted(_parts(load_split(_folder(tmp_path)))) == NAMES[:4]


def test_file_names_that_are_no_utf_8_are_split_or_refused_by_name(tmp_path: Path) -> None:
    write_images(tmp_path, *NAMES[:4])
    (tmp_path / NAMES[0]).rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    try:
        split = load_split(_folder(tmp_path))
    except DataError as error:
        assert "caf" in str(error)
    else:
        assert len(all_pictures(split)) == 4


def test_pairs_are_matched_by_name_whatever_their_format(tmp_path: Path) -> None:
    write_images(tmp_path / "clean", "a.png", "b.bmp", "below/c.png", seed=1)
    write_images(tmp_path / "degraded", "a.bmp", "b.png", "below/c.png", seed=2)
    pictures = {picture.name: picture for picture in all_pictures(load_split(_pairs(tmp_path)))}
    assert sorted(pictures) == ["a", "b", "below/c"]
    for part, attribute in (("clean", "clean"), ("degraded", "degraded")):
        saved = np.asarray(Image.open(tmp_path / part / "below/c.png"))
        assert np.array_equal(getattr(pictures["below/c"], attribute), saved)


def test_a_limit_takes_the_first_pairs_by_name(tmp_path: Path) -> None:
    for folder in ("clean", "degraded"):
        write_images(tmp_path / folder, *NAMES)
    assert sorted(_parts(load_split(_pairs(tmp_path, limit=4)))) == ["00", "01", "02", "03"]


def test_images_without_a_partner_are_listed(tmp_path: Path) -> None:
    write_images(tmp_path / "clean", "a.png", "b.png", "c.png")
    write_images(tmp_path / "degraded", "a.png", "d.png")
    with pytest.raises(DataError) as caught:
        load_split(_pairs(tmp_path))
    assert str(caught.value) == (
        "3 images have no partner of the same name: "
        f"{tmp_path}/degraded/d.*, {tmp_path}/clean/b.*, {tmp_path}/clean/c.*"
    )


def test_two_images_that_claim_one_partner_are_refused(tmp_path: Path) -> None:
    write_images(tmp_path / "clean", "a.png", "a.bmp", "b.png", "c.png")
    write_images(tmp_path / "degraded", "a.png", "b.png", "c.png")
    with pytest.raises(DataError, match=r"clean/a"):
        load_split(_pairs(tmp_path))


def test_a_pair_of_two_sizes_is_refused_by_name(tmp_path: Path) -> None:
    write_images(tmp_path / "clean", *NAMES[:3], side=16)
    write_images(tmp_path / "degraded", *NAMES[:3], side=8)
    text = rf"^{tmp_path}/degraded/00\.png: has shape \(8, 8, 3\), its clean partner \(16, 16, 3\)"
    with pytest.raises(DataError, match=text):
        load_split(_pairs(tmp_path))


def test_arrays_of_bytes_and_of_floats_are_taken(tmp_path: Path) -> None:
    floats = np.stack([random_image(16, 24, seed=seed) for seed in range(4)]).astype(np.float64)
    levels = np.round(255 * floats).astype(np.uint8)
    np.savez(tmp_path / "a.npz", clean=levels, degraded=floats * 3 - 1)
    split = load_split(_arrays(tmp_path / "a.npz"))
    pictures = sorted(all_pictures(split), key=lambda picture: picture.name)
    assert [picture.name for picture in pictures] == ["00000", "00001", "00002", "00003"]
    for picture, clean, degraded in zip(pictures, levels, floats * 3 - 1, strict=True):
        assert np.array_equal(picture.clean, clean)
        assert picture.degraded is not None
        assert picture.degraded.dtype == np.float32
        assert np.allclose(picture.degraded, degraded)


def test_arrays_of_grey_images_need_no_axis_of_channels(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", clean=np.zeros((3, 16, 24), np.uint8))
    split = load_split(_arrays(tmp_path / "a.npz", channels="grey"))
    assert {picture.clean.shape for picture in all_pictures(split)} == {(16, 24, 1)}


def test_a_limit_takes_the_first_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", clean=np.zeros((9, 8, 8, 3), np.uint8))
    assert sorted(_parts(load_split(_arrays(tmp_path / "a.npz", limit=3)))) == [
        "00000",
        "00001",
        "00002",
    ]


GOOD = np.zeros((4, 8, 8, 3), np.float32)


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"degraded": GOOD}, "has no array 'clean'"),
        ({"clean": GOOD[..., 0]}, r"clean: has shape \(.*\); give \(n, height, width, 3\) for"),
        ({"clean": GOOD[..., :1]}, r"clean: has shape \(4, 8, 8, 1\); give \(n, height, width, 3"),
        ({"clean": GOOD[0, 0]}, r"clean: has shape \(8, 3\)"),
        ({"clean": GOOD.astype(np.int32)}, "clean: has type int32; give uint8, or floats in"),
        ({"clean": GOOD.astype(bool)}, "clean: has type bool; give uint8, or floats in"),
        ({"clean": GOOD + 255}, "clean: has values from 255 to 255; give floats in"),
        ({"clean": GOOD - 0.1}, "clean: has values from -0.1 to -0.1"),
        ({"clean": GOOD * np.nan}, "clean: has values from nan to nan"),
        ({"clean": GOOD, "degraded": GOOD + 3}, "degraded: has values from 3 to 3"),
        ({"clean": GOOD, "degraded": GOOD[:3]}, "3 degraded and 4 clean images"),
        ({"clean": GOOD, "degraded": GOOD[:, :4]}, r"degraded\[0\]: has shape \(4, 8, 3\), its"),
        ({"clean": GOOD[:0]}, "found 0 images; give at least 3"),
        ({"clean": np.array([{}], dtype=object)}, "not a .npz file of plain arrays: .*pickle"),
    ],
)
def test_arrays_that_are_no_images_are_refused_by_name(
    arrays: dict[str, Any], text: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, **arrays)
    with pytest.raises(DataError, match=rf"^{path}: {text}"):
        load_split(_arrays(path))


def _raw_member(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("clean", b"no array")


def _damaged_compression(path: Path) -> None:
    with path.open("wb") as stream:
        np.savez_compressed(stream, clean=random_image(64, 64))
    content = bytearray(path.read_bytes())
    content[60:100] = bytes(40)
    path.write_bytes(content)


def _bare_array(path: Path) -> None:
    with path.open("wb") as stream:
        np.save(stream, GOOD)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"just words"),
        lambda path: path.write_bytes(b"PK\x03\x04 cut off"),
        lambda path: path.mkdir(),
        _bare_array,
        _raw_member,
        _damaged_compression,
    ],
    ids=["empty", "text", "cut off", "folder", "bare", "raw member", "damaged"],
)
def test_a_file_that_is_no_npz_is_refused_by_name(write: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write(path)
    with pytest.raises(DataError, match=rf"^{path}: "):
        load_split(_arrays(path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^gone\.npz: cannot be read: No such file"):
        load_split(_arrays(Path("gone.npz")))


def _split(*, name: str = "a", level: int = 0, dtype: Any = np.uint8) -> Split:
    first = Picture(name, np.full((8, 8, 3), level, dtype))
    second, third = (Picture(other, np.zeros((8, 8, 3), np.uint8)) for other in "bc")
    return Split((first,), (second,), (third,))


def test_a_fingerprint_tells_every_name_pixel_type_and_part_apart() -> None:
    split = _split()
    one_pixel = _split()
    one_pixel.training[0].clean[7, 7, 2] = 1
    others = [
        one_pixel,
        _split(name="A"),
        _split(dtype=np.float32),
        Split(split.training, split.test, split.validation),
        Split(split.training + split.validation, (), split.test),
        Split((Picture("a", split.training[0].clean, split.test[0].clean),), *_rest(split)),
        Split((Picture("a", split.training[0].clean.reshape(4, 16, 3)),), *_rest(split)),
    ]
    fingerprints = [item.fingerprint for item in (split, *others)]
    assert len(set(fingerprints)) == len(fingerprints)
    assert _split().fingerprint == split.fingerprint


def _rest(split: Split) -> tuple[tuple[Picture, ...], tuple[Picture, ...]]:
    return split.validation, split.test
