import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dropstudy.analysis.study_account import StudyAccount
from dropstudy.analysis.timing import find_timing
from dropstudy.reports.drawing import BAND, Figure, drawing_rules
from dropstudy.reports.study.cost import why_no_cost
from dropstudy.reports.study.figures import study_figures
from dropstudy.reports.study.points import Point, PointChart, draw_points
from dropstudy.reports.study.rows import Row, RowChart, draw_rows
from dropstudy.reports.study.standalone import standalone
from tests.reports.study.accounts import PSNRS, make_account
from tests.runs.timed import write_session
from tests.studies.makers import STUDY


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> StudyAccount:
    return make_account(tmp_path_factory.mktemp("study"))


def _seconds(arm: str, number: int, turn: int) -> float:
    """A tenth more with dropout, and a little chance."""
    return (1.1 if arm == "dropout" else 1.0) * (1 + 0.001 * (7 * turn % 5) + 0.0005 * number)


def figures_of(account: StudyAccount) -> dict[str, Figure]:
    return {figure.key: figure for figure in study_figures(account)}


def places(svg: str, marker: str) -> list[tuple[float, float]]:
    """Where a marker's shape is drawn."""
    used = re.findall(rf'<use href="#{marker}" x="([\d.-]+)" y="([\d.-]+)"', svg)
    return [(float(x), float(y)) for x, y in used]


def groups(svg: str) -> list[list[tuple[float, float]]]:
    """Where markers are drawn, shape by shape, each with more than one use or one alone."""
    names = dict.fromkeys(re.findall(r'<use href="#([^"]+)"', svg))
    return [places(svg, name) for name in names]


def test_every_seed_is_a_dot_and_lies_where_its_value_is(account: StudyAccount) -> None:
    svg = figures_of(account)["seeds"].svg
    of_seeds = [found for found in groups(svg) if len(found) == len(PSNRS["none"])]
    assert len(of_seeds) == len(PSNRS)
    for found, values in zip(of_seeds, PSNRS.values(), strict=True):
        assert len({y for _, y in found}) == 1
        across = [x for x, _ in found]
        # The axis is linear: places are the values, moved and scaled.
        scale = (max(across) - min(across)) / (max(values) - min(values))
        origin = min(across) - scale * min(values)
        assert across == pytest.approx([origin + scale * value for value in values], abs=0.02)


def test_differences_have_their_margin_and_their_zero(account: StudyAccount) -> None:
    figure = figures_of(account)["differences"]
    assert "the margin is 0.10 dB" in figure.caption
    assert "var(--band)" in figure.svg
    assert "spatial 0.50 dB (" in figure.svg
    assert any(len(found) == len(PSNRS["none"]) for found in groups(figure.svg))


def test_quality_is_drawn_against_cost_where_runs_trained_alone(
    account: StudyAccount, tmp_path: Path
) -> None:
    assert why_no_cost(account) == ""
    assert "spatial 25.57 dB at 10" in figures_of(account)["cost-quality"].svg
    beside = make_account(tmp_path, environment={"runs_beside": 1})
    assert "cost-quality" not in figures_of(beside)
    assert "side by side" in why_no_cost(beside)


@pytest.mark.parametrize("count", [3, 18])
def test_every_arm_is_named_whole_against_its_cost(count: int) -> None:
    names = [f"arm_with_quite_a_long_name_{number:02}" for number in range(count)]
    points = [
        Point(name, place, 9 + place / 10, 25 - place / 50, (24.0, 26.0))
        for place, name in enumerate(names)
    ]
    chart = PointChart("cost-quality", "Quality", "", "seconds", "dB", 2)
    with drawing_rules():
        svg = draw_points(chart, points).svg
    written = re.findall(r">(arm_with[^<]*)</text>", svg)
    assert sorted(written) == names


def test_curves_have_a_band_from_the_worst_seed_to_the_best(account: StudyAccount) -> None:
    figure = figures_of(account)["curves"]
    assert "none from 25.07 to 25.07 dB; spatial from 25.57 to 25.57 dB" in figure.svg
    assert figure.svg.count("fill-opacity: 0.16") == len(PSNRS)


def test_a_study_without_finished_runs_has_nothing_to_draw(tmp_path: Path) -> None:
    account = make_account(tmp_path, {})
    assert study_figures(account) == []
    assert why_no_cost(account) == ""


def test_timed_arms_have_their_ratios_their_noise_and_their_drift(
    account: StudyAccount, tmp_path: Path
) -> None:
    timing = find_timing(write_session(tmp_path / "session", _seconds, repeats=6))
    timed = figures_of(replace(account, comparison=None, timing=timing))
    assert list(timed) == ["timing", "drift", "turns"]
    for contrast in timing.contrasts:
        assert f"{contrast.arm} {contrast.ratio:.3f}" in timed["timing"].svg
    assert "var(--band)" in timed["timing"].svg
    drift = groups(timed["drift"].svg)
    assert sum(len(found) == timing.repeats for found in drift) == len(timing.contrasts)
    first = timing.arms[0].turn_milliseconds
    assert f"none from {first[0]:.3g} to {first[-1]:.3g} ms" in timed["turns"].svg


def test_an_arm_that_was_not_timed_is_named_beside_the_cost(
    account: StudyAccount, tmp_path: Path
) -> None:
    timing = find_timing(write_session(tmp_path / "session", _seconds, repeats=6))
    figure = figures_of(replace(account, timing=timing))["cost-quality"]
    assert figure.caption.startswith("Timed in turns. Not timed: spatial.")
    assert "none 25.07 dB" in figure.svg
    assert "spatial" not in figure.svg


def test_a_hostile_name_stays_text(tmp_path: Path) -> None:
    with drawing_rules():
        row = Row("<script>&$x$", 0, [1.0, 2.0], 1.5, (1.0, 2.0))
        chart = RowChart("key", 'A "title" <b>', "", "dB", "dB", 2)
        svg = draw_rows(chart, [row], levels={"a<b": 1.2}).svg
    assert "<script" not in svg
    assert "<b>" not in svg
    ElementTree.fromstring(svg)  # noqa: S314  what was written here


def test_a_drawing_by_itself_is_whole_and_has_no_open_colours(account: StudyAccount) -> None:
    for figure in study_figures(account):
        text = standalone(figure)
        assert not re.search(r"var\(|currentColor", text)
        assert BAND not in text
        root = ElementTree.fromstring(text)  # noqa: S314
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root[0].get("fill") == "#fdfdfc"
        assert standalone(figure) == text


def test_the_same_runs_give_the_same_drawings(tmp_path: Path) -> None:
    first, second = (make_account(tmp_path / name, text=STUDY) for name in ("a", "b"))
    assert study_figures(first) == study_figures(second)
