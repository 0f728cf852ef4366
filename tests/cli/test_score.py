import csv
import io
import json
import math
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
from PIL import Image

from tests.cli.commands import dropstudy

PINNED = 20 * math.log10(255)
"""PSNR of a difference of one level everywhere: 48.1308 dB."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two images that are a level off, a large one, and one that equals its clean one."""
    root = tmp_path_factory.mktemp("images [old]")
    for name, side, offset in (("a", 8, 1), ("b", 20, 1), ("c/large", 176, 3), ("same", 20, 0)):
        clean = np.random.default_rng(side).integers(50, 200, (side, side, 3)).astype(np.uint8)
        for kind, pixels in (("clean", clean), ("restored", clean + np.uint8(offset))):
            path = root / kind / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    return root


def _score(folder: Path, *options: str) -> CompletedProcess[str]:
    return dropstudy(
        "score", "--restored", folder / "restored", "--clean", folder / "clean", *options
    )


@pytest.fixture(scope="module")
def table(folder: Path) -> CompletedProcess[str]:
    return _score(folder)


def test_the_convention_stands_above_the_numbers(
    table: CompletedProcess[str], folder: Path
) -> None:
    assert table.returncode == 0
    assert table.stderr == ""
    assert table.stdout.splitlines()[:3] == [
        f"restored    {folder}/restored",
        f"clean       {folder}/clean",
        "convention  rgb-8bit: clipped and rounded to 8 bits, all channels, no edge left out",
    ]


def test_each_image_and_each_mean_has_its_row(table: CompletedProcess[str]) -> None:
    rows = [line.split() for line in table.stdout.splitlines()]
    start = rows.index(["image", "PSNR", "dB", "SSIM", "MS-SSIM", "MAE", "RMSE", "accuracy"])
    assert rows[start + 1] == ["a", "48.131", "–", "–", "1.000", "1.000", "1.0000"]
    assert [row[0] for row in rows[start + 1 : start + 5]] == ["a", "b", "c/large", "same"]
    assert rows[start + 4] == ["same", "∞", "1.0000", "–", "0.000", "0.000", "1.0000"]
    large = PINNED - 20 * math.log10(3)
    spread = (PINNED - large) / math.sqrt(3)  # of two equal values and a third
    assert f"PSNR dB 3 {(2 * PINNED + large) / 3:.3f} {spread:.3f}".split() in [
        row[:5] for row in rows
    ]
    assert ["RMSE", "4", "1.250", "1.258", "0.000", "same", "3.000", "c/large"] in rows


def test_columns_are_aligned_and_no_line_ends_in_blanks(table: CompletedProcess[str]) -> None:
    lines = table.stdout.splitlines()
    start = lines.index(next(line for line in lines if line.startswith("image ")))
    assert len({len(line) for line in lines[start : start + 5]}) == 1
    assert [line for line in lines if line != line.rstrip()] == []


def test_what_no_mean_includes_is_said(table: CompletedProcess[str]) -> None:
    assert table.stdout.splitlines()[-3:] == [
        "1 image equal to its clean one is left out of mean PSNR: same",
        "1 image with a side under 11 pixels has no SSIM: a",
        "3 images with a side under 176 pixels have no MS-SSIM: a, b, same",
    ]


def test_json_holds_everything_and_no_infinity(folder: Path) -> None:
    done = _score(folder, "--json", "--convention", "paper-sr", "--border", "0")
    document = json.loads(done.stdout, parse_constant=pytest.fail)
    assert document["convention"]["name"] == "paper-sr"
    assert document["convention"]["border"] == 0
    images = {image.pop("image"): image for image in document["images"]}
    assert list(images) == ["a", "b", "c/large", "same"]
    assert list(images["a"]) == ["equal", "psnr", "ssim", "ms_ssim", "mae", "rmse", "accuracy"]
    assert (images["same"]["equal"], images["same"]["psnr"]) == (True, None)
    assert (images["a"]["equal"], images["a"]["ms_ssim"]) == (False, None)
    psnr = document["summary"]["psnr"]
    values = {name: image["psnr"] for name, image in images.items() if image["psnr"]}
    assert psnr["mean"] == pytest.approx(sum(values.values()) / 3)
    assert psnr["n"] == 3
    assert psnr["left_out"] == ["same"]
    assert psnr["lowest"] == {"image": "c/large", "value": min(values.values())}


def test_csv_has_a_row_for_each_image_with_its_convention(folder: Path) -> None:
    done = _score(folder, "--csv", "--convention", "paper-denoise")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["image"] for row in rows] == ["a", "b", "c/large", "same"]
    assert {(row["convention"], row["border"]) for row in rows} == {("paper-denoise", "0")}
    assert float(rows[0]["psnr"]) == pytest.approx(PINNED)
    assert float(rows[3]["psnr"]) == math.inf
    assert rows[0]["ssim"] == ""


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--convention", "paper-sr"], "error: paper-sr: no border given; give the factor by"),
        (["--json", "--csv"], "error: --json and --csv: give one of them"),
        (["--border", "4"], "error: 1 of 4 pairs of images cannot be scored:\n  "),
        (["--border", "-1"], "Invalid value for '--border'"),
        (["--convention", "psnr"], "Invalid value for '--convention'"),
        (["--clean", "none"], "error: none: not a folder; data are looked for from "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_scored_exits_with_2_and_prints_no_number(
    folder: Path, options: list[str], text: str
) -> None:
    done = _score(folder, *options)
    assert done.returncode == 2
    assert text in done.stderr
    assert done.stdout == ""
