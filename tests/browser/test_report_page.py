"""The report in a real browser: headless Chromium, without any network."""

from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

from dropstudy.analysis.comparison import compare
from dropstudy.reports.report import write_report
from dropstudy.runs.records import write_image_records
from tests.analysis.runs import SPATIAL, keep_image, make_image, make_run
from tests.browser.pages import CONTRASTS, OpenPage

LONG = "an_experiment_whose_name_is_far_too_long_for_a_phone"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three arms of two seeds with 16 images, the first two of which are kept."""
    folder = tmp_path_factory.mktemp("report")
    runs = []
    for name, level, dropout in (
        ("plain", 40, None),
        (LONG, 220, SPATIAL),
        ("middle", 130, {"skip": {"kind": "dropout", "rate": 0.1}}),
    ):
        for seed in (0, 1):
            path = folder / f"{name}-{seed}"
            run = make_run(path, seed=seed, dropout=dropout, environment={"command": ["x" * 300]})
            levels = {"degraded": 0, "classical": 60, "restored": level, "clean": 255}
            psnr = 24 + level / 100
            records = [keep_image(path, kept, levels, psnr=psnr) for kept in ("cat", "dog")]
            records += [make_image(f"other-{n}", psnr + n / 10, part="test") for n in range(14)]
            write_image_records(run.directory, records)
            runs.append(run)
    write_report(compare(runs), folder / "report.html")
    return folder / "report.html"


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_page(open_page: OpenPage, width: int) -> None:
    with open_page(width) as page:
        page.locator("details").evaluate_all("all => all.forEach((item) => { item.open = true; })")
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        for box in page.locator(".scroll, pre, #stage, figure, .cards li, h1").all():
            edges = box.bounding_box()
            assert edges is None or edges["x"] + edges["width"] <= width
        wide = page.locator(".scroll").evaluate_all(
            "all => all.map((box) => [box.scrollWidth > box.clientWidth + 1, "
            "box.classList.contains('overflows')])"
        )
        assert all(is_wide == is_marked for is_wide, is_marked in wide)
        if width == 360:
            assert any(is_wide for is_wide, _ in wide)


def pixel(page: Page, share: float) -> int:
    """The red of the slider's picture at ``share`` of its width, in its lower quarter."""
    box = page.locator("#port").bounding_box()
    assert box is not None
    x, y = box["x"] + share * box["width"], box["y"] + 0.8 * box["height"]
    shot = page.screenshot(clip={"x": x, "y": y, "width": 1, "height": 1})
    red = Image.open(BytesIO(shot)).convert("RGB").getpixel((0, 0))
    assert isinstance(red, tuple)
    return int(red[0])


def test_the_slider_shows_two_pictures_and_moves_by_mouse_and_keyboard(
    open_page: OpenPage,
) -> None:
    with open_page() as page:
        page.locator("#stage").scroll_into_view_if_needed()
        page.select_option("#pick-left", label="plain")
        page.select_option("#pick-right", label=LONG)
        # The lower right quarter of a picture has its level; the cut is in the middle.
        assert (pixel(page, 0.7), pixel(page, 0.95)) == (220, 220)
        slider = page.get_by_role("slider", name="Slide to compare")
        slider.focus()
        for _ in range(30):
            page.keyboard.press("ArrowRight")
        assert slider.input_value() == "80"
        assert (pixel(page, 0.7), pixel(page, 0.95)) == (40, 220)
        assert slider.get_attribute("aria-valuetext") == f"80 % plain, the rest {LONG}"

        box = page.locator("#port").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 3, steps=4)
        page.mouse.up()
        assert float(slider.input_value()) == pytest.approx(60, abs=1)
        assert (pixel(page, 0.55), pixel(page, 0.7)) == (40, 220)

        page.select_option("#pick-right", label="clean")
        assert pixel(page, 0.7) == 255
        page.select_option("#pick-image", label="dog")
        assert page.locator(".sample.current h3").inner_text() == "dog"
        alternatives = page.locator("#sheet img").evaluate_all("all => all.map((one) => one.alt)")
        assert all(text.startswith("dog, ") for text in alternatives)


def test_pictures_are_enlarged_by_whole_pixels_and_a_touch_moves_the_cut(
    open_page: OpenPage,
) -> None:
    with open_page(360, device_scale_factor=3, has_touch=True, is_mobile=True) as page:
        page.locator("#stage").scroll_into_view_if_needed()
        width = page.locator("#sheet").evaluate(
            "(sheet) => sheet.getBoundingClientRect().width * devicePixelRatio"
        )
        assert width / 16 == pytest.approx(round(width / 16), abs=0.01)
        assert width / 16 > 50
        rendering = "(image) => getComputedStyle(image).imageRendering"
        assert page.locator("#sheet img").first.evaluate(rendering) == "pixelated"
        page.select_option("#pick-size", "8")
        assert page.locator("#sheet").evaluate("(sheet) => sheet.clientWidth") == 128

        page.select_option("#pick-size", "0")
        page.locator("#split").evaluate("(split) => { split.value = 0; }")
        box = page.locator("#port").bounding_box()
        assert box is not None
        page.touchscreen.tap(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
        assert float(page.locator("#split").input_value()) == pytest.approx(90, abs=2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_the_light_and_in_the_dark(open_page: OpenPage, scheme: str) -> None:
    with open_page(color_scheme=scheme) as page:
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 15
        assert {name: value for name, value in contrasts.items() if value < 4.5} == {}
        background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        levels = [int(part) for part in background[4:-1].split(",")]
        assert (min(levels) > 240) if scheme == "light" else (max(levels) < 40)


def test_the_keyboard_reaches_links_slider_pictures_and_tables_in_order(
    open_page: OpenPage,
) -> None:
    with open_page() as page:
        reached = []
        for _ in range(60):
            page.keyboard.press("Tab")
            reached.append(
                page.evaluate(
                    "[document.activeElement.id || document.activeElement.className || "
                    "document.activeElement.localName, "
                    "getComputedStyle(document.activeElement).outlineStyle]"
                )
            )
        names = [name for name, _ in reached]
        assert names[0] == "skip"
        order = [names.index(name) for name in ("pick-image", "port", "split", "scroll")]
        assert order == sorted(order)
        assert all(outline != "none" for name, outline in reached if name != "body")


def test_every_picture_has_words_and_the_page_has_its_landmarks(open_page: OpenPage) -> None:
    with open_page() as page:
        assert page.locator("img:not([alt]), img[alt='']").count() == 0
        assert page.locator("figure svg:not([role=img][aria-label])").count() == 0
        for role in ("banner", "navigation", "main", "contentinfo"):
            assert page.get_by_role(role).count() == 1, role
        levels = page.locator("h1, h2, h3").evaluate_all(
            "all => all.map((one) => one.localName[1])"
        )
        jumps = [(a, b) for a, b in pairwise(levels) if int(b) > int(a) + 1]
        assert levels[0] == "1"
        assert jumps == []


def test_without_scripts_all_of_it_is_there(open_page: OpenPage) -> None:
    with open_page(360, java_script_enabled=False) as page:
        assert not page.locator("#viewer").is_visible()
        assert page.locator(".sample img").count() == 2 * 6
        assert all(image.is_visible() for image in page.locator(".sample img").all())
        assert page.locator("table").first.is_visible()


def test_on_paper_pictures_stand_side_by_side_without_controls(open_page: OpenPage) -> None:
    with open_page(680, color_scheme="dark") as page:
        page.emulate_media(media="print")
        assert not page.locator("#viewer").is_visible()
        assert not page.get_by_role("navigation").is_visible()
        assert all(image.is_visible() for image in page.locator(".sample img").all())
        tops = [
            box["y"]
            for item in page.locator(".sample figure").all()[:4]
            if (box := item.bounding_box())
        ]
        assert len(set(tops)) == 1
        colours = page.evaluate(
            "[getComputedStyle(document.documentElement).backgroundColor, "
            "getComputedStyle(document.body).color]"
        )
        assert colours[0] == "rgb(255, 255, 255)"
        assert max(int(part) for part in colours[1][4:-1].split(",")) < 60
        # A long table is folded on a screen alone.
        assert page.locator("details.long table").first.is_visible()
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 680
