"""Tables of text: aligned and cut to a terminal's width, or as Markdown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dropstudy.cli.console import align_columns

GAP = 2
"""Blanks between two columns."""
SHORT = 36
"""Characters of a text that is shortened for lack of width."""
EASILY_MISSED = 8
"""The rank from which a column goes rather than that others are shortened."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: What stands above it.
        cells: One for each row.
        is_text: Whether it starts left, before all columns of numbers.
        rank: How gladly it is missed where width is short; the highest first, 0 never.
        short_heading: What may stand above it instead where width is short.
    """

    heading: str
    cells: Sequence[str]
    is_text: bool = False
    rank: int = 0
    short_heading: str = ""

    @property
    def width(self) -> int:
        """Of its widest cell."""
        return max(map(len, (self.heading, *self.cells)))

    @property
    def says_nothing(self) -> bool:
        """Whether all of its rows, of which there are several, say the same."""
        return len(self.cells) > 1 and len(set(self.cells)) == 1


def fit_columns(columns: Sequence[Column], width: int) -> tuple[list[Column], list[Column]]:
    """Leaves out and shortens what does not fit into ``width`` characters.

    First go columns that say the same in every row, then those that are easily missed; then
    what is left is shortened, and if need be more columns go.

    Returns:
        The columns to show, and those left out.
    """
    shown = list(columns)
    dropped: list[Column] = []

    def drop(may_go: Callable[[Column], bool]) -> None:
        while _width_of(shown) > width and (going := list(filter(may_go, shown))):
            out = max(going, key=lambda column: column.rank)
            shown.remove(out)
            dropped.append(out)

    drop(lambda column: column.rank > 0 and column.says_nothing)
    if _width_of(shown) > width:
        shown = [replace(item, heading=item.short_heading or item.heading) for item in shown]
    drop(lambda column: column.rank >= EASILY_MISSED)
    if _width_of(shown) > width:
        shown = [_shorten(column) for column in shown]
    drop(lambda column: column.rank > 0)
    return shown, dropped


def write_text(columns: Sequence[Column]) -> list[str]:
    """The heading and a line for each row, text columns before numbers."""
    ordered = [column for column in columns if column.is_text]
    left = len(ordered)
    ordered += [column for column in columns if not column.is_text]
    rows = zip(*((column.heading, *column.cells) for column in ordered), strict=True)
    return [line.rstrip() for line in align_columns(list(rows), left=left)]


def write_markdown(columns: Sequence[Column]) -> list[str]:
    """The lines of a Markdown table."""
    rule = ["---" if column.is_text else "---:" for column in columns]
    rows = zip(*((column.heading, *column.cells) for column in columns), strict=True)
    heading, *body = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    return [f"| {' | '.join(row)} |" for row in (heading, rule, *body)]


def _width_of(columns: Sequence[Column]) -> int:
    return sum(column.width + GAP for column in columns) - GAP


def _shorten(column: Column) -> Column:
    if not column.rank or column.width <= SHORT:
        return column
    cells = [cell if len(cell) <= SHORT else f"{cell[: SHORT - 1]}…" for cell in column.cells]
    return replace(column, cells=cells)
