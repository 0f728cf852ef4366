"""Lines of a study's arms: their mean over seeds by epoch, their time by turn."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING

from dropstudy.analysis.arms import Arm
from dropstudy.analysis.comparison import Comparison
from dropstudy.reports.drawing import (
    INK,
    WIDTH,
    Figure,
    label_below,
    new_axes,
    style_of,
    write_svg,
)
from dropstudy.reports.figures import reference_levels
from dropstudy.reports.line_chart import Line, draw_levels, frame_of, mean_line
from dropstudy.reports.study.labels import CHARACTER_WIDTH
from dropstudy.reports.study.legend import draw_legend, legend_height, name_in_legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

HEIGHT = 240
_MOST_FOR_LEVELS = 0.3
"""Of the width, for what levels are called."""


def draw_bands(comparison: Comparison) -> Figure:
    """The validation PSNR by epoch; within `drawing_rules`."""
    lines = {
        arm.label: [_line(arm, number) for number in range(len(arm.runs))]
        for arm in comparison.arms
    }
    means = {label: mean_line(own) for label, own in lines.items()}
    levels = reference_levels(comparison)
    low, high, cut = frame_of(
        [line for own in lines.values() for line in own], also=list(levels.values())
    )
    opacity = min(0.16, 0.8 / len(lines))  # of many bands the lines shall stay visible
    with _axes_for(means, below="epoch") as (canvas, axes):
        for place, own in enumerate(lines.values()):
            ends = list(zip(*(line.y for line in own), strict=False))
            axes.fill_between(
                mean_line(own).x,
                list(map(min, ends)),
                list(map(max, ends)),
                color=style_of(place).colour,
                alpha=opacity,
                linewidth=0,
            )
        axes.set_ylim(low, high)
        if levels:
            _make_room(axes, max(len(f"{name} {value:.2f}") for name, value in levels.items()))
            draw_levels(axes, levels)
    ways = [f"{label} from {mean.y[0]:.2f} to {mean.y[-1]:.2f} dB" for label, mean in means.items()]
    caption = "A line is the mean over seeds, its band reaches from the worst to the best of them."
    return Figure(
        "curves",
        "Validation PSNR, dB",
        caption + (" The first epochs lie outside the frame." if cut else ""),
        write_svg(
            canvas, key="curves", alternative=f"Line chart, validation PSNR: {'; '.join(ways)}."
        ),
    )


def draw_turns(milliseconds: Mapping[str, Sequence[float]]) -> Figure:
    """The step time by turn, each arm's by its median; within `drawing_rules`.

    Args:
        milliseconds: Of each arm, one for each turn, in order.
    """
    lines = {}
    for label, own in milliseconds.items():
        middle = median(own)
        lines[label] = Line(range(1, len(own) + 1), [value / middle for value in own])
    with _axes_for(lines, below="turn") as (canvas, axes):
        axes.axhline(1, color=INK, linewidth=0.9, zorder=1)
    ways = [
        f"{label} from {own[0]:.3g} to {own[-1]:.3g} ms, at most {max(own):.3g} ms"
        for label, own in milliseconds.items()
    ]
    return Figure(
        "turns",
        "Step time turn by turn, as a multiple of the arm's median",
        "All arms have their turns one after another, there and back: what slows the machine down "
        "for a while shows in all of them, and drift as a slope.",
        write_svg(
            canvas,
            key="turns",
            alternative=f"Line chart, milliseconds of a step over the turns: {'; '.join(ways)}.",
        ),
    )


@contextmanager
def _axes_for(lines: Mapping[str, Line], *, below: str) -> "Iterator[tuple[Canvas, Axes]]":
    """Axes with a line for each arm, to draw more on; numbered and with a legend afterwards."""
    from matplotlib.ticker import MaxNLocator

    legend = legend_height(lines)
    canvas, axes = new_axes(HEIGHT + legend, bottom=34 + legend)
    for place, (label, line) in enumerate(lines.items()):
        style = style_of(place)
        axes.plot(
            line.x,
            line.y,
            color=style.colour,
            linestyle=style.dash,
            linewidth=1.8,
            marker=style.marker,
            markersize=4.5,
            markevery=(place % 2 if len(line.x) > 1 else 0, max(1, len(line.x) // 7)),
            label=name_in_legend(label),
        )
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    yield canvas, axes
    ends = axes.get_xlim()
    last = max(max(line.x) for line in lines.values())
    axes.set_xticks([tick for tick in axes.get_xticks() if 1 <= tick <= last])
    axes.set_xlim(ends)
    label_below(axes, below)
    draw_legend(canvas, lines)


def _make_room(axes: "Axes", letters: int) -> None:
    """Beyond the last epoch, for names that would lie on the curves else."""
    left, right = axes.get_xlim()
    share = min(CHARACTER_WIDTH * letters / WIDTH, _MOST_FOR_LEVELS)
    axes.set_xlim(left, left + (right - left) / (1 - share))


def _line(arm: Arm, number: int) -> Line:
    epochs = arm.runs[number].epochs
    return Line([row.epoch for row in epochs], [row.val_psnr for row in epochs])
