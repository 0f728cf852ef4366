"""A study's page in a real browser, on a desk and on a phone."""

from pathlib import Path

import pytest

from dropstudy.reports.study.page import write_study_page
from tests.browser.pages import CONTRASTS, OpenPage
from tests.reports.study.accounts import make_account

LEAST_CONTRAST = 4.5
"""Between text and what is behind it (WCAG 2.2, AA)."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_study_page(make_account(folder), folder / "report.html", images=0)
    return folder / "report.html"


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_page(open_page: OpenPage, width: int) -> None:
    with open_page(width) as page:
        page.locator("details").evaluate_all("all => all.forEach((item) => { item.open = true; })")
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        for box in page.locator(".scroll, pre, figure, h1").all():
            edges = box.bounding_box()
            assert edges is None or edges["x"] + edges["width"] <= width


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
