"""Where the names of points stand, so that none lies on another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CHARACTER_WIDTH = 6.0
"""Of a name in the size in which points are named; rather too wide than too narrow."""

LINE_HEIGHT = 12.0
_GAP = 7.0
_MARKER = 4.0
_MOST_LINES = 9
_COST_OF_OVERLAP = 10.0
"""Of lying on a name or a marker, twice that outside the frame; a line through it costs 1."""


@dataclass(frozen=True)
class Box:
    """A part of a drawing, in its units.

    Attributes:
        left: Lowest x.
        bottom: Lowest y.
        right: Highest x.
        top: Highest y.
    """

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: "Box") -> bool:
        """Whether they have a part in common."""
        across = min(self.right, other.right) - max(self.left, other.left)
        return across > 0 and min(self.top, other.top) - max(self.bottom, other.bottom) > 0

    def holds(self, other: "Box") -> bool:
        """Whether ``other`` lies within."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.bottom <= other.bottom
            and other.top <= self.top
        )


@dataclass(frozen=True)
class Named:
    """A point that shall have its name beside it, in the units of the drawing.

    Attributes:
        name: What stands there.
        x: Of the point.
        y: Of the point.
        line: The interval through it, from below to above; None: there is none.
    """

    name: str
    x: float
    y: float
    line: tuple[float, float] | None


def place_names(points: Sequence[Named], frame: Box) -> list[Box]:
    """Each name's place: beside its point, or as near as the others leave room.

    Args:
        points: In the order in which they choose.
        frame: Where names may stand.
    """
    markers = [
        Box(own.x - _MARKER, own.y - _MARKER, own.x + _MARKER, own.y + _MARKER) for own in points
    ]
    lines = [Box(own.x - 1, own.line[0], own.x + 1, own.line[1]) for own in points if own.line]
    taken: list[Box] = []

    def cost(box: Box) -> float:
        hard = sum(box.meets(other) for other in (*taken, *markers)) + 2 * (not frame.holds(box))
        return _COST_OF_OVERLAP * hard + sum(box.meets(other) for other in lines)

    for own in points:
        best = min(_candidates(own), key=cost)  # of equals the first, which is the nearest
        taken.append(best)
    return taken


def _candidates(point: Named) -> Iterator[Box]:
    """Places for a name, the nearest first."""
    width = CHARACTER_WIDTH * len(point.name)
    for step in range(2 * _MOST_LINES + 1):
        lift = LINE_HEIGHT / 2 * (-1) ** step * step
        bottom = point.y + lift - LINE_HEIGHT / 2
        for left in (point.x + _GAP, point.x - _GAP - width):
            yield Box(left, bottom, left + width, bottom + LINE_HEIGHT)
