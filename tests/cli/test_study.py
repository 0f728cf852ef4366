from pathlib import Path

import pytest

from dropstudy.runs.records import RunResult
from tests.cli.commands import dropstudy
from tests.studies.makers import STUDY, leave_run, make_study, plan_study

RATES = STUDY.replace("  none: {}\n", "  plain: {dropout.skip: {kind: dropout, rate: 0.1}}\n")


def test_a_dry_run_shows_what_would_be_trained_and_makes_nothing(tmp_path: Path) -> None:
    file = make_study(tmp_path, f"{RATES}axes: {{dropout.skip.rate: [0, 0.1]}}\n")
    done = dropstudy("study", "run", file, "--dry-run", "--studies-dir", tmp_path / "studies")

    assert (done.returncode, done.stderr) == (0, "")
    assert "Does it matter where dropout stands?" in done.stdout
    assert "plain-0 is the same model as spatial-0" in done.stdout
    assert "6 runs: 6 waiting" in done.stdout
    assert not (tmp_path / "studies").exists()


WRONG_OPTIONS = {
    ("--jobs", "0"): "--jobs: got 0; give a whole number from 1 up, or auto",
    ("--jobs", "many"): "--jobs: got many; give a whole number from 1 up, or auto",
    ("--cpus", "2"): "--cpus: --executor local has no such option",
    ("--executor", "ray", "--jobs", "2"): "--jobs: --executor ray has no such option",
}


@pytest.mark.parametrize("options", WRONG_OPTIONS, ids=" ".join)
def test_options_that_mean_nothing_are_refused(tmp_path: Path, options: tuple[str, ...]) -> None:
    file = make_study(tmp_path)
    done = dropstudy("study", "run", file, *options, "--studies-dir", tmp_path / "studies")

    assert (done.returncode, done.stdout) == (2, "")
    assert WRONG_OPTIONS[options] in done.stderr
    assert not (tmp_path / "studies").exists()


def test_a_study_that_only_times_tells_its_costs_and_is_not_timed_again(tmp_path: Path) -> None:
    file = make_study(
        tmp_path, STUDY.replace("seeds: 2", "timing: {repeats: 2, steps: 2, warmup: 1}")
    )
    words = ("--studies-dir", tmp_path / "studies")
    done = dropstudy("study", "run", file, *words)

    assert (done.returncode, done.stderr) == (0, "")
    assert "timing the arms, 12 of 12" in done.stdout
    assert "noise floor: none against itself" in done.stdout
    status = dropstudy("study", "status", file, *words)
    assert status.stdout.splitlines()[-1] == done.stdout.splitlines()[-1]
    again = dropstudy("study", "run", file, "--resume", *words)
    assert (again.returncode, again.stderr) == (0, "")
    assert "timing the arms" not in again.stdout


def test_the_status_is_told_by_the_runs_there_are(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path)
    runs = list(plan.runs())
    leave_run(directory, runs[0], RunResult("finished", monitor="val_loss"))
    leave_run(directory, runs[1], RunResult("failed", "no memory", monitor="val_loss"))
    done = dropstudy(
        "study", "status", tmp_path / "study.yaml", "--studies-dir", tmp_path / "studies"
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "4 runs: 1 finished, 1 failed, 2 waiting"
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["none", "✓", "·"] in rows
    assert ["spatial", "✗", "·"] in rows


def test_what_is_wrong_with_a_study_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    file = make_study(tmp_path, STUDY.replace("kind: spatial", "kind: spacial"))
    done = dropstudy("study", "run", file, "--studies-dir", tmp_path / "studies")

    assert done.returncode == 2
    assert (
        "study.yaml:7: arms.spatial.dropout.skip.kind: got 'spacial', did you mean 'spatial'?"
        in done.stderr
    )
    assert not (tmp_path / "studies").exists()


def test_a_study_that_has_been_begun_with_another_plan_is_refused(tmp_path: Path) -> None:
    file = make_study(
        tmp_path, STUDY.replace("kind: photos, collection: tiny", "kind: folder, path: nowhere")
    )
    (tmp_path / "base.yaml").write_text(
        (tmp_path / "base.yaml")
        .read_text()
        .replace("photos, collection: tiny", "folder, path: nowhere")
    )
    words = ("study", "run", file, "--studies-dir", tmp_path / "studies")
    failed = dropstudy(*words)
    assert failed.returncode == 1
    assert failed.stdout.count("failed      ") == 4
    assert "4 runs: 4 waiting" in failed.stdout

    make_study(tmp_path)
    other = dropstudy(*words, "--resume")
    assert other.returncode == 2
    assert "this study was begun with another plan: " in other.stderr
