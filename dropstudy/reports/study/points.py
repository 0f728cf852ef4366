"""A chart of arms by two numbers: what they cost and how well they restore."""

from collections.abc import Sequence
from dataclasses import dataclass

from dropstudy.reports.drawing import (
    INK,
    RULE,
    Figure,
    label_below,
    new_axes,
    shorten,
    style_of,
    write_svg,
)

HEIGHT = 250
_LONGEST_LABEL = 30


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
    """Draws each arm with its name beside it; within `drawing_rules`."""
    from matplotlib.ticker import MaxNLocator

    canvas, axes = new_axes(HEIGHT)
    axes.grid(axis="x", color=RULE, linewidth=0.6)
    values = [point.x for point in points]
    room = 0.12 * (max(values) - min(values)) or 0.1 * abs(values[0]) or 1.0
    axes.set_xlim(min(values) - room, max(values) + room)
    middle = (min(values) + max(values)) / 2
    for number, point in enumerate(sorted(points, key=lambda point: point.x)):
        style = style_of(point.place)
        if point.interval is not None:
            axes.plot([point.x] * 2, point.interval, color=style.colour, linewidth=1.8)
        axes.plot([point.x], [point.y], style.marker, color=style.colour, markersize=6)
        is_left = point.x <= middle
        axes.annotate(
            shorten(point.label, _LONGEST_LABEL),
            (point.x, point.y),
            xytext=(6 if is_left else -6, -11 if number % 2 else 4),
            textcoords="offset points",
            horizontalalignment="left" if is_left else "right",
            color=INK,
            fontsize=9.5,
        )
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    label_below(axes, chart.below)
    unit = f" {chart.unit}" if chart.unit else ""
    told = [
        f"{point.label} {point.y:.{chart.decimals}f}{unit} at {point.x:.3g}" for point in points
    ]
    alternative = f"Scatter chart, {chart.title}: {'; '.join(told)} {chart.below}."
    svg = write_svg(canvas, key=chart.key, alternative=alternative)
    return Figure(chart.key, chart.title, chart.caption, svg)
