"""A chart with a row for each arm: single values as dots, their mean, and its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from dropstudy.analysis.statistics import mean_interval
from dropstudy.reports.drawing import (
    BAND,
    FAINT,
    INK,
    PAPER,
    RULE,
    Figure,
    label_below,
    new_axes,
    shorten,
    style_of,
    write_svg,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_HEIGHT = 34
LEVEL_HEIGHT = 12
LONGEST_LABEL = 46


@dataclass(frozen=True)
class Row:
    """One arm.

    Attributes:
        label: What it is called.
        place: Of its style.
        dots: Single values, such as one for each seed; may be empty.
        centre: Their mean.
        interval: The centre's.
        band: What lies behind the row, such as the noise; None: nothing.
    """

    label: str
    place: int
    dots: Sequence[float]
    centre: float
    interval: tuple[float, float] | None
    band: tuple[float, float] | None = None


@dataclass(frozen=True)
class RowChart:
    """What a chart of rows says besides them.

    Attributes:
        key: Its name within the page, and its file's.
        title: What it shows, with the unit.
        caption: What to know to read it.
        below: What the numbers below count.
        unit: For its text alternative.
        decimals: Alike.
        band: What does not matter, behind all rows; None: nothing.
        zero: Where there is no difference; None: nowhere.
    """

    key: str
    title: str
    caption: str
    below: str
    unit: str
    decimals: int
    band: tuple[float, float] | None = None
    zero: float | None = None


def row_of(label: str, place: int, values: Sequence[float], *, level: float) -> Row:
    """Values with their mean and its interval.

    Args:
        label: What they are called.
        place: Of the style.
        values: At least one.
        level: Of the interval.
    """
    interval = mean_interval(values, level=level)
    ends = None if interval is None else (interval.low, interval.high)
    return Row(label, place, values, fmean(values), ends)


def draw_rows(
    chart: RowChart, rows: Sequence[Row], *, levels: Mapping[str, float] | None = None
) -> Figure:
    """Draws the rows from above, and named levels from top to bottom; within `drawing_rules`."""
    levels = levels or {}
    canvas, axes = new_axes(46 + LEVEL_HEIGHT * len(levels) + ROW_HEIGHT * len(rows), left=6)
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=RULE, linewidth=0.6)
    axes.set_yticks([])
    if chart.band is not None:
        axes.axvspan(*chart.band, color=BAND, zorder=0)
    if chart.zero is not None:
        axes.axvline(chart.zero, color=INK, linewidth=0.9, zorder=1)
    for number, row in enumerate(rows):
        _draw_row(axes, row, height=-number)
    axes.set_ylim(0.45 - len(rows), 0.75 + LEVEL_HEIGHT / ROW_HEIGHT * len(levels))
    _frame(axes, chart, rows, levels)
    for number, (name, value) in enumerate(levels.items()):
        _draw_level(axes, name, value, below=LEVEL_HEIGHT * number)
    label_below(axes, chart.below)
    svg = write_svg(canvas, key=chart.key, alternative=_describe(chart, rows, levels))
    return Figure(chart.key, chart.title, chart.caption, svg)


def _draw_row(axes: "Axes", row: Row, *, height: float) -> None:
    style = style_of(row.place)
    if row.band is not None:
        low, high = row.band
        axes.fill_betweenx(
            [height - 0.25, height + 0.25], low, high, color=BAND, linewidth=0, zorder=0
        )
    if row.interval is not None:
        axes.plot(row.interval, [height, height], color=style.colour, linewidth=2.2, zorder=3)
    axes.plot(
        row.dots,
        [height] * len(row.dots),
        "o",
        color=style.colour,
        markersize=4.6,
        markerfacecolor=PAPER,
        markeredgewidth=1,
        zorder=4,
    )
    axes.plot([row.centre], [height], "D", color=style.colour, markersize=5.4, zorder=5)
    axes.annotate(
        shorten(row.label, LONGEST_LABEL),
        (0, height),
        xycoords=("axes fraction", "data"),
        xytext=(0, 6),
        textcoords="offset points",
        color=INK,
        fontsize=10,
        zorder=6,
    )


def _frame(axes: "Axes", chart: RowChart, rows: Sequence[Row], levels: Mapping[str, float]) -> None:
    from matplotlib.ticker import MaxNLocator

    shown = [value for row in rows for value in (*row.dots, row.centre, *(row.interval or ()))]
    shown += [value for row in rows for value in row.band or ()]
    shown += [*levels.values(), *(chart.band or ())]
    shown += [] if chart.zero is None else [chart.zero]
    room = 0.05 * (max(shown) - min(shown)) or 0.5
    axes.set_xlim(min(shown) - room, max(shown) + room)
    axes.xaxis.set_major_locator(MaxNLocator(6))


def _draw_level(axes: "Axes", name: str, value: float, *, below: float) -> None:
    low, high = axes.get_xlim()
    is_right = value > (low + high) / 2
    axes.axvline(value, color=FAINT, linewidth=1, linestyle=(0, (2, 2)), zorder=1)
    axes.annotate(
        name,
        (value, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-3 if is_right else 3, -2 - below),
        textcoords="offset points",
        horizontalalignment="right" if is_right else "left",
        verticalalignment="top",
        color=FAINT,
        fontsize=9.5,
    )


def _describe(chart: RowChart, rows: Sequence[Row], levels: Mapping[str, float]) -> str:
    unit = f" {chart.unit}" if chart.unit else ""

    def write(value: float) -> str:
        return f"{value:.{chart.decimals}f}".replace("-", "−")

    told = []
    for row in rows:
        words = f"{row.label} {write(row.centre)}{unit}"
        if row.interval is not None:
            words += f" ({write(row.interval[0])} to {write(row.interval[1])})"
        told.append(words)
    told += [f"{name} at {write(value)}{unit}" for name, value in levels.items()]
    return f"Dot chart, {chart.title}: {'; '.join(told)}."
