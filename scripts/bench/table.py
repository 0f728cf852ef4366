"""The benchmark's table: what was found, beside what it should be."""

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.bench.turns import Spread

HEADINGS = ("what", "figures", "ratio", "MAD", "lowest-highest", "target", "")


@dataclass(frozen=True)
class Target:
    """What a ratio should be at most, or at least."""

    limit: float
    is_highest: bool

    def is_met(self, value: float) -> bool:
        """Whether ``value`` keeps it."""
        return value <= self.limit if self.is_highest else value >= self.limit

    def __str__(self) -> str:
        return f"{'<=' if self.is_highest else '>='} {self.limit:g}"


def at_most(limit: float) -> Target:
    """A ratio that should not be higher."""
    return Target(limit, is_highest=True)


def at_least(limit: float) -> Target:
    """A ratio that should not be lower."""
    return Target(limit, is_highest=False)


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: Is compared with what.
        figures: The two, with their unit.
        ratio: Of the two; None where it could not be measured, for which ``figures`` says why.
        target: What its median should be, if anything.
    """

    what: str
    figures: str
    ratio: Spread | None = None
    target: Target | None = None

    @property
    def is_sure(self) -> bool:
        """Whether the 95 % interval of the ratio's median lies on one side of the target."""
        if self.ratio is None or self.target is None or self.ratio.interval is None:
            return False
        low, high = map(self.target.is_met, self.ratio.interval)
        return low == high

    def cells(self, *, is_doubtful: bool = False) -> tuple[str, ...]:
        """The row as texts, one for each heading; a verdict that is not sure is in question."""
        ratio, verdict = self.ratio, ""
        target = str(self.target) if self.target else ""
        if ratio is None:
            return (self.what, self.figures, "", "", "", target, "not measured" if target else "")
        if self.target:
            verdict = "met" if self.target.is_met(ratio.median) else "missed"
            verdict += "?" if is_doubtful or not self.is_sure else ""
        numbers = (f"{ratio.median:.3f}", "", "")
        if ratio.count > 1:
            spread = f"{ratio.lowest:.3f}-{ratio.highest:.3f}"
            numbers = (f"{ratio.median:.3f}", f"{ratio.deviation:.3f}", spread)
        return (self.what, self.figures, *numbers, target, verdict)


def format_rows(rows: Sequence[Row], *, is_doubtful: bool = False) -> str:
    """The rows under their headings, in columns."""
    return format_columns([HEADINGS, *(row.cells(is_doubtful=is_doubtful) for row in rows)])


def format_columns(lines: Sequence[Sequence[str]]) -> str:
    """Lines of texts as columns; the first line is their headings."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([padded[0], "-" * len(padded[0]), *padded[1:]])
