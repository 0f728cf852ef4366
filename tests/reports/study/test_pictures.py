from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dropstudy.analysis.comparison import compare
from dropstudy.imaging.sheets import GAP, MARGIN
from dropstudy.reports.study.pictures import CROP_SIDE, ENLARGED, MOST_BYTES, draw_pictures
from dropstudy.runs.store import find_runs
from tests.analysis.runs import SPATIAL, keep_image, make_run

COMMON = {"degraded": 60, "classical": 80, "clean": 120}
SIDE = 2 * CROP_SIDE
"""Of images whose last quarter, in which they differ, is a crop."""


def draw(folder: Path, levels: dict[str, list[int]], *, count: int = 4) -> bytes | None:
    """The picture of an arm for each name, which restored its images to these levels."""
    runs = []
    for place, (name, own) in enumerate(levels.items()):
        path = folder / f"{name}-0"
        images = [
            keep_image(path, f"image{number}", {**COMMON, "restored": level}, psnr=level, side=SIDE)
            for number, level in enumerate(own)
        ]
        dropout = {"skip": {**SPATIAL["skip"], "rate": place / 10}} if place else None
        runs.append(make_run(path, dropout=dropout, images=images))
    return draw_pictures(compare(runs, baseline=runs[0]).arms, count=count)


def decode(content: bytes | None) -> Image.Image:
    assert content is not None
    assert len(content) <= MOST_BYTES
    return Image.open(BytesIO(content)).convert("RGB")


def test_columns_are_degraded_each_arm_and_clean_where_they_differ(tmp_path: Path) -> None:
    page = np.asarray(decode(draw(tmp_path, {"plain": [90], "spatial": [110]})))
    side = CROP_SIDE * ENLARGED
    assert page.shape[1] == 2 * MARGIN + 4 * side + 3 * GAP
    row = page[page.shape[0] // 2]
    centres = [row[MARGIN + column * (side + GAP) + side // 2].mean() for column in range(4)]
    assert centres == pytest.approx([60, 90, 110, 120], abs=3)


def test_images_are_spread_from_the_largest_difference_to_the_smallest(tmp_path: Path) -> None:
    levels = {"plain": [100] * 5, "spatial": [101, 109, 105, 103, 107]}
    five, two = (decode(draw(tmp_path / str(n), levels, count=n)) for n in (5, 2))
    rows = [page.height for page in (five, two)]
    each = CROP_SIDE * ENLARGED
    assert rows[0] - rows[1] >= 3 * each
    column = MARGIN + 2 * (each + GAP) + each // 2
    line = np.asarray(two)[:, column].mean(axis=-1)
    shown = [
        level for level in (101, 103, 105, 107, 109) if np.sum(abs(line - level) < 0.8) > each / 2
    ]
    assert shown == [101, 109]


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (draw(tmp_path / name, {"plain": [90], "spatial": [110]}) for name in "ab")
    assert first == second


def test_without_kept_images_there_is_no_picture(tmp_path: Path) -> None:
    assert draw(tmp_path, {"plain": [], "spatial": []}) is None


def test_a_large_picture_loses_rows_rather_than_that_it_takes_too_much_room(
    tmp_path: Path,
) -> None:
    draw(tmp_path, {"plain": [90] * 4, "spatial": [110] * 4})
    chance = np.random.default_rng(0)
    for path in sorted(tmp_path.glob("*/images/*restored.png")):
        pixels = chance.integers(256, size=(SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    arms = compare(find_runs(tmp_path)).arms
    whole, small = (draw_pictures(arms, count=4, most_bytes=most) for most in (10**6, 50_000))
    assert small is not None
    assert len(small) <= 50_000
    assert decode(small).height < decode(whole).height - CROP_SIDE * ENLARGED
