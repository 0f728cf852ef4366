import re
from dataclasses import replace
from pathlib import Path

import pytest

from dropstudy.analysis.claims import ClaimOutcome, ClaimState
from dropstudy.analysis.study_account import Amendment
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


def test_every_claim_has_its_outcome_and_a_sign(tmp_path: Path) -> None:
    claim = ClaimOutcome(
        say="it <i>helps</i>",
        metric="val_psnr",
        statement="val_psnr of spatial − none above 0.1 dB",
        state="refuted",
        estimate=-0.2,
        low=-0.3,
        high=-0.1,
        n=6,
        reason="",
    )
    states: tuple[ClaimState, ...] = ("refuted", "confirmed", "undecided")
    claims = tuple(replace(claim, state=state) for state in states)
    page = render_study(replace(make_account(tmp_path), claims=claims), images=0)
    signs = re.findall(r'class="sign (\w+)" aria-hidden="true">(.)</span> it &lt;i&gt;', page)
    assert signs == [("refuted", "✗"), ("confirmed", "✓"), ("undecided", "?")]
    assert "found −0.200 (−0.300 to −0.100), 6 seeds." in page


def test_networks_that_return_their_input_are_told_in_red(tmp_path: Path) -> None:
    account = make_account(tmp_path)
    assert '<p class="copies">' not in render_study(account, images=0)
    arms = (account.arms[0], replace(account.arms[1], returned_input=2))
    page = render_study(replace(account, arms=arms), images=0)
    assert '<p class="copies">2 of 6 networks of spatial returned their input.</p>' in page


def test_amendments_of_the_plan_are_told_at_the_head(tmp_path: Path) -> None:
    amendment = Amendment("2026-01-02T03:04:05+00:00", "more seeds", ("seeds",))
    page = render_study(replace(make_account(tmp_path), amendments=(amendment,)), images=0)
    assert "<span>1 amendment</span>" in page
    assert "Amended 2026-01-02T03:04:05+00:00: more seeds (changed: seeds)." in page


def test_a_page_replaces_a_page_and_nothing_else(tmp_path: Path) -> None:
    account, path = make_account(tmp_path), tmp_path / "report.html"
    size = write_study_page(account, path, images=0)
    assert size == path.stat().st_size
    assert write_study_page(account, path, images=0) == size
    path.write_text("mine")
    with pytest.raises(ConfigError, match="is there already and no report"):
        write_study_page(account, path, images=0)
    assert write_study_page(account, path, images=0, force=True) == size
