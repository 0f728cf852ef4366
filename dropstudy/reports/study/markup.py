"""Text as GitHub's Markdown shows it literally, and tables of it."""

import re
from collections.abc import Iterable

from dropstudy.analysis.table import Table

_SIGNS = re.compile(r"[\\`*\[\]<|~$&#]|(?<![^\W_])_|_(?![^\W_])")
"""What has a meaning anywhere in a line; an underscore within a word has none."""
_BEGINNINGS = re.compile(r"^(?:[-+](?=[-\s]|$)|[=>]|\d+(?=[.)](?:\s|$)))")
"""What has one at the beginning of a line: a list, a heading, a quotation."""
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f"
    r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # lines end, and run from right to left
    r"\ud800-\udfff]"
)


def escape(text: str) -> str:
    """Text on one line, without meaning to Markdown or HTML, control signs spelled out."""
    return _BEGINNINGS.sub(_escape_beginning, _escape_signs(text))


def items(lines: Iterable[str]) -> str:
    """A list of sentences."""
    return "\n".join(f"- {escape(line)}" for line in lines)


def table(content: Table) -> str:
    """A table with its remark and its legend below it, without a heading."""
    rule = ["---" if place < content.words else "---:" for place in range(len(content.columns))]
    rows = [[_escape_signs(cell) for cell in row] for row in (content.columns, *content.rows)]
    lines = [f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:])]
    note = [escape(content.note)] if content.note else []
    return "\n\n".join(["\n".join(lines), *note])


def code(text: str) -> str:
    """Commands, to be copied."""
    lines = "\n".join(_CONTROL.sub(_spell_out, line) for line in text.splitlines())
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", lines)), default=0))
    return f"{fence}sh\n{lines}\n{fence}"


def _escape_signs(text: str) -> str:
    line = _CONTROL.sub(_spell_out, " ".join(text.split()))
    return _SIGNS.sub(r"\\\g<0>", line)


def _escape_beginning(found: "re.Match[str]") -> str:
    sign = found[0]
    return f"{sign}\\" if sign[0].isdigit() else f"\\{sign}"  # 1\\. is no list, and no \\1


def _spell_out(found: "re.Match[str]") -> str:
    return rf"\u{ord(found[0]):04x}"
