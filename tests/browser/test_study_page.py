"""A study's page in a real browser, on a desk and on a phone."""

from dataclasses import replace
from pathlib import Path

import pytest

from dropstudy.analysis.timing import find_timing
from dropstudy.reports.study.page import write_study_page
from dropstudy.runs.records import write_image_records
from dropstudy.studies.accounts import account_for
from dropstudy.studies.progress import survey
from tests.analysis.runs import keep_image
from tests.browser.pages import CONTRASTS, OpenPage
from tests.reports.study.accounts import PSNRS
from tests.runs.timed import write_session
from tests.studies.finished import finish_runs
from tests.studies.makers import STUDY, plan_study

FORMS = {"degraded": 60, "classical": 80, "clean": 120}
LEAST_CONTRAST = 4.5
"""Between text and what is behind it (WCAG 2.2, AA)."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With all that a report can have: runs, kept images and a timing session."""
    folder = tmp_path_factory.mktemp("study")
    directory, plan = plan_study(folder, STUDY.replace("seeds: 2", "seeds: 6"))
    finish_runs(directory, plan, PSNRS)
    for number, place in enumerate(survey(directory, plan)):
        assert place.run is not None
        levels = {**FORMS, "restored": 90 + number}
        image = keep_image(place.run.directory.path, "cat", levels)
        write_image_records(place.run.directory, [image])
    session = write_session(
        folder / "session", {"none": 0.1, "spatial": 0.12}, names=("none", "spatial"), repeats=6
    )
    made = replace(account_for(directory, plan), timing=find_timing(session))
    write_study_page(made, folder / "report.html", images=2)
    return folder / "report.html"


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_page(open_page: OpenPage, width: int) -> None:
    with open_page(width) as page:
        page.locator("details").evaluate_all("all => all.forEach((item) => { item.open = true; })")
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        for box in page.locator(".scroll, pre, figure, h1").all():
            edges = box.bounding_box()
            assert edges is None or edges["x"] + edges["width"] <= width


def test_pictures_and_timing_are_there_and_tell_what_they_show(open_page: OpenPage) -> None:
    with open_page(390) as page:
        picture = page.locator("img").first
        assert picture.evaluate("one => one.complete && one.naturalWidth > 0")
        assert picture.get_attribute("alt")
        for key in ("timing", "drift", "turns", "cost-quality"):
            drawing = page.locator(f"#figure-{key} svg")
            assert drawing.get_attribute("aria-label")
            assert drawing.bounding_box()["height"] > 50  # type: ignore[index]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_the_light_and_in_the_dark(open_page: OpenPage, scheme: str) -> None:
    with open_page(color_scheme=scheme) as page:
        contrasts = page.evaluate(CONTRASTS)
        weak = {name: value for name, value in contrasts.items() if value < LEAST_CONTRAST}
        assert contrasts
        assert weak == {}


def test_no_two_texts_of_a_drawing_lie_on_each_other(open_page: OpenPage) -> None:
    with open_page(390) as page:
        for figure in page.locator("figure svg").all():
            boxes = figure.locator("text").evaluate_all(
                "all => all.map((item) => { const box = item.getBoundingClientRect(); "
                "return [box.left, box.top, box.right, box.bottom]; })"
            )
            for place, (left, top, right, bottom) in enumerate(boxes):
                for other in boxes[place + 1 :]:
                    across = min(right, other[2]) - max(left, other[0])
                    down = min(bottom, other[3]) - max(top, other[1])
                    assert across < 1 or down < 0.4 * (bottom - top)
