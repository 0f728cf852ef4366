"""Which runs ``dropstudy list`` shows, and in which order."""

import difflib
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from dropstudy.cli.run_rows import MISSING, Row, known_keys
from dropstudy.errors import ConfigError

_CONDITION = re.compile(r"\s*([^=!<>]+?)\s*(!=|>=|<=|=|>|<)\s*(.*?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """What a run has to fulfil to be shown.

    Attributes:
        key: A value or setting, by dotted key.
        operator: ``=``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``.
        text: What the value is held against, as given.
        wanted: The same, read as YAML.
    """

    key: str
    operator: str
    text: str
    wanted: Any

    def is_met(self, row: Row) -> bool:
        """Whether the run fulfils it; one that lacks the value fulfils ``!=`` alone."""
        value = row.get(self.key)
        if self.operator in ("=", "!="):
            return self._equals(value) == (self.operator == "=")
        if value is MISSING or isinstance(value, bool):
            return False
        if isinstance(value, int | float):
            return self._holds(value, self._number())
        return isinstance(value, str) and self._holds(value, self.text)

    def _equals(self, value: Any) -> bool:
        if isinstance(value, str):
            return value == self.text or fnmatchcase(value, self.text)
        same_type = isinstance(value, bool) == isinstance(self.wanted, bool)
        return same_type and bool(value == self.wanted)

    def _holds(self, value: Any, bound: Any) -> bool:
        match self.operator:
            case "<":
                return bool(value < bound)
            case "<=":
                return bool(value <= bound)
            case ">":
                return bool(value > bound)
            case _:
                return bool(value >= bound)

    def _number(self) -> float:
        if isinstance(self.wanted, bool) or not isinstance(self.wanted, int | float):
            raise ConfigError(
                f"--where {self}: got {self.text!r}; give a number, as {self.key} is one"
            )
        return self.wanted

    def __str__(self) -> str:
        """As it can be given."""
        return f"{self.key}{self.operator}{self.text}"


def parse_condition(given: str) -> Condition:
    """Reads ``KEY=VALUE``, or one with another operator; the value is YAML.

    Raises:
        ConfigError: There is no operator, or the value is no YAML.
    """
    from dropstudy.config.yaml_source import parse_yaml

    found = _CONDITION.fullmatch(given)
    if not found:
        raise ConfigError(
            f"--where {given}: give KEY=VALUE, such as dropout.skip.kind=spatial; "
            "also !=, <, <=, > and >="
        )
    key, operator, text = found.groups()
    # A * stands for any letters here, not for a YAML alias.
    wanted = text if set(text) & set("*?") else parse_yaml(text, source=f"--where {given}").data
    return Condition(key, operator, text, wanted)


def select_rows(rows: Sequence[Row], conditions: Sequence[Condition]) -> list[Row]:
    """The rows that fulfil every condition.

    Raises:
        ConfigError: No row knows a condition's key, or it compares a number with a word.
    """
    for condition in conditions:
        _check_key(condition.key, rows, f"--where {condition}")
    return [row for row in rows if all(condition.is_met(row) for condition in conditions)]


def sort_rows(rows: Sequence[Row], key: str) -> list[Row]:
    """The rows by a value or setting, downwards for ``-KEY``; those that lack it come last.

    Raises:
        ConfigError: No row knows the key.
    """
    name = key.removeprefix("-")
    _check_key(name, rows, f"--sort {key}")
    by_run = sorted(rows, key=lambda row: row.run.name)
    lacking = [row for row in by_run if not _is_known(row.get(name))]
    having = [row for row in by_run if _is_known(row.get(name))]
    having.sort(key=lambda row: _order_of(row.get(name)), reverse=key.startswith("-"))
    return having + lacking


def describe_values(rows: Sequence[Row], conditions: Sequence[Condition]) -> str:
    """The values that there are, for a reader whose conditions no run fulfils."""
    described = []
    for condition in conditions:
        counted = Counter(str(row.get(condition.key)) for row in rows if row.values)
        counted.pop(str(MISSING), None)
        common = [f"{value} ({count})" for value, count in counted.most_common(5)]
        more = ", …" if len(counted) > len(common) else ""
        described.append(f"{condition.key} is {', '.join(common)}{more}")
    return "; ".join(described)


def _check_key(key: str, rows: Sequence[Row], option: str) -> None:
    keys = known_keys(rows)
    if key in keys:
        return
    inside = [known for known in keys if known.startswith(f"{key}.")]
    by_end = {known.rpartition(".")[2]: known for known in reversed(keys)}
    ends = difflib.get_close_matches(key, list(by_end), n=1, cutoff=0.7)
    likely = (
        inside[:3]
        or [by_end[end] for end in ends]
        or difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
    )
    hint = f"did you mean {' or '.join(likely)}?" if likely else "dropstudy show RUN --json has all"
    raise ConfigError(f"{option}: no run has {key}; {hint}")


def _is_known(value: Any) -> bool:
    return value is not MISSING and not (isinstance(value, float) and math.isnan(value))


def _order_of(value: Any) -> tuple[int, Any]:
    """Numbers before words, whatever a setting's type in each run."""
    return (0, value) if isinstance(value, int | float) else (1, str(value))
