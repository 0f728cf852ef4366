import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dropstudy.cli.app import app
from dropstudy.errors import ConfigError
from dropstudy.studies.directory import StudyDirectory
from dropstudy.studies.plan import Plan
from tests.cli.commands import dropstudy
from tests.studies.finished import finish_runs
from tests.studies.makers import STUDY, plan_study

CLAIMS = """\
claims:
  - say: spatial dropout restores better
    metric: val_psnr
    arm: spatial
    against: none
    difference: {above: 0.1}
  - say: it copies its input
    metric: val_copy_ratio
    arm: none
    value: {above: 0.9}
"""
PSNRS = [25.0, 25.5, 24.5]


def begin(folder: Path, *, claims: str = CLAIMS) -> tuple[StudyDirectory, Plan]:
    """A study of three seeds with its claims beside it."""
    (folder / "study.claims.yaml").write_text(claims, encoding="utf-8")
    return plan_study(folder, STUDY.replace("seeds: 2", "seeds: 3"))


def finish(folder: Path, gains: list[float], *, copy_ratio: float = 0.5) -> None:
    """Both arms' runs, of as many seeds as there are gains; copies in exactly one number."""
    directory, plan = begin(folder)
    spatial = [psnr + gain for psnr, gain in zip(PSNRS, gains, strict=False)]
    finish_runs(
        directory,
        plan,
        {"none": PSNRS[: len(gains)], "spatial": spatial},
        copy_ratios={"none": copy_ratio},
    )


def check(
    capsys: pytest.CaptureFixture[str], folder: Path, *options: str | Path
) -> tuple[int, str]:
    """What the command exits with, and what it prints."""
    words = ("study", "check", folder / "study.yaml", *options)
    capsys.readouterr()
    code = app([*map(str, words), "--studies-dir", str(folder / "studies")], standalone_mode=False)
    return code or 0, capsys.readouterr().out


def test_claims_that_are_all_confirmed_exit_with_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finish(tmp_path, [1.0, 1.01, 0.99], copy_ratio=0.95)
    code, text = check(capsys, tmp_path, "--strict")
    assert code == 0
    assert text.splitlines() == [
        "✓ confirmed  spatial dropout restores better",
        "             val_psnr of spatial − none above 0.1 dB",
        "             found 1.000 dB (0.964 to 1.036), 3 seeds",
        "✓ confirmed  it copies its input",
        "             val_copy_ratio of none above 0.9",
        "             found 0.950, 3 seeds",
        "",
        "2 claims: 2 confirmed; level 0.05 over all",
    ]


def test_a_claim_that_is_refuted_exits_with_1_and_is_a_failure_in_junit(tmp_path: Path) -> None:
    finish(tmp_path, [1.0, 1.01, 0.99])
    file = tmp_path / "claims.xml"
    words = ("study", "check", tmp_path / "study.yaml", "--junit", file)
    done = dropstudy(*words, "--studies-dir", tmp_path / "studies")
    assert (done.returncode, done.stderr) == (1, "")
    assert "✗ refuted    it copies its input" in done.stdout
    assert "2 claims: 1 confirmed, 1 refuted; level 0.05" in done.stdout
    suite = ElementTree.parse(file).getroot()[0]  # noqa: S314 - our own
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("trial", "2", "1")


def test_a_claim_that_is_undecided_fails_where_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finish(tmp_path, [1.0, 1.01], copy_ratio=0.95)
    code, text = check(capsys, tmp_path)
    assert code == 0
    assert "? undecided  spatial dropout restores better" in text
    assert "             4 of 6 runs are finished" in text
    assert check(capsys, tmp_path, "--strict")[0] == 1


def test_the_outcomes_are_told_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finish(tmp_path, [1.0, 1.01, 0.99])
    code, text = check(capsys, tmp_path, "--json")
    first, second = json.loads(text)
    assert (first["state"], first["n"], first["unit"]) == ("confirmed", 3, "dB")
    assert first["low"] < first["estimate"] < first["high"]
    assert (second["state"], second["level"]) == ("refuted", 0.025)
    assert code == 1


def test_a_study_of_which_nothing_is_claimed_is_told_where_claims_would_lie(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_study(tmp_path)
    with pytest.raises(ConfigError, match=r"study\.claims\.yaml: nothing is claimed of this study"):
        check(capsys, tmp_path)


def test_claims_may_lie_elsewhere_and_their_problems_are_located(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(tmp_path)
    other = tmp_path / "other.yaml"
    other.write_text(CLAIMS.replace("arm: spatial", "arm: spacial"), encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"other\.yaml:4: claims\[0\]\.arm: the study has no arm 'spacial'"
    ):
        check(capsys, tmp_path, "--claims", other)


def test_what_an_author_wrote_is_shown_as_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(tmp_path, claims=CLAIMS.replace("it copies its input", '"[red]it\\e[2J copies"'))
    _, text = check(capsys, tmp_path)
    assert "? undecided  [red]it\\x1b[2J copies" in text
