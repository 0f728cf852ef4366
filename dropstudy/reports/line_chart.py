"""A chart of lines: an arm's runs thin, their mean thick, what needs no network across."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from dropstudy.reports.drawing import (
    FAINT,
    INK,
    PAPER,
    Figure,
    label_below,
    new_axes,
    shorten,
    style_of,
    write_svg,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 230
EARLY = 0.1
"""Share of the epochs that may lie outside the frame where they would flatten all others."""

OUTLYING = 2.5
"""How many times the range of all other epochs the whole range may be before they do."""


@dataclass(frozen=True)
class Line:
    """One run's or one arm's way.

    Attributes:
        x: Epochs or seconds.
        y: What is drawn, NaN where unknown.
    """

    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Chart:
    """What a chart says besides its lines.

    Attributes:
        key: Its name within the page.
        title: What it shows, with the unit.
        caption: What to know to read it.
        unit: For its text alternative.
        decimals: Alike.
        below: What the numbers below it count.
        from_zero: Whether the frame begins at 0, so that heights compare as ratios.
        is_tiny: Whether its numbers may need powers of ten.
        hollow_start: Whether the first point is marked as another kind.
        is_shared: Whether all lines are one, which then belongs to no arm.
    """

    key: str
    title: str
    caption: str
    unit: str
    decimals: int
    below: str = "epoch"
    from_zero: bool = False
    is_tiny: bool = False
    hollow_start: bool = False
    is_shared: bool = False


def draw_chart(
    chart: Chart, lines: Mapping[str, Sequence[Line]], *, levels: Mapping[str, float] | None = None
) -> Figure:
    """Draws each arm's lines, by its label, and named levels across; within `drawing_rules`."""
    levels = levels or {}
    canvas, axes = new_axes(HEIGHT)
    low, high, cut = frame_of(
        [line for own in lines.values() for line in own], also=list(levels.values())
    )
    drawn = list(lines.values())[: 1 if chart.is_shared else None]
    for place, own in enumerate(drawn):
        _draw_arm(axes, own[: 1 if chart.is_shared else None], place=place, chart=chart)
    axes.set_ylim(0 if chart.from_zero else low, high)
    draw_levels(axes, levels)
    _number_axes(axes, chart)
    caption = chart.caption + (" The first epochs lie outside the frame." if cut else "")
    alternative = _describe(chart, lines, levels)
    svg = write_svg(canvas, key=chart.key, alternative=alternative)
    return Figure(chart.key, chart.title, caption, svg)


def mean_line(lines: Sequence[Line]) -> Line:
    """The mean of several lines, point by point, as far as all of them go."""
    length = min(len(line.x) for line in lines)
    return Line(
        [fmean(line.x[place] for line in lines) for place in range(length)],
        [fmean(line.y[place] for line in lines) for place in range(length)],
    )


def frame_of(lines: Sequence[Line], *, also: Sequence[float] = ()) -> tuple[float, float, bool]:
    """The lowest and highest value to show, and whether early epochs lie outside.

    Args:
        lines: What is drawn.
        also: Values that shall be seen in any case.
    """
    every = [value for line in lines for value in line.y if math.isfinite(value)]
    late = [
        value
        for line in lines
        for value in line.y[math.ceil(EARLY * len(line.y)) :]
        if math.isfinite(value)
    ]
    every, late = [*every, *also] or [0.0, 1.0], [*late, *also]
    whole = max(every) - min(every)
    cut = bool(late) and max(late) > min(late) and whole > OUTLYING * (max(late) - min(late))
    low, high = (min(late), max(late)) if cut else (min(every), max(every))
    room = 0.06 * (high - low) or 0.05 * abs(high) or 0.5
    return low - room, high + room, cut


def _draw_arm(axes: "Axes", lines: Sequence[Line], *, place: int, chart: Chart) -> None:
    style, mean = style_of(place), mean_line(lines)
    colour = INK if chart.is_shared else style.colour
    if len(lines) > 1:
        for line in lines:
            axes.plot(line.x, line.y, color=colour, linewidth=0.8, alpha=0.45)
    has_markers = not chart.is_shared or len(mean.x) == 1
    axes.plot(
        mean.x,
        mean.y,
        color=colour,
        linestyle="solid" if chart.is_shared else style.dash,
        linewidth=1.8,
        marker=style.marker if has_markers else "",
        markersize=4.5,
        markevery=(place % 2 if len(mean.x) > 1 else 0, max(1, len(mean.x) // 7)),
    )
    if chart.hollow_start:
        axes.plot(
            mean.x[:1],
            mean.y[:1],
            style.marker,
            markersize=5.5,
            markerfacecolor=PAPER,
            markeredgecolor=colour,
        )


def draw_levels(axes: "Axes", levels: Mapping[str, float]) -> None:
    """What needs no network, as lines across; named at the right, where curves seldom are."""
    middle = fmean(axes.get_ylim())
    for name, value in levels.items():
        is_low = value < middle
        axes.axhline(value, color=FAINT, linewidth=1, linestyle=(0, (2, 2)), zorder=1)
        axes.annotate(
            shorten(f"{name} {value:.2f}", 28),
            (1, value),
            xycoords=("axes fraction", "data"),
            xytext=(0, 3 if is_low else -3),
            textcoords="offset points",
            horizontalalignment="right",
            verticalalignment="bottom" if is_low else "top",
            color=FAINT,
            fontsize=9.5,
        )


def _number_axes(axes: "Axes", chart: Chart) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(6, integer=chart.below == "epoch"))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    if chart.is_tiny:
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    label_below(axes, chart.below)


def _describe(
    chart: Chart, lines: Mapping[str, Sequence[Line]], levels: Mapping[str, float]
) -> str:
    unit = f" {chart.unit}" if chart.unit else ""
    ways = []
    for label, own in lines.items():
        mean = mean_line(own)
        first, last = (f"{value:.{chart.decimals}f}{unit}" for value in (mean.y[0], mean.y[-1]))
        ways.append(f"{label} from {first} to {last}")
    flat = [f"{name} at {value:.{chart.decimals}f}{unit}" for name, value in levels.items()]
    return f"Line chart, {chart.title}: {'; '.join([*ways, *flat])}."
