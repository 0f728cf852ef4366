import math
from pathlib import Path

import pytest

from dropstudy.analysis.measures import MEASURES, find_measure
from dropstudy.errors import ConfigError
from tests.analysis.runs import make_run


def test_a_validation_measure_is_of_the_best_epoch_and_a_test_measure_of_the_result(
    tmp_path: Path,
) -> None:
    run = make_run(tmp_path / "run-0", psnrs=[20.0, 28.0, 24.0], test_psnr=26.0)
    found = {key: measure.read(run) for key, measure in MEASURES.items()}
    assert found == {
        "val_psnr": 28.0,
        "val_ssim": 0.7,
        "test_psnr": 26.0,
        "test_ssim": 0.65,
        "val_copy_ratio": None,
    }


def test_a_run_without_epochs_or_test_images_has_no_value(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run-0", psnrs=[], test_psnr=None)
    assert [measure.read(run) for measure in MEASURES.values()] == [None] * len(MEASURES)


def test_a_run_that_goes_on_has_a_best_epoch_so_far(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run-0", psnrs=[20.0, 28.0, 24.0], status=None)
    assert find_measure("val_psnr").read(run) == 28.0
    assert find_measure("test_psnr").read(run) is None


@pytest.mark.parametrize(
    ("key", "value", "signed", "written"),
    [
        ("val_psnr", 25.126, False, "25.13 dB"),
        ("val_psnr", 0.126, True, "+0.13 dB"),
        ("test_psnr", -0.126, True, "−0.13 dB"),
        ("val_ssim", 0.71264, False, "0.7126"),
        ("test_ssim", -0.00126, True, "−0.0013"),
        ("val_copy_ratio", -0.0314, True, "−0.031"),
        ("val_psnr", None, False, "–"),
        ("val_psnr", math.nan, True, "–"),
    ],
)
def test_values_are_written_with_unit_sign_and_a_dash_for_nothing(
    key: str, value: float | None, signed: bool, written: str
) -> None:
    assert find_measure(key).write(value, signed=signed) == written


def test_a_measure_knows_which_images_it_is_a_mean_over() -> None:
    for key, measure in MEASURES.items():
        part, _, score = key.partition("_")
        assert measure.part == {"val": "validation", "test": "test"}[part]
        assert measure.score == ("" if score == "copy_ratio" else score)
        assert measure.margin == {"psnr": 0.1, "ssim": 0.005, "copy_ratio": 0.02}[score]
        assert measure.higher_is_better == (score != "copy_ratio")


def test_an_unknown_measure_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="metric: got accuracy; give one of val_psnr, val_ssim"):
        find_measure("accuracy")


def test_without_restore_best_a_measure_is_of_the_last_epoch_as_the_images_are(
    tmp_path: Path,
) -> None:
    run = make_run(
        tmp_path / "plain-0",
        psnrs=(24.0, 26.0, 25.0),
        sections={"training": {"restore_best": False}},
    )
    assert MEASURES["val_psnr"].read(run) == 25.0
    assert run.best is not None
    assert run.best.val_psnr == 26.0
