import json
import math
from pathlib import Path
from typing import Any

from dropstudy.analysis.comparison import Comparison, compare
from dropstudy.analysis.plain import comparison_as_dict, run_as_row
from dropstudy.runs.directory import to_json
from tests.analysis.runs import SPATIAL, make_arm, make_image, make_run


def _as_json(comparison: Comparison) -> dict[str, Any]:
    """As it comes out of a file again."""
    read: dict[str, Any] = json.loads(to_json(comparison_as_dict(comparison)))
    return read


def test_everything_that_was_found_survives_json(tmp_path: Path) -> None:
    runs = make_arm(tmp_path, "plain", [25.0, 25.3, 24.8])
    runs += make_arm(tmp_path, "spatial", [25.5, 25.9, 25.2], dropout=SPATIAL, seconds=15.0)
    content = _as_json(compare(runs, margin=0.2))
    assert (content["measure"], content["margin"], content["level"]) == ("val_psnr", 0.2, 0.05)
    assert content["baseline"] == "plain"
    assert content["arms"][1] == {
        "label": "spatial",
        "seeds": [0, 1, 2],
        "runs": ["spatial-0", "spatial-1", "spatial-2"],
    }
    (contrast,) = content["contrasts"]
    assert contrast["verdict"] == "inconclusive"
    assert contrast["obstacle"] is None
    assert math.isclose(contrast["mean"], 0.5)
    assert math.isclose(contrast["differences"]["1"], 0.6)
    assert contrast["p"] == 0.25
    assert contrast["interval"]["method"] == "t"
    assert math.isclose(contrast["cost"]["ratio"], 1.5)
    assert contrast["cost"]["over"] == "seeds"
    assert {item["key"]: item["confounds"] for item in content["differences"]} == {
        "dropout.skip.kind": None,
        "dropout.skip.rate": None,
    }
    assert content["differences"][0]["values"] == {"plain": "none", "spatial": "spatial"}


def test_what_is_not_known_is_null(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "plain-0", psnrs=[25.0], test_psnr=None),
        make_run(tmp_path / "spatial-0", dropout=SPATIAL, psnrs=[25.5], status=None),
    ]
    content = _as_json(compare(runs))
    (contrast,) = content["contrasts"]
    assert contrast["interval"] is contrast["images"] is contrast["cost"] is None
    assert contrast["interval_over_seeds_and_images"] is contrast["effect_size"] is None
    first, second = content["runs"]
    assert first["test_psnr"] is first["epoch_seconds"] is first["drift_slope"] is None
    assert second["identity_val_psnr"] is second["draws_per_step"] is None


def test_an_obstacle_is_told_and_leaves_no_verdict(tmp_path: Path) -> None:
    runs = make_arm(tmp_path, "plain", [25.0] * 6)
    runs += [
        make_run(
            tmp_path / f"spatial-{seed}",
            seed=seed,
            dropout=SPATIAL,
            psnrs=[27 + seed / 10],
            environment={"data_fingerprint": "other"},
        )
        for seed in range(6)
    ]
    (contrast,) = _as_json(compare(runs))["contrasts"]
    assert contrast["obstacle"] == "the runs saw different images"
    assert contrast["verdict"] == "inconclusive"


def test_images_are_listed_with_both_scores(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "plain-0", images=[make_image("cat", 25.0)]),
        make_run(tmp_path / "spatial-0", dropout=SPATIAL, images=[make_image("cat", 25.5)]),
    ]
    images = _as_json(compare(runs))["contrasts"][0]["images"]
    assert (images["score"], images["mean"]) == ("psnr", 0.5)
    assert images["images"] == [
        {"part": "validation", "image": "cat", "before": 25.0, "after": 25.5}
    ]


def test_every_run_has_the_same_columns_of_plain_values(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "plain-0"),
        make_run(tmp_path / "short-0", dropout=SPATIAL, psnrs=[25.0], status="interrupted"),
    ]
    rows = [run_as_row(compared) for compared in compare(runs).runs]
    assert list(rows[0]) == list(rows[1])
    for row in rows:
        assert all(isinstance(value, str | int | float | None) for value in row.values())
    assert (rows[0]["run"], rows[0]["arm"], rows[0]["seed"]) == ("plain-0", "plain", 0)
    assert (rows[0]["best_val_psnr"], rows[0]["epoch_seconds"]) == (26.0, 10.0)
    assert (rows[1]["status"], rows[1]["epochs"]) == ("interrupted", 1)


def test_a_run_tells_drift_in_columns_of_its_own(tmp_path: Path) -> None:
    times = [9.0, 10.0, 10.0, 11.0, 12.0, 14.0, 15.0]
    run = make_run(tmp_path / "plain-0", psnrs=[25.0] * 7, seconds=times)
    (row,) = (run_as_row(compared) for compared in compare([run]).runs)
    assert math.isclose(row["drift_last_to_first_third"], 1.45)
    assert row["drift_slope"] > 0
    assert "drift" not in row
