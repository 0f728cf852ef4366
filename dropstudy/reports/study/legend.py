"""The names of arms below a drawing, each with its sign."""

import math
from collections.abc import Collection
from typing import TYPE_CHECKING

from dropstudy.reports.drawing import INK, WIDTH, shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

_ROW = 15
_NARROW = 26
"""Letters of a name that stands beside another."""

_WIDE = 52


def legend_height(labels: Collection[str]) -> float:
    """Room that the arms' names take below a drawing."""
    return _ROW * math.ceil(len(labels) / _count_columns(labels)) + 4


def name_in_legend(label: str) -> str:
    """As much of an arm's name as a row holds."""
    return shorten(label, _WIDE)


def draw_legend(canvas: "Canvas", labels: Collection[str]) -> None:
    """Names all that was drawn under `name_in_legend` of these labels."""
    canvas.legend(
        loc="lower left",
        bbox_to_anchor=(4 / WIDTH, 0),
        ncols=_count_columns(labels),
        frameon=False,
        fontsize=9.5,
        labelcolor=INK,
        borderpad=0,
        handlelength=2.4,
        columnspacing=1.2,
    )


def _count_columns(labels: Collection[str]) -> int:
    """One where a name is too long for two."""
    return 2 if max(map(len, labels)) <= _NARROW else 1
