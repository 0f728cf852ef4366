from pathlib import Path

import pytest

from dropstudy.errors import ConfigError
from dropstudy.reports.study.page import render_study, write_study_page
from tests.reports.study.accounts import make_account
from tests.studies.makers import STUDY


def test_question_and_verdict_come_first(tmp_path: Path) -> None:
    text = render_study(make_account(tmp_path), images=0)
    parts = [
        "<h1>Does it matter where dropout stands?</h1>",
        "12 of 12 runs finished",
        "spatial restores better than none",
        "<strong>Expected beforehand:</strong> It does not.",
        'id="figure-seeds"',
        "What this study could have found",
        "None.",
        "dropstudy study run configs/trial.yaml",
    ]
    found = [text.index(part) for part in parts]
    assert found == sorted(found)


def test_an_unfinished_study_says_how_far_it_is(tmp_path: Path) -> None:
    psnrs = {"none": [25.0, 25.1], "spatial": [25.3]}
    text = render_study(make_account(tmp_path, psnrs), images=0)
    assert "3 of 12 runs finished" in text
    assert "After 3 of 12 runs" in text


def test_what_a_study_says_of_itself_stays_text(tmp_path: Path) -> None:
    text = STUDY.replace("Does it matter", "Does <b>it</b> matter")
    page = render_study(make_account(tmp_path, text=text), images=0)
    assert "Does &lt;b&gt;it&lt;/b&gt; matter" in page
    assert "<b>it" not in page


def test_a_page_replaces_a_page_and_nothing_else(tmp_path: Path) -> None:
    account, path = make_account(tmp_path), tmp_path / "report.html"
    size = write_study_page(account, path, images=0)
    assert size == path.stat().st_size
    assert write_study_page(account, path, images=0) == size
    path.write_text("mine")
    with pytest.raises(ConfigError, match="is there already and no report"):
        write_study_page(account, path, images=0)
    assert write_study_page(account, path, images=0, force=True) == size
