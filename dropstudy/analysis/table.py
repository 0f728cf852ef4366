"""A table of words, the same on a terminal, in Markdown and in a report."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """Rows of words under a heading.

    Attributes:
        title: What the table is about.
        columns: One heading for each column.
        rows: As many cells in each as there are columns.
        words: How many columns, from the left, are words; the others are numbers.
        remark: What a reader must know of it; may be empty.
        legend: What a column holds, where its heading does not say it.
        emphasised: Places, from 0, of rows that sum others up.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    remark: str = ""
    legend: Mapping[str, str] = field(default_factory=dict)
    emphasised: frozenset[int] = frozenset()

    @property
    def note(self) -> str:
        """The remark and the whole legend."""
        return self.note_on(self.columns)

    def note_on(self, columns: Collection[str]) -> str:
        """The remark, and the legend of those columns that are shown."""
        shown = [f"{name}: {text}" for name, text in self.legend.items() if name in columns]
        legend = "; ".join(shown) + "." if shown else ""
        return " ".join(part for part in (self.remark, legend) if part)
