"""Curves in a terminal, drawn in Braille dots, told apart without colours."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.text import Text

_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Of each dot of a Braille sign, by column and row."""
_BLANK = 0x2800
_WIDE_RANGE = 20
"""How many times the smallest value the largest is before the scale becomes logarithmic."""


@dataclass(frozen=True)
class Curve:
    """Values over epochs.

    Attributes:
        label: Its name, written where the curve ends.
        values: One for each epoch; NaN leaves a gap.
        style: Its colour, where there are colours.
        gap: Columns of dots left out after each one drawn; 0 for an unbroken line.
    """

    label: str
    values: Sequence[float]
    style: str = ""
    gap: int = 0

    @property
    def finite(self) -> list[float]:
        """The values that can be drawn."""
        return [value for value in self.values if math.isfinite(value)]


def draw_chart(title: str, curves: Sequence[Curve], *, width: int, height: int) -> list[Text]:
    """Draws curves of the same epochs, with a title, an axis and each curve's name at its end.

    Args:
        title: What is drawn; says also where the scale is logarithmic.
        curves: At least one has two values that are finite.
        width: Characters of the drawing itself.
        height: Lines of the drawing itself.
    """
    drawn = [curve for curve in curves if curve.finite]
    values = [value for curve in drawn for value in curve.finite]
    low, high = min(values), max(values)
    logarithmic = low > 0 and high > _WIDE_RANGE * low
    scale = _Scale(low, high, lines=4 * height, logarithmic=logarithmic)
    canvas = _Canvas(width, height)
    labels: dict[int, Curve] = {}
    for curve in drawn:
        for dot in _trace(curve, scale, dots=2 * width):
            canvas.set(*dot, curve.style)
        line = _free_line(scale.line_of(curve.finite[-1]) // 4, labels, height)
        labels[line] = curve
    head = f"{title}, logarithmic" if logarithmic else title
    axis = {0: high, height - 1: low}
    numbers = {line: f"{value:.4g}" for line, value in axis.items()}
    margin = max(map(len, numbers.values()))
    lines = [Text(f"{'':{margin}}  {head}", style="bold")]
    for line in range(height):
        text = Text(f"{numbers.get(line, ''):>{margin}} ┤" if line in axis else f"{'':{margin}} │")
        text.append_text(canvas.line(line))
        if line in labels:
            text.append(f" {labels[line].label}", style=labels[line].style)
        text.rstrip()
        lines.append(text)
    last = f"epoch {max(len(curve.values) for curve in curves)}"
    lines.append(Text(f"{'':{margin}} └{'epoch 1':─<{width - len(last)}}{last}", style="dim"))
    return lines


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    lines: int
    logarithmic: bool

    def line_of(self, value: float) -> int:
        """The line of dots of a value, from the top."""
        low, high, at = (
            (math.log(number) if self.logarithmic else number)
            for number in (self.low, self.high, value)
        )
        share = (at - low) / (high - low) if high > low else 0.5
        return round((1 - share) * (self.lines - 1))


@dataclass
class _Canvas:
    width: int
    height: int
    signs: dict[tuple[int, int], int] = field(default_factory=dict)
    styles: dict[tuple[int, int], str] = field(default_factory=dict)

    def set(self, x: int, y: int, style: str) -> None:
        place = (y // 4, x // 2)
        self.signs[place] = self.signs.get(place, 0) | _BITS[x % 2][y % 4]
        self.styles[place] = style

    def line(self, number: int) -> Text:
        text = Text()
        for column in range(self.width):
            place = (number, column)
            sign = chr(_BLANK | self.signs[place]) if place in self.signs else " "
            text.append(sign, style=self.styles.get(place, ""))
        return text


def _trace(curve: Curve, scale: _Scale, *, dots: int) -> Iterator[tuple[int, int]]:
    """The dots of a curve: its values, and straight lines between those side by side."""
    before: tuple[int, int] | None = None
    for index, value in enumerate(curve.values):
        if not math.isfinite(value):
            before = None
            continue
        x = round(index / max(len(curve.values) - 1, 1) * (dots - 1))
        here = (x, scale.line_of(value))
        for dot in _join(before or here, here):
            if dot[0] % (curve.gap + 1) == 0:
                yield dot
        before = here


def _join(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    for step in range(steps + 1):
        yield tuple(  # type: ignore[misc]
            round(a + (b - a) * step / steps) for a, b in zip(start, end, strict=True)
        )


def _free_line(wanted: int, taken: dict[int, Curve], height: int) -> int:
    """The nearest line without a label."""
    return min(
        (line for line in range(height) if line not in taken), key=lambda line: abs(line - wanted)
    )
