import math
import os
import sys
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dropstudy.errors import DataError
from dropstudy.imaging.conventions import PAPER_DENOISE, RGB_8BIT, find_convention
from dropstudy.imaging.metrics import FullScores, score_fully
from dropstudy.imaging.scoring import (
    METRICS,
    ImageScores,
    Summary,
    match_folders,
    score_pairs,
    summarize,
)
from tests.imaging.examples import write_images


def _write(path: Path, pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def _grey(value: int, side: int = 12) -> NDArray[np.uint8]:
    return np.full((side, side), value, dtype=np.uint8)


def _colour(value: int, side: int = 12) -> NDArray[np.uint8]:
    return np.full((side, side, 3), value, dtype=np.uint8)


def _score(folder: Path, *, convention: str = "rgb-8bit") -> dict[str, FullScores]:
    by = PAPER_DENOISE if convention == "paper-denoise" else RGB_8BIT
    pairs = match_folders(folder / "restored", folder / "clean", convention=by)
    return {image.name: image.scores for image in score_pairs(pairs, convention=by)}


def test_every_image_is_scored_against_its_clean_one_in_the_order_of_names(tmp_path: Path) -> None:
    names = [f"{index:02}.png" for index in range(20)]
    write_images(tmp_path / "restored", *names, seed=1)
    write_images(tmp_path / "clean", *names, seed=2)
    found = _score(tmp_path)
    assert list(found) == [f"{index:02}" for index in range(20)]
    for name, scores in found.items():
        restored, clean = (
            np.asarray(Image.open(tmp_path / folder / f"{name}.png"))
            for folder in ("restored", "clean")
        )
        assert scores == score_fully(restored, clean, convention=RGB_8BIT)


def test_grey_of_any_file_is_one_channel(tmp_path: Path) -> None:
    """A palette would be colours: see the test of what does not match."""
    for folder, offset in (("restored", 0), ("clean", 1)):
        levels = _grey(100 + offset)
        _write(tmp_path / folder / "grey.png", levels)
        Image.fromarray(levels).convert("LA").save(tmp_path / folder / "transparent.png")
        Image.fromarray(levels > 100).save(tmp_path / folder / "bits.png")
    found = _score(tmp_path)
    assert found["grey"] == found["transparent"]
    assert found["grey"].psnr == pytest.approx(48.1308, abs=5e-5)
    assert found["bits"].psnr == 0


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_grey_of_16_bits_keeps_them_unless_the_convention_rounds(
    tmp_path: Path, suffix: str
) -> None:
    clean = np.full((12, 12), 100 * 257, dtype=np.uint16)
    _write(tmp_path / "clean" / f"a.{suffix}", clean)
    _write(tmp_path / "restored" / f"a.{suffix}", clean + np.uint16(64))
    assert math.isinf(_score(tmp_path)["a"].psnr)
    kept = _score(tmp_path, convention="paper-denoise")["a"]
    assert kept.rmse == pytest.approx(64 / 257, rel=1e-4)
    assert kept.psnr == pytest.approx(20 * math.log10(65535 / 64), abs=1e-3)


def test_grey_of_16_bits_may_meet_grey_of_8(tmp_path: Path) -> None:
    _write(tmp_path / "clean" / "a.png", _grey(100))
    _write(tmp_path / "restored" / "a.png", np.full((12, 12), 101 * 257, dtype=np.uint16))
    for convention in ("rgb-8bit", "paper-denoise"):
        assert _score(tmp_path, convention=convention)["a"].rmse == pytest.approx(1, rel=1e-5)


def test_all_pairs_that_cannot_be_scored_are_listed(tmp_path: Path) -> None:
    restored, clean = tmp_path / "restored", tmp_path / "clean"
    for name in ("fine", "grey", "size", "broken", "none", "palette", "tiny"):
        for folder in (restored, clean):
            _write(folder / f"{name}.png", _colour(9))
    _write(restored / "grey.png", _grey(9))
    _write(restored / "size.png", _colour(9, 14))
    (clean / "broken.png").write_bytes((clean / "broken.png").read_bytes()[:50])
    (restored / "none.png").write_text("no image", encoding="utf-8")
    _write(clean / "palette.png", _grey(9))
    Image.fromarray(_colour(9)).quantize().save(restored / "palette.png")
    for folder in (restored, clean):
        _write(folder / "tiny.png", _colour(9, 4))
    with pytest.raises(DataError) as caught:
        match_folders(restored, clean, convention=find_convention("rgb-8bit", 2))
    heading, *lines = str(caught.value).splitlines()
    assert heading == "6 of 7 pairs of images cannot be scored:"
    assert lines[0].startswith(f"  {clean}/broken.png: cannot be decoded: ")
    assert lines[1:] == [
        f"  {restored}/grey.png is 12×12 grey, {clean}/grey.png is 12×12 colour",
        f"  {restored}/none.png: not an image that can be read",
        f"  {restored}/palette.png is 12×12 colour, {clean}/palette.png is 12×12 grey",
        f"  {restored}/size.png is 14×14 colour, {clean}/size.png is 12×12 colour",
        f"  {clean}/tiny.png: an image of 4×4 has nothing left within a border of 2 pixels",
    ]


def test_of_many_problems_ten_are_listed(tmp_path: Path) -> None:
    names = [f"{index:02}.png" for index in range(13)]
    write_images(tmp_path / "restored", *names, side=12)
    write_images(tmp_path / "clean", *names, side=13)
    with pytest.raises(DataError) as caught:
        _score(tmp_path)
    lines = str(caught.value).splitlines()
    assert lines[0] == "13 of 13 pairs of images cannot be scored:"
    assert "/09.png is 12×12 colour" in lines[10]
    assert lines[11:] == ["  … and 3 more"]


def test_a_turn_that_a_viewer_would_apply_counts(tmp_path: Path) -> None:
    pixels = np.arange(12 * 16, dtype=np.uint8).reshape(12, 16)
    deep = pixels.astype(np.uint16) * 257
    _write(tmp_path / "clean" / "a.png", np.rot90(pixels, -1))
    _write(tmp_path / "clean" / "b.png", np.rot90(deep, -1))
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "restored").mkdir()
    Image.fromarray(pixels).save(tmp_path / "restored/a.png", exif=exif)
    Image.fromarray(deep).save(tmp_path / "restored/b.png", exif=exif)
    assert all(math.isinf(scores.psnr) for scores in _score(tmp_path).values())


def test_folders_without_an_image_are_refused(tmp_path: Path) -> None:
    for folder in ("restored", "clean"):
        (tmp_path / folder).mkdir()
    with pytest.raises(DataError, match=rf"^{tmp_path}/restored and .*/clean: no images in them$"):
        _score(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text elsewhere")
def test_a_name_that_is_not_utf_8_can_still_be_printed(tmp_path: Path) -> None:
    for folder in ("restored", "clean"):
        _write(tmp_path / folder / "a.png", _grey(9))
        source = os.fsencode(tmp_path / folder / "a.png")
        os.rename(source, source.replace(b"a.png", b"caf\xe9.png"))  # noqa: PTH104
    assert list(_score(tmp_path)) == ["caf\N{REPLACEMENT CHARACTER}"]


def _scores(psnr: float, *, ssim: float | None = 0.5) -> FullScores:
    return FullScores(psnr, ssim, None, 1.0, 2.0, 0.5)


def test_a_summary_leaves_out_what_has_no_finite_value() -> None:
    images = [
        ImageScores("a", _scores(20, ssim=None)),
        ImageScores("b", _scores(math.inf)),
        ImageScores("c", _scores(30)),
        ImageScores("d", _scores(22)),
    ]
    assert [image.is_equal for image in images] == [False, True, False, False]
    summaries = summarize(images)
    assert tuple(summaries) == METRICS == tuple(FullScores.__annotations__)
    values = 20, 30, 22
    assert summaries["psnr"] == Summary(
        3, fmean(values), stdev(values), ("a", 20), ("c", 30), left_out=("b",)
    )
    assert (summaries["ssim"].count, summaries["ssim"].left_out) == (3, ("a",))
    assert summaries["ms_ssim"] == Summary(0, None, None, None, None, ("a", "b", "c", "d"))


def test_one_image_has_no_standard_deviation() -> None:
    summary = summarize([ImageScores("a", _scores(20))])["psnr"]
    assert summary == Summary(1, 20, None, ("a", 20), ("a", 20), ())
