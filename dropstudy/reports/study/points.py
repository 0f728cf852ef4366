"""A chart of arms by two numbers: what they cost and how well they restore."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropstudy.reports.drawing import (
    FAINT,
    INK,
    RULE,
    WIDTH,
    Figure,
    label_below,
    new_axes,
    shorten,
    style_of,
    write_svg,
)
from dropstudy.reports.study.labels import CHARACTER_WIDTH, LINE_HEIGHT, Box, Named, place_names
from dropstudy.reports.study.legend import draw_legend, legend_height, name_in_legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas
    from matplotlib.transforms import Transform

HEIGHT = 250
MOST_NAMED = 8
"""Arms whose names find room beside their points."""
_LONGEST_LABEL = 30
_MOST_FOR_NAMES = 0.3
"""Of the width, to the right of the last point."""
_BASELINE = 3.5
"""How far below a name's middle its letters stand."""


@dataclass(frozen=True)
class Point:
    """One arm.

    Attributes:
        label: What it is called.
        place: Of its style.
        x: Its cost.
        y: Its quality.
        interval: Of its quality.
    """

    label: str
    place: int
    x: float
    y: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class PointChart:
    """What the chart says besides its points.

    Attributes:
        key: Its name within the page, and its file's.
        title: What it shows.
        caption: What to know to read it.
        below: What the numbers below count.
        unit: Of the quality.
        decimals: Of the quality.
    """

    key: str
    title: str
    caption: str
    below: str
    unit: str
    decimals: int


def draw_points(chart: PointChart, points: Sequence[Point]) -> Figure:
    """Draws each arm with its name beside it, of many below; within `drawing_rules`."""
    from matplotlib.ticker import MaxNLocator

    labels = [point.label for point in points]
    are_many = len(points) > MOST_NAMED
    legend = legend_height(labels) if are_many else 0.0
    canvas, axes = new_axes(HEIGHT + legend, bottom=34 + legend)
    axes.grid(axis="x", color=RULE, linewidth=0.6)
    axes.set_xlim(_limits(points, longest=0 if are_many else max(map(len, labels))))
    for point in points:
        style = style_of(point.place)
        if point.interval is not None:
            axes.plot([point.x] * 2, point.interval, color=style.colour, linewidth=1.8)
        axes.plot(
            [point.x],
            [point.y],
            style.marker,
            color=style.colour,
            markersize=6,
            label=name_in_legend(point.label),
        )
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    if are_many:
        draw_legend(canvas, labels)
    else:
        _name(canvas, axes, points)
    label_below(axes, chart.below)
    unit = f" {chart.unit}" if chart.unit else ""
    told = [
        f"{point.label} {point.y:.{chart.decimals}f}{unit} at {point.x:.3g}" for point in points
    ]
    alternative = f"Scatter chart, {chart.title}: {'; '.join(told)} {chart.below}."
    svg = write_svg(canvas, key=chart.key, alternative=alternative)
    return Figure(chart.key, chart.title, chart.caption, svg)


def _limits(points: Sequence[Point], *, longest: int) -> tuple[float, float]:
    """The frame's ends, with room at the right for a name of so many letters, within reason."""
    values = [point.x for point in points]
    room = 0.12 * (max(values) - min(values)) or 0.1 * abs(values[0]) or 1.0
    low, high = min(values) - room, max(values) + room
    share = min(CHARACTER_WIDTH * longest / WIDTH, _MOST_FOR_NAMES)
    return low, max(high, low + (max(values) - low) / (1 - share))


def _name(canvas: "Canvas", axes: "Axes", points: Sequence[Point]) -> None:
    """Writes each arm's name, with a line to it where it had to stand apart."""
    axes.set_ylim(axes.get_ylim())  # names shall not move the frame
    drawing = _drawing(canvas)

    def to_drawing(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        found = drawing.inverted().transform(axes.transData.transform(places))
        return [(float(x), float(y)) for x, y in found]

    corners = [*zip(axes.get_xlim(), axes.get_ylim(), strict=True)]
    (left, bottom), (right, top) = to_drawing(corners)
    named = []
    for point in points:
        ends = point.interval or (point.y, point.y)
        (x, y), (_, low), (_, high) = to_drawing(
            [(point.x, point.y), (point.x, ends[0]), (point.x, ends[1])]
        )
        name = shorten(point.label, _LONGEST_LABEL)
        named.append(Named(name, x, y, (low, high) if point.interval else None))
    for own, box in zip(named, place_names(named, Box(left, bottom, right, top)), strict=True):
        is_right = box.left > own.x
        middle = (box.bottom + box.top) / 2
        edge = box.left if is_right else box.right
        if abs(middle - own.y) > LINE_HEIGHT:
            ends_x, ends_y = (own.x, edge), (own.y, middle)
            axes.plot(ends_x, ends_y, color=FAINT, linewidth=0.6, transform=drawing)
        axes.annotate(
            own.name,
            (edge, middle - _BASELINE),
            xycoords=drawing,
            horizontalalignment="left" if is_right else "right",
            color=INK,
            fontsize=9.5,
        )


def _drawing(canvas: "Canvas") -> "Transform":
    """From the units of the drawing, which are points."""
    from matplotlib.transforms import Affine2D

    return Affine2D().scale(1 / 72) + canvas.dpi_scale_trans  # the latter changes in saving
