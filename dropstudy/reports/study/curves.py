"""Curves of a study: each arm's mean over its seeds, in the band of all of them."""

from dropstudy.analysis.arms import Arm
from dropstudy.analysis.comparison import Comparison
from dropstudy.reports.drawing import (
    Figure,
    label_below,
    new_axes,
    style_of,
    write_svg,
)
from dropstudy.reports.figures import reference_levels
from dropstudy.reports.line_chart import Line, draw_levels, frame_of, mean_line
from dropstudy.reports.study.legend import draw_legend, legend_height, name_in_legend

HEIGHT = 240


def draw_bands(comparison: Comparison) -> Figure:
    """The validation PSNR by epoch; within `drawing_rules`."""
    from matplotlib.ticker import MaxNLocator

    lines = {
        arm.label: [_line(arm, number) for number in range(len(arm.runs))]
        for arm in comparison.arms
    }
    levels = reference_levels(comparison)
    legend = legend_height(lines)
    canvas, axes = new_axes(HEIGHT + legend, bottom=34 + legend)
    low, high, cut = frame_of(
        [line for own in lines.values() for line in own], also=list(levels.values())
    )
    opacity = min(0.16, 0.8 / len(lines))  # of many bands the lines shall stay visible
    for place, (label, own) in enumerate(lines.items()):
        style, mean = style_of(place), mean_line(own)
        ends = list(zip(*(line.y[: len(mean.x)] for line in own), strict=False))
        axes.fill_between(
            mean.x,
            list(map(min, ends)),
            list(map(max, ends)),
            color=style.colour,
            alpha=opacity,
            linewidth=0,
        )
        axes.plot(
            mean.x,
            mean.y,
            color=style.colour,
            linestyle=style.dash,
            linewidth=1.8,
            marker=style.marker,
            markersize=4.5,
            markevery=(place % 2 if len(mean.x) > 1 else 0, max(1, len(mean.x) // 7)),
            label=name_in_legend(label),
        )
    axes.set_ylim(low, high)
    draw_levels(axes, levels)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    label_below(axes, "epoch")
    draw_legend(canvas, lines)
    ways = [
        f"{label} from {mean_line(own).y[0]:.2f} to {mean_line(own).y[-1]:.2f} dB"
        for label, own in lines.items()
    ]
    caption = "A line is the mean over seeds, its band reaches from the worst to the best of them."
    return Figure(
        "curves",
        "Validation PSNR, dB",
        caption + (" The first epochs lie outside the frame." if cut else ""),
        write_svg(
            canvas, key="curves", alternative=f"Line chart, validation PSNR: {'; '.join(ways)}."
        ),
    )


def _line(arm: Arm, number: int) -> Line:
    epochs = arm.runs[number].epochs
    return Line([row.epoch for row in epochs], [row.val_psnr for row in epochs])
