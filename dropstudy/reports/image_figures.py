"""Drawings of single images in the hands of two arms: the gain of each, and a scatter."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from dropstudy.analysis.arms import Arm
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.image_contrast import ImageDifference
from dropstudy.analysis.measures import Measure
from dropstudy.reports.drawing import (
    BAND,
    FAINT,
    INK,
    PAPER,
    RULE,
    Figure,
    drawing_rules,
    label_below,
    new_axes,
    shorten,
    style_of,
    write_svg,
)
from dropstudy.runs.records import ImagePart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMED_POINTS = 4
"""Points of a scatter that are named: those farthest from the diagonal."""

MOST_ROWS = 30
"""Images that the drawing of gains has room for."""

ROW_HEIGHT = 19


@dataclass(frozen=True)
class Gains:
    """The same images before and after.

    Attributes:
        label: Whose work is after.
        reference: Whose is before.
        place: The style of the arm.
        images: Each image's two scores.
    """

    label: str
    reference: str
    place: int
    images: tuple[ImageDifference, ...]


def find_gains(comparison: Comparison) -> list[Gains]:
    """Each arm's images against the baseline's; of one arm alone, against the classical method."""
    if not comparison.contrasts:
        images = against_classical(comparison.baseline, comparison.measure)
        method = comparison.baseline.runs[0].classical_method
        return [Gains(comparison.baseline.label, method, 0, images)] if images else []
    return [
        Gains(contrast.arm.label, contrast.baseline.label, place, contrast.images.images)
        for place, contrast in enumerate(comparison.contrasts, 1)
        if contrast.images
    ]


def against_classical(arm: Arm, measure: Measure) -> tuple[ImageDifference, ...]:
    """Each image's score by the classical method and, a mean over runs, by the network.

    None where the measure is not one of single images.
    """
    if not measure.score:
        return ()
    scores: dict[tuple[ImagePart, str], list[tuple[float, float]]] = {}
    for run in arm.runs:
        for image in run.images:
            pair = getattr(image, f"classical_{measure.score}"), getattr(image, measure.score)
            scores.setdefault((image.part, image.image), []).append(pair)
    differences = [
        ImageDifference(part, name, fmean(old for old, _ in own), fmean(new for _, new in own))
        for (part, name), own in scores.items()
    ]
    return tuple(image for image in differences if abs(image.gain) < float("inf"))


def draw_images(comparison: Comparison) -> list[Figure]:
    """The gains of all images, and a scatter for each arm."""
    gains = find_gains(comparison)
    if not gains:
        return []
    with drawing_rules():
        return [
            _draw_gains(comparison, gains),
            *(_draw_scatter(comparison, own) for own in gains),
        ]


def _draw_gains(comparison: Comparison, gains: Sequence[Gains]) -> Figure:
    rows: dict[tuple[ImagePart, str], list[float]] = {}
    for own in gains:
        for image in own.images:
            rows.setdefault((image.part, image.image), []).append(image.gain)
    order = sorted(rows, key=lambda row: fmean(rows[row]))
    if left_out := max(0, len(order) - MOST_ROWS):
        order = [*order[: MOST_ROWS // 2], *order[-MOST_ROWS // 2 :]]
    heights = {row: place for place, row in enumerate(order)}
    canvas, axes = new_axes(50 + ROW_HEIGHT * len(order), left=120)
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=RULE, linewidth=0.6)
    axes.axvspan(-comparison.margin, comparison.margin, color=BAND, linewidth=0, zorder=0)
    axes.axvline(0, color=FAINT, linewidth=1, zorder=1)
    for shift, own in enumerate(gains):
        offset = 0.5 * ((shift + 0.5) / len(gains) - 0.5)
        for image in own.images:
            if (image.part, image.image) in heights:
                height = heights[image.part, image.image] - offset
                _point(axes, (image.gain, height), own.place, filled=image.part == "validation")
    names = [shorten(name, 14) + (" (test)" if part == "test" else "") for part, name in order]
    axes.set_yticks(range(len(order)), names)
    axes.set_ylim(-0.6, len(order) - 0.4)
    measure, reference = comparison.measure, gains[0].reference
    label_below(axes, f"gain over {shorten(reference, 24)}" + _in_unit(measure, ", "))
    won = [
        f"{own.label} above {own.reference} on {_won(own)} of {len(own.images)}" for own in gains
    ]
    shapes = ", ".join(f"{style_of(own.place).shape}: {own.label}" for own in gains)
    signs = f"{shapes[:1].upper()}{shapes[1:]}. " if len(gains) > 1 else ""
    middle = f" The {left_out} images in the middle are left out." if left_out else ""
    return Figure(
        key="gains",
        title=f"Gain of each image{_in_unit(measure, ', ')}",
        caption="Right of the line, the arm restores the image better; within the grey band "
        f"the difference is below the margin of {measure.write(comparison.margin)}. "
        f"{signs}Hollow: test images.{middle}",
        svg=write_svg(
            canvas,
            key="gains",
            alternative=f"Dot plot of each image's gain: {'; '.join(won)} images.",
        ),
    )


def _draw_scatter(comparison: Comparison, gains: Gains) -> Figure:
    canvas, axes = new_axes(300)
    axes.grid(axis="both", color=RULE, linewidth=0.6)
    scores = [score for image in gains.images for score in (image.before, image.after)]
    room = 0.08 * (max(scores) - min(scores)) or 0.5
    ends = (min(scores) - room, max(scores) + room)
    axes.plot(ends, ends, color=FAINT, linewidth=1, zorder=1)
    for image in gains.images:
        place = (image.before, image.after)
        _point(axes, place, gains.place, filled=image.part == "validation")
    for image in sorted(gains.images, key=lambda image: -abs(image.gain))[:NAMED_POINTS]:
        _name_point(axes, image, ends)
    axes.set_xlim(ends)
    axes.set_ylim(ends)
    label_below(axes, shorten(gains.reference, 40))
    axes.annotate(
        shorten(gains.label, 40),
        (0, 1),
        xycoords="axes fraction",
        xytext=(3, -2),
        textcoords="offset points",
        verticalalignment="top",
        color=INK,
        fontsize=10,
    )
    measure = comparison.measure
    key = f"scatter-{gains.place}"
    return Figure(
        key=key,
        title=f"{gains.label} against {gains.reference}, {measure.score.upper()} of each image",
        caption="Above the diagonal, the arm restores the image better. Hollow: test images. "
        "Named are those that differ most.",
        svg=write_svg(
            canvas,
            key=key,
            alternative=f"Scatter of {len(gains.images)} images from "
            f"{measure.write(min(scores))} to {measure.write(max(scores))}: "
            f"{_won(gains)} lie above the diagonal, where {gains.label} is better than "
            f"{gains.reference}; the mean gain is "
            f"{measure.write(fmean(image.gain for image in gains.images), signed=True)}.",
        ),
    )


def _point(axes: "Axes", place: tuple[float, float], style: int, *, filled: bool) -> None:
    drawn = style_of(style)
    axes.plot(
        *place,
        drawn.marker,
        markersize=5.5,
        markerfacecolor=drawn.colour if filled else PAPER,
        markeredgecolor=drawn.colour,
    )


def _name_point(axes: "Axes", image: ImageDifference, ends: tuple[float, float]) -> None:
    """The image's name beside its point, on the side with more room."""
    right = image.before < sum(ends) / 2
    axes.annotate(
        shorten(image.image, 20),
        (image.before, image.after),
        xytext=(8 if right else -8, -3),
        textcoords="offset points",
        horizontalalignment="left" if right else "right",
        color=FAINT,
        fontsize=9.5,
    )


def _won(gains: Gains) -> int:
    return sum(image.gain > 0 for image in gains.images)


def _in_unit(measure: Measure, before: str) -> str:
    return f"{before}{measure.unit}" if measure.unit else f"{before}{measure.score.upper()}"
