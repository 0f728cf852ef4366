import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from dropstudy.analysis.comparison import Comparison, compare
from dropstudy.analysis.table import Table
from dropstudy.analysis.tables import comparison_tables
from tests.analysis.runs import SPATIAL, make_arm, make_image, make_run

PLAIN = [25.0, 25.3, 24.8, 25.1, 25.4, 24.9, 25.2, 25.0]


def _pair(folder: Path, gains: Sequence[float]) -> Comparison:
    runs = make_arm(folder, "plain", PLAIN[: len(gains)])
    changed = [before + gain for before, gain in zip(PLAIN, gains, strict=False)]
    return compare(runs + make_arm(folder, "spatial", changed, dropout=SPATIAL, seconds=15.0))


def _tables(comparison: Comparison) -> dict[str, Table]:
    tables = {table.title: table for table in comparison_tables(comparison)}
    for table in tables.values():
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)
        for cell in (cell for row in table.rows for cell in row):
            assert not re.search(r"None|nan|inf", cell)
    return tables


def _row(table: Table, *start: str) -> dict[str, str]:
    (found,) = (row for row in table.rows if row[: len(start)] == start)
    return dict(zip(table.columns, found, strict=True))


def test_the_answer_comes_first_with_all_that_it_rests_on(tmp_path: Path) -> None:
    comparison = _pair(tmp_path, [0.5, 0.6, 0.4])
    assert comparison_tables(comparison)[0].title == "Against plain"
    row = _row(_tables(comparison)["Against plain"], "spatial")
    assert row == {
        "arm": "spatial",
        "measure": "validation PSNR",
        "verdict": "inconclusive",
        "difference": "+0.50 dB",
        "95% interval": "+0.25 to +0.75 dB",  # 0.5 ± 4.303 × 0.1 / √3
        "p": "0.250",
        "p equal": "0.990",  # of t = 0.4 / (0.1 / √3) with 2 degrees of freedom
        "d_z": "+5.0",
        "won": "100%",
        "seeds": "3",
        "more": str(comparison.contrasts[0].judgement.seeds_needed),
    }


def test_one_seed_has_a_difference_and_no_p(tmp_path: Path) -> None:
    row = _row(_tables(_pair(tmp_path, [0.5]))["Against plain"], "spatial")
    assert row["difference"] == "+0.50 dB"
    assert not row.keys() & {"95% interval", "p", "p equal", "d_z", "won"}  # nothing to say
    assert (row["seeds"], row["more"]) == ("1", "5")


def test_other_measures_stand_below_without_a_verdict(tmp_path: Path) -> None:
    table = _tables(_pair(tmp_path, [0.5, 0.6, 0.4]))["Against plain"]
    assert [row[1] for row in table.rows] == [
        "validation PSNR",
        "validation SSIM",
        "test PSNR",
        "test SSIM",
    ]
    assert _row(table, "", "validation SSIM")["difference"] == "+0.0125"
    assert all(row[2] == "" for row in table.rows[1:])


def test_an_obstacle_stands_where_the_verdict_would(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "plain-0"),
        make_run(tmp_path / "spatial-0", dropout=SPATIAL, environment={"data_fingerprint": "x"}),
    ]
    row = _row(_tables(compare(runs))["Against plain"], "spatial")
    assert row["verdict"] == "none: the runs saw different images"


def test_what_differs_has_a_column_for_each_arm(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "plain-0"),
        make_run(tmp_path / "spatial-0", dropout=SPATIAL, environment={"cores": 64}),
    ]
    table = _tables(compare(runs))["What differs"]
    assert table.columns[:3] == ("setting", "plain", "spatial")
    assert table.rows[0] == ("dropout.skip.kind", "none", "spatial", "")
    assert table.rows[-1] == ("cores", "2", "64", "another speed")


def test_quality_stands_beside_what_needs_no_network(tmp_path: Path) -> None:
    table = _tables(_pair(tmp_path, [0.5, 0.7]))["Quality"]
    assert [row[0] for row in table.rows] == [
        "identity: the degraded image",
        "classical: cubic",
        "plain-0",
        "plain-1",
        "plain: mean ± spread",
        "spatial-0",
        "spatial-1",
        "spatial: mean ± spread",
    ]
    assert _row(table, "classical: cubic")["PSNR dB"] == "23.00"
    run = _row(table, "spatial-1")
    assert (run["seed"], run["epoch"]) == ("1", "3")
    assert (run["PSNR dB"], run["test PSNR"], run["gap dB"]) == ("26.00", "25.00", "+1.00")
    # 25.5 and 26.0: a standard deviation of 0.5 / √2
    assert _row(table, "spatial: mean ± spread")["PSNR dB"] == "25.75 ± 0.35"


def test_what_needs_no_network_is_told_though_the_first_run_goes_on(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "plain-0", status=None),
        make_run(tmp_path / "spatial-0", dropout=SPATIAL),
    ]
    assert _row(_tables(compare(runs))["Quality"], "classical: cubic")["PSNR dB"] == "23.00"


def test_a_number_that_is_none_is_a_dash_and_not_in_a_mean(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "a-0", test_psnr=float("nan")),
        make_run(tmp_path / "a-1", seed=1, test_psnr=None),
        make_run(tmp_path / "a-2", seed=2, test_psnr=25.0),
    ]
    table = _tables(compare(runs))["Quality"]
    assert _row(table, "a-0")["test PSNR"] == _row(table, "a-1")["test PSNR"] == "–"
    assert _row(table, "a: mean ± spread")["test PSNR"] == "25.00"


def test_images_are_listed_from_the_largest_gain_to_the_largest_loss(tmp_path: Path) -> None:
    runs = [
        make_run(
            tmp_path / f"{name}-0",
            dropout=dropout,
            images=[make_image("cat", 25.0), make_image("dog", 26.0 + gain)],
        )
        for name, dropout, gain in (("plain", None, 0.0), ("spatial", SPATIAL, 0.5))
    ]
    table = _tables(compare(runs))["The same images: spatial against plain"]
    assert table.rows == (
        ("dog", "validation", "26.00", "26.50", "+0.50"),
        ("cat", "validation", "25.00", "25.00", "+0.00"),
    )
    assert "Over the validation images: mean +0.25 dB" in table.note
    assert "better on 75% of 2" in table.note  # the tie counts half


def test_runs_without_scores_of_images_have_no_such_table(tmp_path: Path) -> None:
    assert not [title for title in _tables(_pair(tmp_path, [0.5])) if "images" in title]


def test_progress_names_what_it_is_measured_by(tmp_path: Path) -> None:
    table = _tables(_pair(tmp_path, [0.5]))["How fast they got there"]
    assert table.columns == (
        "run",
        "after 3 epochs",
        "after 30 s",
        "epochs to 25.00 dB",
        "s to 25.00 dB",
    )
    assert table.rows[1] == ("spatial-0", "25.50", "24.50", "3", "45.0")


def test_a_single_epoch_is_one(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / f"{name}-0", dropout=dropout, psnrs=[25.0])
        for name, dropout in (("plain", None), ("spatial", SPATIAL))
    ]
    assert _tables(compare(runs))["How fast they got there"].columns[1] == "after 1 epoch"


def test_a_target_out_of_reach_is_said_to_be(tmp_path: Path) -> None:
    runs = make_arm(tmp_path, "plain", [25.0, 26.0])
    table = _tables(compare(runs, target=25.5))["How fast they got there"]
    assert table.rows[0][3:] == ("never", "never")
    assert table.rows[1][3] == "3"


def test_cost_has_the_ratio_once_for_an_arm(tmp_path: Path) -> None:
    table = _tables(_pair(tmp_path, [0.5, 0.6]))["Cost"]
    assert [row[2] for row in table.rows] == ["", "", "1.50× (1.50 to 1.50)", ""]
    row = _row(table, "spatial-0")
    assert row["s per epoch"] == "15.00 ± 0.00"
    assert row["first step s"] == "6.50"
    assert row["step ms"] == "1500.0"
    assert row["images/s"] == "10.7"
    assert row["peak MiB"] == "3"
    assert row["draws/step"] == "1,200"
    assert "drift" not in row  # too short to tell


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ([9.0, 10.0, 10.0, 11.0, 12.0, 14.0, 15.0], "+45%, +1 s an epoch"),
        ([9.0, 10.0, 10.2, 9.8, 10.1, 9.9, 10.0], "−1%, −0.025 s an epoch (chance)"),
    ],
)
def test_drift_is_told_from_chance(tmp_path: Path, seconds: list[float], told: str) -> None:
    runs = [make_run(tmp_path / "plain-0", psnrs=[25.0] * 7, seconds=seconds)]
    assert _tables(compare(runs))["Cost"].rows[0][-1] == told


def test_a_run_alone_has_tables_of_its_own(tmp_path: Path) -> None:
    runs = make_arm(tmp_path, "plain", [25.0])
    assert list(_tables(compare(runs))) == ["Quality", "Cost"]


def test_a_legend_is_of_the_columns_that_are_shown(tmp_path: Path) -> None:
    table = Table(
        "t", ("run", "gap"), (("a", "1"),), remark="All.", legend={"gap": "why", "x": "y"}
    )
    assert table.note.startswith("All. gap: why")
    assert "x: y" not in table.note
    assert table.note_on(["run"]) == "All."
    for made in comparison_tables(_pair(tmp_path, [0.5, 0.6])):
        assert not [name for name in made.columns if made.note.count(f" {name}: ") > 1]
        assert "drift: " not in made.note
