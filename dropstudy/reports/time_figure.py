"""A drawing of where the seconds of whole runs went."""

from statistics import fmean

from dropstudy.analysis.arms import Arm
from dropstudy.analysis.comparison import Comparison
from dropstudy.reports.drawing import (
    INK,
    RULE,
    Figure,
    drawing_rules,
    label_below,
    new_axes,
    shorten,
    style_of,
    write_svg,
)

_SPENT = ("first step", "training", "validation", "other")
_HATCHES = ("xxxx", "", "////", "....")
_OPACITIES = (0.0, 0.85, 0.0, 0.0)


def draw_time(comparison: Comparison) -> Figure:
    """Where the seconds of whole runs went, a bar for each arm."""
    with drawing_rules():
        spent = {arm.label: _spend(arm) for arm in comparison.arms}
        canvas, axes = new_axes(44 + 42 * len(spent), left=4)
        axes.grid(visible=False, axis="y")
        axes.grid(axis="x", color=RULE, linewidth=0.6)
        axes.set_yticks([])
        for place, (label, parts) in enumerate(spent.items()):
            colour, start, height = style_of(place).colour, 0.0, -place
            for seconds, hatch, opacity in zip(parts, _HATCHES, _OPACITIES, strict=True):
                axes.barh(
                    height,
                    seconds,
                    left=start,
                    height=0.42,
                    facecolor=(colour, opacity),
                    edgecolor=colour,
                    linewidth=0.8,
                    hatch=hatch,
                )
                start += seconds
            axes.annotate(
                f"{shorten(label, 36)} · {start:.{0 if start >= 10 else 1}f} s",
                (0, height + 0.3),
                xytext=(0, 2),
                textcoords="offset points",
                color=INK,
                fontsize=10,
            )
        axes.set_ylim(0.4 - len(spent), 0.75)
        axes.set_xlim(0, 1.02 * max(sum(parts) for parts in spent.values()))
        label_below(axes, "seconds of a whole run")
        ways = [
            f"{label}: "
            + ", ".join(f"{name} {part:.1f} s" for name, part in zip(_SPENT, parts, strict=True))
            for label, parts in spent.items()
        ]
        return Figure(
            key="time",
            title="Where the seconds went",
            caption="All epochs of a run, a mean over seeds. Crossed: the first step, which "
            "compiles; plain: all other training; striped: validation; dotted: the rest, such as "
            "saving.",
            svg=write_svg(
                canvas, key="time", alternative=f"Bar chart of a run's seconds. {'; '.join(ways)}."
            ),
        )


def _spend(arm: Arm) -> tuple[float, float, float, float]:
    """Seconds of the first step, of training else, of validation and of the rest."""
    first = fmean(run.epochs[0].first_step_seconds for run in arm.runs)
    train, validation, other = (
        fmean(sum(getattr(row, f"{part}_seconds") for row in run.epochs) for run in arm.runs)
        for part in ("train", "val", "other")
    )
    return first, train - first, validation, other
