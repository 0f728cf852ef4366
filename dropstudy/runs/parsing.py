"""Turns a run's files into data of known types, or into an error that names the place."""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from dropstudy.errors import RunDirectoryError
from dropstudy.files import read_plain

MAX_BYTES = 64 << 20
"""The most that is read of a file: the rows of 100,000 epochs."""
MAX_WHOLE = 2**63
"""No count of bytes or steps comes near; larger ones cannot be reckoned with."""
MAX_NUMBER = 1e100
"""Far beyond float32, in which losses are taken; sums of smaller ones are finite."""

Record = TypeVar("Record")


def read_text(path: Path) -> str:
    """What a file says.

    Raises:
        RunDirectoryError: The file cannot be read or is damaged, as in all that follow.
    """
    try:
        return (_read_bytes(path, optional=False) or b"").decode()
    except UnicodeDecodeError:
        raise damage(path, "not UTF-8 text") from None


def read_json(path: Path, *, if_missing: dict[str, Any] | None = None) -> dict[str, Any]:
    """The JSON object that a file holds.

    Args:
        path: The file.
        if_missing: What to return where there is no such file; None: that is an error.
    """
    content = _read_bytes(path, optional=if_missing is not None)
    if content is None:
        return if_missing or {}
    return _parse(content, path)


def read_records(path: Path, record: type[Record]) -> list[Record]:
    """The rows of a file of JSON lines; a last one cut short by a kill is left out.

    Returns:
        No rows where there is no file.
    """
    *whole, rest = (_read_bytes(path, optional=True) or b"").split(b"\n")
    rows = [
        to_record(_parse(line, path, line=number), record, f"{path}:{number}")
        for number, line in enumerate(whole, 1)
        if line.strip()
    ]
    if rest.rstrip().endswith(b"}"):  # whole, if it parses: an editor left its line end out
        number = len(whole) + 1
        rows.append(to_record(_parse(rest, path, line=number), record, f"{path}:{number}"))
    return rows


def to_record(row: Any, record: type[Record], where: Path | str) -> Record:
    """A record of a row; numbers for which JSON has no word come back as NaN.

    Keys of a newer version are passed over; those that an older one did not know may be missing.
    """
    if not isinstance(row, Mapping):
        raise damage(where, f"{show_value(row)} is no JSON object")
    values: dict[str, Any] = {}
    optional = optional_fields(record)
    for name, convert in _converters(record).items():  # type: ignore[arg-type]
        if name not in row and name in optional:
            continue
        if name not in row:
            raise damage(where, f"has no {name}")
        try:
            values[name] = convert(row[name])
        except (TypeError, ValueError, OverflowError):
            raise damage(where, f"{name} is {show_value(row[name])}") from None
    return record(**values)


def optional_fields(record: type[Any]) -> frozenset[str]:
    """The fields of a record that a row of an older version may lack."""
    return frozenset(item.name for item in fields(record) if item.default is not MISSING)


def to_numbers(content: Any, where: Path | str, name: str) -> dict[str, float]:
    """The numbers of a JSON object called ``name``, null as NaN; empty for null itself."""
    try:
        return {key: _to_float(value) for key, value in _to_mapping(content or {}).items()}
    except (TypeError, OverflowError):
        raise damage(where, f"{name} is {show_value(content)}") from None


def damage(where: Path | str, what: str) -> RunDirectoryError:
    """The error that says what is wrong at one place of a file."""
    return RunDirectoryError(f"{where}: damaged: {what}")


def show_value(value: Any) -> str:
    """A value of a file as JSON, shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _read_bytes(path: Path, *, optional: bool) -> bytes | None:
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve()):
            raise RunDirectoryError(f"{path}: a link that leads out of the run")
        return read_plain(path, most_bytes=MAX_BYTES)
    except FileNotFoundError as error:
        if optional:
            return None
        reason = error.strerror
    except OSError as error:
        reason = error.strerror
    except RuntimeError:  # as Python 3.11 and 3.12 tell of links in a circle
        reason = "links that lead round in a circle"
    raise RunDirectoryError(f"{path}: cannot be read: {reason}") from None


def _parse(content: bytes, path: Path, *, line: int = 0) -> dict[str, Any]:
    """A JSON object; ``line`` is its only line in the file, 0 for a file of its own."""
    where = f"{path}:{line}" if line else str(path)
    try:
        parsed = json.loads(content.decode())
    except UnicodeDecodeError:
        raise damage(where, "not UTF-8 text") from None
    except json.JSONDecodeError as error:
        place = f"{path}:{line or error.lineno}"
        raise damage(place, f"not JSON: {error.msg} (column {error.colno})") from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, 5,000 brackets
        raise damage(where, f"not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise damage(where, "not a JSON object")
    return parsed


@cache
def _converters(record: type[Any]) -> dict[str, Callable[[Any], Any]]:
    """What makes each field of its JSON; they raise TypeError or ValueError."""
    return {name: _converter(kind) for name, kind in get_type_hints(record).items()}


def _converter(kind: Any) -> Callable[[Any], Any]:
    if kind is float:
        return _to_float
    if kind is int:
        return _to_int
    if isinstance(kind, UnionType) and type(None) in get_args(kind):
        [known] = [own for own in get_args(kind) if own is not type(None)]
        convert = _converter(known)
        return lambda value: None if value is None else convert(value)
    if kind is str:
        return _to_text
    if get_origin(kind) is Literal:
        return _one_of(get_args(kind))
    if kind == dict[str, str]:
        return lambda value: {key: _to_text(item) for key, item in _to_mapping(value).items()}
    raise NotImplementedError(f"no way to read a {kind}")


def _one_of(choices: tuple[Any, ...]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        return choices[choices.index(value)]

    return convert


def _to_float(value: Any) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if abs(value) > MAX_NUMBER:
        raise OverflowError
    return float(value)


def _to_int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise TypeError
    if abs(value) >= MAX_WHOLE:
        raise OverflowError
    return int(value)


def _to_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _to_mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return value
