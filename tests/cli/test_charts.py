import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropstudy.cli.charts import Curve, draw_chart

VALUES = st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), min_size=2, max_size=50)


def drawing(*curves: Curve, width: int = 20, height: int = 4) -> list[str]:
    """The lines between the title and the axis of epochs, after the vertical axis."""
    lines = [line.plain for line in draw_chart("t", curves, width=width, height=height)]
    return [line[line.index("┤" if "┤" in line else "│") + 1 :] for line in lines[1:-1]]


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    lines = drawing(Curve("up", [1.0, 2.0]), width=8, height=2)
    # 16 dots wide and 8 high: each line of dots has two.
    assert lines == ["    ⣀⠤⠒⠉ up", "⣀⠤⠒⠉"]


def test_the_axis_has_the_ends_of_the_values_and_the_epochs() -> None:
    lines = [
        line.plain for line in draw_chart("PSNR", [Curve("a", [20.5, 26.25])], width=30, height=3)
    ]
    assert lines[0].split() == ["PSNR"]
    assert lines[1].startswith("26.25 ┤")
    assert lines[3].startswith(" 20.5 ┤")
    assert lines[4].split("└")[1] == "epoch 1" + "─" * 16 + "epoch 2"


def test_each_curve_has_its_name_on_a_line_of_its_own() -> None:
    same = [Curve(label, [1.0, 1.0]) for label in ("first", "second", "third")]
    lines = drawing(*same)
    found = [
        index
        for label in ("first", "second", "third")
        for index, line in enumerate(lines)
        if label in line
    ]
    assert len(set(found)) == 3


def test_a_dotted_curve_differs_from_a_whole_one_without_colours() -> None:
    whole, dotted = (
        sum(
            bin(ord(sign)).count("1") for line in drawing(curve) for sign in line if sign > "\u2800"
        )
        for curve in (Curve("", [1.0, 2.0, 1.0]), Curve("", [1.0, 2.0, 1.0], gap=3))
    )
    assert dotted < 0.4 * whole


def test_a_gap_is_left_where_a_value_is_missing() -> None:
    lines = drawing(Curve("a", [1.0, 1.0, math.nan, 1.0, 1.0], ""), width=20, height=1)
    drawn = lines[0].removesuffix(" a")
    assert [bool(part) for part in drawn.split("      ")] == [True, True]


def test_a_wide_range_is_logarithmic_and_says_so() -> None:
    values = [100.0, 10.0, 1.0]
    title, *lines = (
        line.plain for line in draw_chart("loss", [Curve("a", values)], width=20, height=5)
    )
    assert title.strip() == "loss, logarithmic"
    steps = [len(line) - len(line.lstrip(" │┤1.0")) for line in lines[:-1]]
    assert steps == sorted(steps), "three powers of ten are a straight line"
    assert (
        draw_chart("loss", [Curve("a", [-1.0, 100.0])], width=20, height=5)[0].plain.strip()
        == "loss"
    )


@given(st.lists(VALUES, min_size=1, max_size=3), st.integers(16, 60), st.integers(3, 9))
def test_any_values_are_drawn_within_the_frame(
    columns: list[list[float]], width: int, height: int
) -> None:
    curves = [Curve(f"curve {index}", values) for index, values in enumerate(columns)]
    drawn = [curve for curve in curves if curve.finite]
    if not drawn:
        return
    lines = drawing(*curves, width=width, height=height)
    assert len(lines) == height
    for line in lines:
        assert len(line) <= width + len(" curve 0")
    assert sum("curve" in line for line in lines) == len(drawn)


@pytest.mark.parametrize("value", [0.0, 5.0, -1.0])
def test_a_constant_is_a_level_line(value: float) -> None:
    lines = drawing(Curve("", [value] * 5), width=10, height=3)
    assert [bool(line.strip()) for line in lines] == [False, True, False]
