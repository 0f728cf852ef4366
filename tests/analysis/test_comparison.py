from pathlib import Path
from typing import Any

import pytest

import dropstudy
from dropstudy.analysis.comparison import compare
from dropstudy.analysis.judgement import judge
from dropstudy.errors import ConfigError, RunDirectoryError
from tests.analysis.runs import SPATIAL, make_arm, make_run

PLAIN = [25.0, 25.3, 24.8, 25.1, 25.4, 24.9]
GAINS = [0.5, 0.6, 0.4, 0.55, 0.45, 0.3]


def test_from_directories_to_the_verdict_of_the_judge(tmp_path: Path) -> None:
    """Six seeds that all gain: p is 2 / 2^6."""
    make_arm(tmp_path, "plain", PLAIN)
    changed = [before + gain for before, gain in zip(PLAIN, GAINS, strict=True)]
    make_arm(tmp_path, "spatial", changed, dropout=SPATIAL)
    compared = compare(sorted(tmp_path.iterdir()))
    (contrast,) = compared.contrasts
    (judged,) = judge([contrast.differences], margin=0.1, level=0.05)
    assert contrast.judgement == judged
    assert contrast.verdict == judged.verdict == "better"
    assert contrast.judgement.p == pytest.approx(2 / 64)
    assert contrast.differences == pytest.approx(GAINS)
    assert compared.baseline.label == "plain"
    assert not compared.confounds


def test_a_run_against_itself_is_one_run(tmp_path: Path) -> None:
    run = make_run(tmp_path / "plain-0")
    link = tmp_path / "link"
    link.symlink_to(run.directory.path)
    compared = compare([run, tmp_path / "plain-0", str(link)])
    assert len(compared.runs) == 1
    assert not compared.contrasts
    assert not compared.differences


def test_runs_of_the_same_settings_do_not_differ(tmp_path: Path) -> None:
    """The A/A comparison: one arm, nothing that could explain anything, no verdict."""
    compared = compare(make_arm(tmp_path, "plain", PLAIN))
    assert len(compared.arms) == 1
    assert not compared.differences
    assert not compared.contrasts


def test_the_baseline_is_the_only_arm_without_dropout_wherever_it_is_given(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "spatial-0", dropout=SPATIAL),
        make_run(tmp_path / "zero-0", dropout={"skip": {"kind": "spatial", "rate": 0.0}}),
        make_run(tmp_path / "dropout-0", dropout={"skip": {"kind": "dropout", "rate": 0.1}}),
    ]
    compared = compare(runs)
    assert [arm.label for arm in compared.arms] == ["zero", "spatial", "dropout"]
    assert [item.run.name for item in compared.runs] == ["zero-0", "spatial-0", "dropout-0"]
    assert [contrast.arm.label for contrast in compared.contrasts] == ["spatial", "dropout"]


@pytest.mark.parametrize("dropouts", [(SPATIAL, {"head": SPATIAL["skip"]}), (None, None)])
def test_else_the_baseline_is_the_first_arm(tmp_path: Path, dropouts: tuple[Any, Any]) -> None:
    runs = [
        make_run(tmp_path / "b-0", dropout=dropouts[0]),
        make_run(tmp_path / "a-0", dropout=dropouts[1], sections={"training": {"batch_size": 8}}),
    ]
    assert compare(runs).baseline.label == "b"


def test_a_baseline_may_be_chosen_by_any_run_of_its_arm(tmp_path: Path) -> None:
    runs = make_arm(tmp_path, "plain", [25.0]) + make_arm(
        tmp_path, "spatial", [25.0, 26.0], dropout=SPATIAL
    )
    for chosen in (runs[2], tmp_path / "spatial-1", str(tmp_path / "spatial-1")):
        compared = compare(runs, baseline=chosen)
        assert compared.baseline.label == "spatial"
        assert [contrast.arm.label for contrast in compared.contrasts] == ["plain"]


def test_a_baseline_that_is_not_compared_is_refused(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "plain-0")]
    other = make_run(tmp_path / "other-0")
    with pytest.raises(ConfigError, match="baseline: other-0 is not among the runs"):
        compare(runs, baseline=other)


def test_a_run_without_an_epoch_is_named(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "plain-0"),
        make_run(tmp_path / "failed-0", psnrs=[], status="failed", result={"error": "no memory"}),
        make_run(tmp_path / "young-0", psnrs=[], status=None),
    ]
    with pytest.raises(RunDirectoryError, match="failed-0, young-0: no finished epoch to compare"):
        compare(runs)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"margin": 0.0}, "margin: got 0; give a number above 0"),
        ({"margin": -1.0}, "margin: got -1; give a number above 0"),
        ({"margin": float("nan")}, "margin: got nan; give a number above 0"),
        ({"level": 1.0}, "level: got 1; give a fraction between 0 and 1"),
        ({"metric": "loss"}, "metric: got loss; give one of val_psnr"),
        ({"group_by": "nothing"}, "group_by: plain-0 has no setting nothing"),
    ],
)
def test_an_option_that_cannot_be_is_refused(
    tmp_path: Path, options: dict[str, Any], text: str
) -> None:
    run = make_run(tmp_path / "plain-0")
    with pytest.raises(ConfigError, match=text):
        compare([run], **options)


def test_no_run_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="nothing to compare; give at least one run"):
        compare([])


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match=r"not a run directory: it has no config\.yaml"):
        compare([tmp_path])


@pytest.mark.parametrize("status", ["interrupted", "failed", None])
def test_a_run_that_ended_early_is_compared_by_what_it_has(tmp_path: Path, status: Any) -> None:
    plain = make_run(tmp_path / "plain-0")
    spatial = make_run(
        tmp_path / "spatial-0", dropout=SPATIAL, psnrs=[24.0, 25.0], status=status, test_psnr=None
    )
    compared = compare([plain, spatial])
    assert compared.contrasts[0].differences == (-1.0,)
    assert compared.yardstick.epochs == 2
    assert {"status", "epochs finished"} <= {item.key for item in compared.confounds}


def test_a_run_of_an_older_version_is_compared(tmp_path: Path) -> None:
    """It has no scores of images, no config.json, no number of steps or draws, no threads."""
    plain = make_run(tmp_path / "plain-0")
    old = make_run(tmp_path / "old-0", dropout=SPATIAL, environment={"runtime": None})
    old.directory.settings.unlink()
    content = old.directory.result.read_text(encoding="utf-8")
    for key in ("steps_per_epoch", "draws_per_step", "resumes"):
        content = content.replace(f'"{key}"', f'"{key} of old"')
    old.directory.result.write_text(content, encoding="utf-8")
    compared = compare([plain, old.directory.path])
    assert compared.contrasts[0].differences == (0.0,)
    assert compared.contrasts[0].images is None
    assert compared.runs[1].cost.draws_per_step is None
    found = {item.key: item.values for item in compared.confounds}
    assert found["steps per epoch"] == ("10", "unknown")
    assert found["threads"] == ("2", "unknown")


def test_grouped_runs_are_compared_for_what_they_are_grouped_by(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "a-0"),
        make_run(tmp_path / "b-0", sections={"training": {"batch_size": 8}}),
    ]
    compared = compare(runs, group_by="training.batch_size")
    assert compared.factor == "training.batch_size"
    assert not compared.confounds
    assert [item.key for item in compare(runs).confounds] == ["training.batch_size"]


def test_margin_and_target_are_the_users_where_given(tmp_path: Path) -> None:
    run = make_run(tmp_path / "plain-0")
    assert compare([run]).margin == 0.1
    assert compare([run], metric="test_ssim").margin == 0.005
    assert compare([run], margin=0.3).margin == 0.3
    assert compare([run], target=30.0).runs[0].progress.epochs_to_psnr is None


def test_the_function_is_the_packages_own(tmp_path: Path) -> None:
    make_run(tmp_path / "plain-0")
    assert dropstudy.compare is compare
    assert dropstudy.compare([dropstudy.load_run(tmp_path / "plain-0")]).runs[0].run.seed == 0


def test_a_setting_that_all_runs_share_makes_no_comparison(tmp_path: Path) -> None:
    runs = make_arm(tmp_path, "plain", [25.0]) + make_arm(
        tmp_path, "spatial", [25.0], dropout=SPATIAL
    )
    with pytest.raises(ConfigError, match=r"all runs agree in architecture\.depth"):
        compare(runs, group_by="architecture.depth")


def test_lost_epochs_are_named(tmp_path: Path) -> None:
    run = make_run(tmp_path / "plain-0")
    run.directory.epochs.unlink()
    with pytest.raises(RunDirectoryError, match=r"epochs\.jsonl: missing; plain-0 had epochs"):
        compare([run.directory.path])
