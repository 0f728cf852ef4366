import base64
import hashlib
import io
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dropstudy.analysis.comparison import Comparison, compare
from dropstudy.analysis.one_arm import answer_alone, find_levels
from dropstudy.analysis.tables import comparison_tables
from dropstudy.analysis.wording import explain, headline
from dropstudy.errors import ConfigError, DataError, RunDirectoryError
from dropstudy.reports import samples
from dropstudy.reports.cards import make_cards
from dropstudy.reports.origin import list_facts, write_recipes
from dropstudy.reports.page import MARK
from dropstudy.reports.report import render_report, write_report
from dropstudy.reports.samples import embed_samples
from dropstudy.runs.directory import write_json
from dropstudy.runs.records import write_image_records
from tests.analysis.runs import SIDE, SPATIAL, keep_image, make_arm, make_image, make_run

EVIL = "<script>alert(1)</script>"


class Page(HTMLParser):
    """What a browser would make of a page: elements with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        """All of it on one line, every space alike."""
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def arms(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Two arms of two seeds; each image of seed 0 is kept."""
    return compare(make_arms(tmp_path_factory.mktemp("arms")))


@pytest.fixture(scope="module")
def page(arms: Comparison) -> str:
    return render_report(arms, command="dropstudy report plain spatial")


def make_arms(folder: Path) -> list[Path]:
    """Two arms of two seeds: what is kept of each differs by the arm alone."""
    paths = []
    for name, gain in (("plain", 0), ("spatial", 20)):
        for seed in (0, 1):
            path = folder / f"{name}-{seed}"
            run = make_run(path, seed=seed, dropout=SPATIAL if gain else None)
            levels = {"degraded": 150, "classical": 130, "restored": 120 - gain, "clean": 100}
            kept = keep_image(path, "cat", levels, psnr=25.0 + gain / 10)
            other = make_image("dog", 25.0 + gain / 10, part="test")
            write_image_records(run.directory, [kept, other])
            paths.append(path)
    return paths


def test_a_report_says_all_that_a_terminal_does(arms: Comparison, page: str) -> None:
    words = Page(page).text
    for sentence in [*explain(arms), headline(arms)]:
        assert " ".join(sentence.split()) in words
    for table in comparison_tables(arms):
        assert table.title in words
        for row in table.rows:
            assert all(" ".join(cell.split()) in words for cell in row)


def test_a_report_is_the_same_text_for_the_same_runs(arms: Comparison, page: str) -> None:
    assert render_report(arms, command="dropstudy report plain spatial") == page


def test_a_report_needs_nothing_from_elsewhere(page: str) -> None:
    parsed = Page(page)
    assert not {"link", "iframe", "object", "video", "audio", "base"} & dict(parsed.elements).keys()
    for tag, attributes in parsed.elements:
        for name in ("src", "href", "srcset", "action"):
            target = attributes.get(name) or "#"
            assert target.startswith(("#", "data:image/webp;base64,")), f"{tag}: {target[:60]}"
    assert not re.search(r"url\((?!#)|@import|https?://", page)


def test_the_only_script_that_may_run_is_the_reports_own(page: str) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [meta["content"] for meta in Page(page).all("meta") if "http-equiv" in meta]
    assert policy is not None
    assert policy.split("; ")[0] == "default-src 'none'"
    assert f"script-src 'sha256-{digest}'" in policy.split("; ")


def test_what_users_wrote_is_text_and_nothing_else(tmp_path: Path) -> None:
    evil = {"notes": EVIL, "tags": [EVIL]}
    runs = [
        make_run(
            tmp_path / f"{name}-0",
            dropout=dropout,
            sections=evil,
            images=[make_image(f"{EVIL}{{{{ 7*7 }}}}", 25.0)],
            environment={"processor": '"><img src=x onerror=alert(1)>', "command": [EVIL]},
        )
        for name, dropout in (("plain", {}), ("spatial", SPATIAL))
    ]
    text = render_report(compare(runs), command=EVIL)
    parsed = Page(text)
    assert len(parsed.all("script")) == 1
    assert not [item for _, item in parsed.elements if any(name.startswith("on") for name in item)]
    assert not [image for image in parsed.all("img") if image["src"] == "x"]
    assert EVIL in parsed.text
    assert "{{ 7*7 }}" in parsed.text


def test_tables_have_heads_and_places_that_scroll_have_names(page: str) -> None:
    parsed = Page(page)
    assert all(cell.get("scope") in {"row", "col"} for cell in parsed.all("th"))
    regions = [item for _, item in parsed.elements if item.get("role") == "region"]
    assert all(item["tabindex"] == "0" and item["aria-label"] for item in regions)
    assert len(regions) >= len(parsed.all("table"))
    assert len(parsed.all("h1")) == 1
    assert parsed.all("html") == [{"lang": "en"}]


def test_pictures_are_embedded_to_the_pixel_and_told_in_words(tmp_path: Path) -> None:
    comparison = compare(make_arms(tmp_path))
    (sample,) = embed_samples(comparison, count=4).samples
    assert (sample.name, sample.width, sample.height) == ("cat", SIDE, SIDE)
    forms = {form.name: form for form in sample.forms}
    assert list(forms) == ["degraded", "cubic", "plain", "spatial", "clean"]
    assert forms["spatial"].alternative == "cat, spatial, 27.00 dB, SSIM 0.6750"
    levels = {name: corner(form.source) for name, form in forms.items()}
    assert levels == {"degraded": 150, "cubic": 130, "plain": 120, "spatial": 100, "clean": 100}


def corner(source: str) -> int:
    content = base64.b64decode(source.removeprefix("data:image/webp;base64,"))
    with Image.open(io.BytesIO(content)) as picture:
        return int(np.asarray(picture)[-1, -1, 0])


def test_pictures_beyond_the_budget_are_lossy_and_the_page_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = compare(make_arms(tmp_path))
    assert "Every pixel is as it was saved." in Page(render_report(comparison)).text
    monkeypatch.setattr(samples, "LOSSLESS_BYTES", 100)
    assert "slight losses (WebP, quality 95)" in Page(render_report(comparison)).text
    assert corner(embed_samples(comparison, count=1).samples[0].forms[0].source) == pytest.approx(
        150, abs=6
    )


def test_no_more_pictures_are_shown_than_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "plain-0"
    names = ["a", "b", "c"]
    levels = dict.fromkeys(("degraded", "classical", "restored", "clean"), 100)
    run = make_run(path)
    kept = [keep_image(path, name, levels, psnr=24.0 - place) for place, name in enumerate(names)]
    write_image_records(run.directory, kept)
    comparison = compare([run])
    found = embed_samples(comparison, count=2)
    assert [sample.name for sample in found.samples] == ["c", "b"]
    assert found.saved == 3
    words = Page(render_report(comparison, images=2)).text
    assert "2 of 3 saved validation images, those with the lowest PSNR first." in words
    assert 'id="pictures"' not in render_report(comparison, images=0)


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    paths = make_arms(tmp_path)
    picture = paths[0] / "images" / "validation-cat-restored.png"
    picture.write_bytes(b"no picture")
    with pytest.raises(DataError, match=f"{re.escape(str(picture))}: cannot be read as an image"):
        render_report(compare(paths))


def test_runs_that_go_on_are_reported_without_pictures(tmp_path: Path) -> None:
    run = make_run(tmp_path / "plain-0", status=None)
    words = Page(render_report(compare([run]))).text
    assert "a run keeps its validation images when it ends" in words
    assert "unfinished" in words


def test_an_arm_alone_is_told_whether_it_beats_what_needs_no_network(tmp_path: Path) -> None:
    runs = make_arm(tmp_path, "alone", [24.0, 26.0])
    comparison = compare(runs)
    validation, test = find_levels(comparison)
    assert (validation.value, validation.over_classical, validation.over_identity) == (25, 2, 3)
    assert (test.value, test.over_classical, test.over_identity) == (24, 2, 3)
    assert answer_alone(comparison) == (
        "In validation alone restores better than cubic: 25.00 dB PSNR, +2.00 dB against it and "
        "+3.00 dB against the degraded images. In test alone restores better than cubic: "
        "24.00 dB PSNR, +2.00 dB against it and +3.00 dB against the degraded images. "
        "Training took 10.00 s per epoch. Means over 2 runs, as far as each has them."
    )
    worse = compare([make_run(tmp_path / "worse-0", psnrs=[22.5], test_psnr=None)])
    assert answer_alone(worse) == (
        "In validation worse does not beat cubic: 22.50 dB PSNR, −0.50 dB against it and "
        "+0.50 dB against the degraded images."
    )


def test_the_commands_that_add_seeds_are_those_that_a_verdict_lacks(tmp_path: Path) -> None:
    comparison = compare(
        [
            make_run(tmp_path / "plain-4", seed=4),
            make_run(tmp_path / "s-4", seed=4, dropout=SPATIAL),
        ]
    )
    again, more = write_recipes(comparison)
    configs = [str(item.run.directory.config) for item in comparison.runs]
    assert again.commands.splitlines() == [f"dropstudy run {config}" for config in configs]
    # 2^(1 - 6) is the first p below 0.05: one seed is there, five are lacking.
    assert more.purpose == (
        "Add the 5 seeds that a verdict lacks. Added after looking they make p inexact: for a "
        "clean verdict run as many new seeds as there would then be, 6, and compare those alone."
    )
    assert more.commands.splitlines() == [
        f"dropstudy run {config} --set seed={seed}" for seed in range(5, 10) for config in configs
    ]


def test_circumstances_in_which_runs_differ_are_told_run_by_run(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "plain-0"),
        make_run(tmp_path / "spatial-0", dropout=SPATIAL, environment={"cores": 8}),
    ]
    facts = {fact.name: fact.values for fact in list_facts(compare(runs))}
    assert facts["cores"] == (("2", "plain-0"), ("8", "spatial-0"))
    assert facts["packages"] == (("keras 3.15.1, numpy 2.4.6", ""),)


def test_of_very_many_images_ten_are_named_and_all_are_counted(tmp_path: Path) -> None:
    names = [f"photo-{number:03}" for number in range(300)]
    pictures = {"training": names, "validation": ["cat"], "test": []}
    comparison = compare([make_run(tmp_path / "plain-0", environment={"pictures": pictures})])
    facts = {fact.name: fact.values for fact in list_facts(comparison)}
    ten = ", ".join(names[:10])
    assert facts["training images"] == ((f"300: {ten}, … and 290 more", ""),)
    assert facts["validation images"] == (("1: cat", ""),)
    assert "test images" not in facts


def test_the_head_tells_tasks_apart_that_differ_in_their_range(tmp_path: Path) -> None:
    runs = [
        make_run(
            tmp_path / f"{name}-0", sections={"task": {"kind": "gaussian", "sigma": list(ends)}}
        )
        for name, ends in (("wide", (5, 50)), ("narrow", (10, 20)))
    ]
    words = Page(render_report(compare(runs), images=0)).text
    assert "gaussian, sigma 10 to 20" in words
    assert "gaussian, sigma 5 to 50" in words


def test_rows_that_sum_others_up_stand_out_whatever_an_arm_is_called(tmp_path: Path) -> None:
    runs = make_arm(tmp_path, "plain", [24.0, 25.0])
    odd = make_run(tmp_path / "odd-0", dropout=SPATIAL)
    write_json(odd.directory.settings, {**odd.settings, "name": "mean ± none"})
    comparison = compare([*runs, odd.directory.path])
    parsed = Page(render_report(comparison, images=0))
    marked = [row for row in parsed.all("tr") if row.get("class") == "mean"]
    assert len(marked) == sum(len(table.emphasised) for table in comparison_tables(comparison)) > 0


def test_where_runs_cannot_be_compared_a_card_says_why_and_asks_for_no_seeds(
    tmp_path: Path,
) -> None:
    runs = [
        make_run(tmp_path / "plain-0"),
        make_run(tmp_path / "s-0", dropout=SPATIAL, environment={"data_fingerprint": "other"}),
    ]
    comparison = compare(runs)
    (contrast,) = comparison.contrasts
    assert contrast.obstacle
    (card,) = make_cards(comparison)
    assert (card.sign, card.value) == ("", "no verdict")
    assert card.facts == (("because", contrast.obstacle),)
    words = Page(render_report(comparison, images=0)).text
    assert "no verdict because" in words
    assert "seeds still needed" not in words


def test_a_config_that_is_no_text_is_damage(tmp_path: Path) -> None:
    run = make_run(tmp_path / "plain-0")
    run.directory.config.write_bytes(b"name: caf\xe9")
    with pytest.raises(RunDirectoryError, match=r"config\.yaml: damaged: not UTF-8 text"):
        render_report(compare([run]), images=0)


def test_names_that_are_no_utf_8_are_written_and_counted(tmp_path: Path) -> None:
    run = make_run(tmp_path / os.fsdecode(b"caf\xe9-0"), name="plain")
    path = tmp_path / "report.html"
    command = os.fsdecode(b"dropstudy report caf\xe9-0")
    assert write_report(compare([run]), path, command=command) == path.stat().st_size
    assert "caf\N{REPLACEMENT CHARACTER}-0" in path.read_text(encoding="utf-8")


def test_a_report_replaces_a_report_but_nothing_else(arms: Comparison, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    size = write_report(arms, path, images=0)
    assert path.stat().st_size == size
    assert MARK in path.read_text(encoding="utf-8")[:2000]
    write_report(arms, path, images=0)
    path.write_text("my thesis", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"report\.html: is there already and no report; .*force"):
        write_report(arms, path)
    assert path.read_text(encoding="utf-8") == "my thesis"
    write_report(arms, path, images=0, overwrite=True)
    assert MARK in path.read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_is_named(arms: Comparison, tmp_path: Path) -> None:
    path = tmp_path / "none" / "report.html"
    with pytest.raises(RunDirectoryError, match=f"{re.escape(str(path))}: cannot be written"):
        write_report(arms, path, images=0)
    for path in (tmp_path, Path("/dev/null")):
        with pytest.raises(ConfigError, match=f"{path}: is no ordinary file; name another"):
            write_report(arms, path, images=0, overwrite=True)
    assert not list(tmp_path.iterdir())
