from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dropstudy.analysis.arms import representative_runs
from dropstudy.analysis.comparison import Comparison, compare
from dropstudy.errors import DataError
from dropstudy.imaging.sheets import CAPTION_HEIGHT, FOOT_HEIGHT, GAP, MARGIN
from dropstudy.reports.pictures import (
    CELL_SIDE,
    CROP_SIDE,
    MOST_ARMS,
    MOST_IMAGES,
    SharedImage,
    draw_arms,
    shared_images,
)
from dropstudy.runs.directory import write_json
from dropstudy.runs.reading import Run
from tests.analysis.runs import SIDE, SPATIAL, keep_image, make_run

COMMON = {"degraded": 60, "classical": 80, "clean": 120}
"""Grey levels of what every run of the same data keeps; see keep_image."""


def _draw(compared: Comparison) -> Image.Image | None:
    return draw_arms(compared.arms)


def _shared(compared: Comparison) -> list[SharedImage]:
    return shared_images(compared.arms)


def _psnr(level: int) -> float:
    """By the record: 30 dB for the clean level, less the further away."""
    return 30 - abs(level - COMMON["clean"]) / 10


def _run(
    path: Path,
    restored: Mapping[str, int],
    *,
    seed: int = 0,
    dropout: Mapping[str, Any] | None = None,
    side: int = SIDE,
) -> Run:
    """A run that restored images to these levels."""
    images = [
        keep_image(path, name, {**COMMON, "restored": level}, psnr=_psnr(level), side=side)
        for name, level in restored.items()
    ]
    return make_run(path, seed=seed, dropout=dropout, images=images)


def _pair(
    folder: Path, plain: Mapping[str, int], spatial: Mapping[str, int], *, side: int = SIDE
) -> Comparison:
    return compare(
        [
            _run(folder / "plain-0", plain, side=side),
            _run(folder / "spatial-0", spatial, dropout=SPATIAL, side=side),
        ]
    )


def test_images_that_all_kept_come_by_how_far_the_arms_are_apart(tmp_path: Path) -> None:
    images = _shared(
        _pair(
            tmp_path,
            {"cat": 100, "dog": 100, "owl": 100, "mine": 0},
            {"dog": 50, "cat": 110, "owl": 80, "theirs": 255},
        )
    )
    assert [image.name for image in images] == ["dog", "owl", "cat"]
    dog = images[0]
    # A quarter of the image is 50 levels apart, the rest not at all.
    assert dog.disagreement.mean() == pytest.approx(2500 / 4)
    assert dog.disagreement[SIDE // 2 :, SIDE // 2 :].min() == 2500
    assert [int(pixels[-1, -1, 0]) for pixels in dog.restored] == [100, 50]
    assert [int(form[-1, -1, 0]) for form in (dog.degraded, dog.classical, dog.clean)] == [
        *COMMON.values()
    ]


def test_of_several_arms_the_two_that_are_furthest_apart_count(tmp_path: Path) -> None:
    levels = {"none": 100, "spatial": 104, "dropout": 110}
    runs = [
        _run(
            tmp_path / f"{kind}-0",
            {"cat": level},
            dropout={"skip": {"kind": kind} | ({"rate": 0.3} if kind != "none" else {})},
        )
        for kind, level in levels.items()
    ]
    (image,) = _shared(compare(runs))
    assert image.disagreement.max() == 100


def test_one_arm_alone_is_held_against_the_clean_image(tmp_path: Path) -> None:
    (image,) = _shared(compare([_run(tmp_path / "plain-0", {"cat": 110})]))
    assert image.disagreement.max() == 100


def test_no_more_images_are_decoded_than_are_shown(tmp_path: Path) -> None:
    names = [f"i{number}" for number in range(MOST_IMAGES + 3)]
    compared = _pair(
        tmp_path,
        dict.fromkeys(names, 100),
        {name: 100 - number for number, name in enumerate(names)},
    )
    shown, left_out = names[-MOST_IMAGES:][::-1], names[:-MOST_IMAGES]
    for name in left_out:
        (tmp_path / "plain-0" / f"images/validation-{name}-clean.png").write_bytes(b"no picture")
    assert [image.name for image in _shared(compared)] == shown


def test_images_of_another_size_make_room_for_the_next(tmp_path: Path) -> None:
    names = [f"i{number}" for number in range(MOST_IMAGES + 1)]
    compared = _pair(tmp_path, dict.fromkeys(names, 100), dict.fromkeys(names, 110))
    Image.new("RGB", (8, 8)).save(tmp_path / "plain-0" / "images/validation-i0-clean.png")
    assert [image.name for image in _shared(compared)] == names[1:]


def test_settings_without_channels_still_have_a_page(tmp_path: Path) -> None:
    run = _run(tmp_path / "plain-0", {"cat": 110})
    data = {key: item for key, item in run.settings["data"].items() if key != "channels"}
    write_json(run.directory.settings, {**run.settings, "data": data})
    assert _draw(compare([run.directory.path])) is not None


def test_arms_are_seen_through_the_first_seed_that_all_have(tmp_path: Path) -> None:
    runs = [_run(tmp_path / f"plain-{seed}", {"cat": 100}, seed=seed) for seed in (0, 1, 2)]
    runs += [
        _run(tmp_path / f"spatial-{seed}", {"cat": 110}, seed=seed, dropout=SPATIAL)
        for seed in (2, 1)
    ]
    shown = representative_runs(compare(runs).arms)
    assert [run.name for run in shown] == ["plain-1", "spatial-1"]
    assert [run.name for run in representative_runs(compare([runs[0], runs[3]]).arms)] == [
        "plain-0",
        "spatial-2",
    ]


def test_an_image_degraded_otherwise_is_not_the_same_image(tmp_path: Path) -> None:
    compared = _pair(tmp_path, {"cat": 100}, {"cat": 110})
    file = compared.runs[1].run.directory.image_scores
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"identity_psnr": 20.0', '"identity_psnr": 21.0'), "utf-8")
    again = compare([item.run.directory.path for item in compared.runs])
    assert not _shared(again)


@pytest.mark.parametrize(("side", "rows"), [(SIDE, 2), (2 * CROP_SIDE, 4)])
def test_a_page_has_a_column_for_each_form_and_enlarges_what_is_large(
    tmp_path: Path, side: int, rows: int
) -> None:
    page = _draw(_pair(tmp_path, {"cat": 100, "dog": 100}, {"cat": 110, "dog": 150}, side=side))
    assert page is not None
    columns = 5
    assert page.width == 2 * MARGIN + columns * CELL_SIDE + (columns - 1) * GAP
    body = rows * (CELL_SIDE + CAPTION_HEIGHT + GAP)
    assert body < page.height < body + 250


def test_the_first_row_shows_the_image_and_the_second_where_the_arms_differ(
    tmp_path: Path,
) -> None:
    """They differ in the last quarter, which is as large as the part that is enlarged."""
    page = _draw(_pair(tmp_path, {"cat": 100}, {"cat": 110}, side=2 * CROP_SIDE))
    assert page is not None
    pixels = np.asarray(page)
    row = CELL_SIDE + CAPTION_HEIGHT + GAP
    tops = [page.height - FOOT_HEIGHT - 2 * row, page.height - FOOT_HEIGHT - row]

    def shown(top: int, share: float) -> list[int]:
        """Each cell's level at this share of its height and width."""
        place = int(CELL_SIDE * share)
        lefts = (MARGIN + column * (CELL_SIDE + GAP) for column in range(5))
        return [int(pixels[top + place, left + place, 0]) for left in lefts]

    changed = [60, 80, 100, 110, 120]
    assert shown(tops[0], 0.25) == [100] * 5
    assert shown(tops[0], 0.75) == changed
    assert shown(tops[1], 0.25) == shown(tops[1], 0.75) == changed


def test_without_an_image_that_all_kept_there_is_no_page(tmp_path: Path) -> None:
    assert _draw(_pair(tmp_path, {"cat": 100}, {"dog": 100})) is None
    runs = [make_run(tmp_path / "old" / "plain-0")]
    assert _draw(compare(runs)) is None


def test_an_image_whose_file_is_gone_is_left_out(tmp_path: Path) -> None:
    compared = _pair(tmp_path, {"cat": 100, "dog": 100}, {"cat": 110, "dog": 110})
    (tmp_path / "spatial-0" / "images" / "validation-dog-restored.png").unlink()
    assert [image.name for image in _shared(compared)] == ["cat"]


def test_a_damaged_image_is_an_error_that_names_it(tmp_path: Path) -> None:
    compared = _pair(tmp_path, {"cat": 100}, {"cat": 110})
    path = tmp_path / "spatial-0" / "images" / "validation-cat-restored.png"
    path.write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"validation-cat-restored\.png"):
        _draw(compared)


def test_a_perfect_restoration_has_a_page_too(tmp_path: Path) -> None:
    compared = _pair(tmp_path, {"cat": COMMON["clean"]}, {"cat": COMMON["clean"]})
    assert _draw(compared) is not None


def test_more_arms_than_there_is_room_for_are_left_out(tmp_path: Path) -> None:
    runs = [
        _run(
            tmp_path / f"arm{number}-0",
            {"cat": 100 + number},
            dropout={"skip": {"kind": "spatial", "rate": number / 100}},
        )
        for number in range(MOST_ARMS + 2)
    ]
    page = _draw(compare(runs))
    assert page is not None
    columns = MOST_ARMS + 3
    assert page.width == 2 * MARGIN + columns * CELL_SIDE + (columns - 1) * GAP
