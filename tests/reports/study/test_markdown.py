import re
from dataclasses import replace
from pathlib import Path

import pytest

from dropstudy.analysis.study_account import ArmAccount, Failure, StudyAccount
from dropstudy.errors import ConfigError
from dropstudy.reports.study.markdown import write_study_markdown
from dropstudy.studies.accounts import account_for
from dropstudy.studies.directory import settle_plan
from tests.studies.finished import finish_runs
from tests.studies.makers import STUDY, plan_study

PSNRS = [25.0, 25.4, 24.8, 25.1, 25.2, 24.9]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> StudyAccount:
    folder = tmp_path_factory.mktemp("study")
    directory, plan = plan_study(folder, STUDY.replace("seeds: 2", "seeds: 6"))
    settle_plan(directory, plan)
    gains = [0.5, 0.52, 0.48, 0.5, 0.51, 0.49]
    spatial = [psnr + gain for psnr, gain in zip(PSNRS, gains, strict=True)]
    finish_runs(directory, plan, {"none": PSNRS, "spatial": spatial})
    return account_for(directory, plan, file="configs/trial.yaml")


def report(account: StudyAccount, folder: Path, *, images: int = 0) -> str:
    write_study_markdown(account, folder, images=images, force=False)
    return (folder / "report.md").read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_answer_comes_first(account: StudyAccount, tmp_path: Path) -> None:
    text = report(account, tmp_path)
    head = text.split("\n## ", 1)[0]
    assert "# trial\n" in head
    assert "**Question.** Does it matter where dropout stands?" in head
    assert "**Verdict.** By validation PSNR over 6 seeds" in head
    assert "spatial restores better than none by 0.50 dB" in head


def test_the_table_of_arms_has_the_means_and_the_differences(
    account: StudyAccount, tmp_path: Path
) -> None:
    arms = section(report(account, tmp_path), "The arms")
    row = next(line for line in arms.splitlines() if line.startswith("| spatial | 6 "))
    assert row.count("|") == 9
    assert "25.57 dB (" in row  # mean of 25.0667 and 0.5
    assert "+0.50 dB (+0.49 to +0.51)" in row  # t: 0.5 ± 2.571 × 0.01414 / √6 = ± 0.0148
    assert "better | 0.031" in row


def test_every_figure_has_its_file_and_its_caption(account: StudyAccount, tmp_path: Path) -> None:
    text = report(account, tmp_path)
    named = re.findall(r"!\[[^\]]*\]\((figures/[^)]+)\)", text)
    assert named
    assert sorted(named) == sorted(
        path.relative_to(tmp_path).as_posix() for path in (tmp_path / "figures").iterdir()
    )


def test_a_figure_is_told_in_words_and_so_is_one_that_is_missing(
    account: StudyAccount, tmp_path: Path
) -> None:
    text = report(account, tmp_path)
    assert "![Line chart, validation PSNR: none from 25.07" in text
    directory, plan = plan_study(tmp_path, STUDY.replace("seeds: 2", "seeds: 6"))
    psnrs = {"none": PSNRS, "spatial": PSNRS}
    finish_runs(directory, plan, psnrs, environment={"runs_beside": 1})
    text = report(account_for(directory, plan), tmp_path / "out")
    assert "Quality is not drawn against cost: runs were trained side by side" in text


def test_the_same_runs_give_the_same_bytes(account: StudyAccount, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        report(account, tmp_path / folder)
    contents = [
        {path.name: path.read_bytes() for path in sorted((tmp_path / folder).rglob("*.*"))}
        for folder in ("a", "b")
    ]
    assert contents[0] == contents[1]


def test_what_was_found_is_the_authors_and_stays(account: StudyAccount, tmp_path: Path) -> None:
    assert "put it into `findings.md`" in section(report(account, tmp_path), "What was found")
    (tmp_path / "findings.md").write_text("It **helps**.\n\n- by half a dB\n", encoding="utf-8")
    found = section(report(account, tmp_path), "What was found")
    assert found.strip() == "It **helps**.\n\n- by half a dB"
    assert (tmp_path / "findings.md").exists()


def test_it_says_how_to_do_it_again(account: StudyAccount, tmp_path: Path) -> None:
    text = report(account, tmp_path)
    assert "dropstudy study run configs/trial.yaml\n" in text
    assert account.fingerprint in text
    assert "- processor: a processor\n" in text
    assert "keras 3.15.1" in text


def test_no_path_of_the_machine_is_told(account: StudyAccount, tmp_path: Path) -> None:
    failure = Failure("2026-01-02", "none", 1, "failed", f"{tmp_path}/runs/x: no memory")
    text = report(replace(account, failures=(failure,)), tmp_path)
    assert "…/x: no memory" in section(text, "Failures")
    assert str(tmp_path) not in text


def test_circumstances_that_differ_are_told_and_settings_of_the_plan_are_not(
    tmp_path: Path,
) -> None:
    text = STUDY.replace("{dropout.skip: ", "{architecture.filters: 3, dropout.skip: ")
    directory, plan = plan_study(tmp_path, text)
    finish_runs(directory, plan, {"none": PSNRS[:2]})
    finish_runs(directory, plan, {"spatial": PSNRS[:2]}, environment={"processor": "another"})
    doubts = section(
        report(account_for(directory, plan), tmp_path / "out"), "What else may explain a difference"
    )
    assert "| processor | a processor | another | another speed |" in doubts
    assert "filters" not in doubts


def test_hostile_words_stay_words(account: StudyAccount, tmp_path: Path) -> None:
    hostile = "x | y <img src=x onerror=alert(1)>\n\n# Verdict ![](http://e.vil/a.png)"
    arm = replace(account.arms[1], also=(hostile,), changes=(hostile,))
    text = report(replace(account, question=hostile, arms=(account.arms[0], arm)), tmp_path)
    assert "\n# Verdict" not in text
    assert not re.search(r"(?<!\\)<img", text)
    assert not re.search(r"(?<!\\)\]\(http", text.replace(r"\](", ""))
    row = next(line for line in text.splitlines() if line.startswith("| spatial | x "))
    assert len(re.findall(r"(?<!\\)\|", row)) == 3


def test_a_study_of_which_nothing_is_known_makes_a_report(tmp_path: Path) -> None:
    text = report(_bare(), tmp_path)
    assert "Nothing is trained or timed yet." in text
    assert "- processor" not in text


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_report_is_replaced_by_force_alone(
    account: StudyAccount, tmp_path: Path, force: bool
) -> None:
    own = tmp_path / "report.md"
    own.write_text("my notes")
    if force:
        write_study_markdown(account, tmp_path, images=0, force=True)
        assert "my notes" not in own.read_text(encoding="utf-8")
        report(account, tmp_path)  # a report may be written again
    else:
        with pytest.raises(ConfigError, match="is there already and no report; name another"):
            write_study_markdown(account, tmp_path, images=0, force=False)
        assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


def test_a_file_is_no_folder_to_write_to(account: StudyAccount, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(ConfigError, match="x: is no folder; name another"):
        write_study_markdown(account, tmp_path / "x", images=0, force=True)


def _bare() -> StudyAccount:
    arms = (ArmAccount("none", (), None, planned=0, finished=0, returned_input=0),)
    return StudyAccount("x", "Does it?", "No.", "0" * 64, "", (), (), arms, 0.05, 1, None, None, ())
