"""Real runs, kept in tests/data/runs, give exactly the tables, verdicts and words expected.

Where a change of the words is meant: python scripts/freeze_runs.py --expected
"""

import json
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from dropstudy import compare
from dropstudy.imaging.sheets import CAPTION_HEIGHT, FOOT_HEIGHT, GAP, MARGIN
from dropstudy.reports.pictures import CELL_SIDE, draw_arms
from tests.golden.outputs import COMMANDS, EXPECTED, ROOT, RUNS, output

FROZEN = ROOT / RUNS
MOST_BYTES = 1_000_000


def test_every_expected_file_is_of_a_command() -> None:
    assert {path.name for path in EXPECTED.iterdir()} == set(COMMANDS)


@pytest.mark.parametrize("name", [name for name in COMMANDS if not name.endswith(".json")])
def test_commands_print_what_is_expected(name: str) -> None:
    expected = (EXPECTED / name).read_text(encoding="utf-8")
    assert output(name) == expected, "python scripts/freeze_runs.py --expected, if it is meant"


@pytest.mark.parametrize("name", [name for name in COMMANDS if name.endswith(".json")])
def test_json_holds_what_is_expected(name: str) -> None:
    """To seven digits: the last ones may differ between versions of NumPy."""
    expected = _flatten(json.loads((EXPECTED / name).read_text(encoding="utf-8")))
    found = _flatten(json.loads(output(name)))
    assert list(found) == list(expected)
    for key, value in expected.items():
        same = pytest.approx(value, rel=1e-7) if isinstance(value, float) else value
        assert found[key] == same, key


def test_the_numbers_are_those_of_the_files_and_of_scipy() -> None:
    """Derived here from the result files alone, by other code than the product's."""
    contrast = json.loads((EXPECTED / "eight_seeds.json").read_text(encoding="utf-8"))["contrasts"][
        0
    ]
    best = {
        arm: [
            json.loads((FROZEN / f"{arm}-{seed}" / "result.json").read_text(encoding="utf-8"))[
                "best"
            ]["val_psnr"]
            for seed in range(8)
        ]
        for arm in ("plain", "spatial")
    }
    differences = np.subtract(best["spatial"], best["plain"])
    assert list(contrast["differences"].values()) == pytest.approx(differences, abs=1e-6)
    assert contrast["mean"] == pytest.approx(differences.mean(), abs=1e-6)
    assert contrast["effect_size"] == pytest.approx(
        differences.mean() / differences.std(ddof=1), rel=1e-6
    )
    flipped = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert contrast["p"] == pytest.approx(flipped.pvalue)
    against = stats.ttest_1samp(
        np.abs(differences.mean()) + differences - differences.mean(), 0.1, alternative="less"
    )
    assert contrast["equivalence_p"] == pytest.approx(against.pvalue, rel=1e-6)


def test_the_page_of_pictures_shows_the_saved_images() -> None:
    names = ("plain-0", "spatial-0", "dropout-0")
    page = draw_arms(compare([FROZEN / name for name in names]).arms)
    assert page is not None
    forms = [*((names[0], form) for form in ("degraded", "classical"))]
    forms += [(name, "restored") for name in names] + [(names[0], "clean")]
    assert page.width == 2 * MARGIN + len(forms) * CELL_SIDE + (len(forms) - 1) * GAP
    pixels = np.asarray(page).astype(int)
    top = page.height - FOOT_HEIGHT - CELL_SIDE - CAPTION_HEIGHT - GAP
    for column, (name, form) in enumerate(forms):
        (path,) = (FROZEN / name / "images").glob(f"validation-*-{form}.png")
        with Image.open(path) as opened:
            image = np.asarray(opened.convert("RGB")).astype(int)
        scale = CELL_SIDE / len(image)
        left = MARGIN + column * (CELL_SIDE + GAP)
        for row, place in ((10, 20), (32, 32), (50, 11)):
            y, x = (int((index + 0.5) * scale) for index in (row, place))
            assert np.abs(pixels[top + y, left + x] - image[row, place]).max() <= 1, form


def test_the_frozen_runs_are_small_and_tell_nothing_of_where_they_were_made() -> None:
    files = [path for path in FROZEN.rglob("*") if path.is_file()]
    assert len(list(FROZEN.iterdir())) == 20
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
    for path in files:
        if path.suffix != ".png":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"(?:^|[\s\"'=])/\w+", text, re.MULTILINE), path
            assert '"git": {' not in text


def _flatten(value: Any, key: str = "") -> dict[str, Any]:
    """Every number and word of nested JSON, by the keys that lead to it."""
    if isinstance(value, list):
        value = {str(index): item for index, item in enumerate(value)}
    if not isinstance(value, dict):
        return {key: value}
    flat: dict[str, Any] = {}
    for name, item in value.items():
        flat |= _flatten(item, f"{key}.{name}")
    return flat
