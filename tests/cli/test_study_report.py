import re
from pathlib import Path

import pytest

from dropstudy.cli.app import app
from dropstudy.errors import ConfigError, StudyError
from tests.studies.finished import finish_runs
from tests.studies.makers import plan_study

CLAIMS = """\
claims:
  - {say: it helps, metric: val_psnr, arm: spatial, against: none, difference: {above: 0.1}}
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The file of a study of two arms and two seeds, all of whose runs are finished."""
    directory, plan = plan_study(tmp_path)
    finish_runs(directory, plan, {"none": [25.0, 25.2], "spatial": [26.0, 26.4]})
    return tmp_path / "study.yaml"


def report(file: Path, *options: str | Path) -> None:
    words = ["study", "report", str(file), "--studies-dir", str(file.parent / "studies")]
    app([*words, *map(str, options)], standalone_mode=False)


def test_a_folder_gets_markdown_and_what_was_written_is_told(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report(study, "-o", tmp_path / "out")
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        rf"wrote {re.escape(str(tmp_path / 'out' / 'report.md'))} \([\d.]+ kB\)", lines[0]
    )
    written = sorted(path for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert len(lines) == len(written) > 1


def test_a_markdown_file_is_called_as_it_is_told(study: Path, tmp_path: Path) -> None:
    report(study, "-o", tmp_path / "trial.md")
    assert "# trial" in (tmp_path / "trial.md").read_text(encoding="utf-8")
    assert (tmp_path / "figures").is_dir()


def test_without_a_path_it_is_a_page(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    report(study)
    assert "trial" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["page.html", "page"])
def test_html_goes_to_the_file_that_is_named(study: Path, tmp_path: Path, name: str) -> None:
    report(study, "-o", tmp_path / name, *(() if name.endswith("html") else ("--format", "html")))
    assert (
        (tmp_path / name).read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html")
    )


def test_claims_beside_the_study_are_judged(study: Path, tmp_path: Path) -> None:
    report(study, "-o", tmp_path / "a")
    study.with_name("study.claims.yaml").write_text(CLAIMS, encoding="utf-8")
    report(study, "-o", tmp_path / "b")
    other = tmp_path / "other.yaml"
    other.write_text(CLAIMS.replace("it helps", "it does help"), encoding="utf-8")
    report(study, "-o", tmp_path / "c", "--claims", other)
    texts = [(tmp_path / name / "report.md").read_text(encoding="utf-8") for name in "abc"]
    assert ["## Claims" in text for text in texts] == [False, True, True]
    assert "| it helps |" in texts[1]
    assert "| it does help |" in texts[2]


def test_claims_that_are_named_must_be_there(study: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        report(study, "-o", tmp_path / "out", "--claims", tmp_path / "none.yaml")


def test_commands_name_the_study_from_here(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    for folder, name in (
        (tmp_path.parent, f"{tmp_path.name}/study.yaml"),
        (tmp_path / "elsewhere", "study.yaml"),
    ):
        monkeypatch.chdir(folder)
        report(study, "-o", tmp_path / "out")
        text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
        assert f"dropstudy study run {name}\n" in text
        assert str(tmp_path) not in text


def test_a_study_of_which_nothing_is_finished_says_what_to_run(tmp_path: Path) -> None:
    plan_study(tmp_path)
    words = (
        r"no run is finished and nothing is timed.*dropstudy study run .*study\.yaml --studies-dir"
    )
    with pytest.raises(StudyError, match=words):
        report(tmp_path / "study.yaml", "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_no_report_is_kept_unless_forced(study: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("mine")
    with pytest.raises(ConfigError, match="no report"):
        report(study, "-o", tmp_path / "notes.md")
    report(study, "-o", tmp_path / "notes.md", "--force")
    assert "mine" not in (tmp_path / "notes.md").read_text(encoding="utf-8")
