"""A config's problems in the words its author needs: where, what, what is allowed."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from dropstudy.config.conflicts import Conflict
from dropstudy.config.schema import Schema, allowed_keys, allowed_values, experiment_schema

Key = str | int
_SHOWN = 60
"""The most signs of a given value or key that a message repeats."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong at one place of a config.

    Attributes:
        source: The file, or the option, that says it.
        line: Its line there, from 1; None where there is none.
        path: The keys that lead to it.
        message: What was given and what is allowed.
    """

    source: str
    line: int | None
    path: tuple[Key, ...]
    message: str

    def __str__(self) -> str:
        """``source:line: path: message``."""
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        parts = (place, join_path(self.path), self.message)
        return ": ".join(on_one_line(part) for part in parts if part)


def join_path(path: Iterable[Key]) -> str:
    """Keys as a reader writes them: ``dropout.encoder.rate[1]``; an empty one as ``''``."""
    text = ""
    for key in path:
        word = shorten(key or "''") if isinstance(key, str) else f"[{key}]"
        text += f".{word}" if text and isinstance(key, str) else word
    return text


def on_one_line(text: str) -> str:
    """Text whose control signs, line ends among them, are spelled out."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def shorten(text: str) -> str:
    """The first of a long text."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def split_path(text: str) -> tuple[Key, ...]:
    """The keys of a dotted path without list indices."""
    return tuple(text.split("."))


def find_problems(
    error: ValidationError, data: Any, schema: Schema | None = None
) -> list[tuple[tuple[Key, ...], str]]:
    """What Pydantic found wrong in ``data``: for each problem its path and its message.

    Args:
        error: Pydantic's.
        data: What was checked.
        schema: Of what was wanted; the experiment's if not given.
    """
    schema = schema or experiment_schema()
    found: list[tuple[tuple[Key, ...], str]] = []
    for item in error.errors(include_url=False):
        context = item.get("ctx", {})
        if item["type"] == "conflicts":
            conflicts: list[Conflict] = context["conflicts"]
            found += [(split_path(conflict.path), conflict.message) for conflict in conflicts]
            continue
        if item["type"] == "too_short" and len(item["input"]) >= context["min_length"]:
            continue  # Pydantic counts an element that is wrong as one that is missing
        path = _drop_union_tags(item["loc"], data, is_missing=item["type"] == "missing")
        if item["type"] in ("union_tag_not_found", "union_tag_invalid"):
            path = (*path, "kind")
        given = item["input"]
        match item["type"]:
            case "extra_forbidden":
                keys = allowed_keys(path[:-1], data, schema)
                text = _describe_unknown_key(str(path[-1]), keys)
            case "missing" | "union_tag_not_found":
                keys, values = (
                    allowed_keys(path, data, schema),
                    allowed_values(path, data, schema),
                )
                text = _describe_missing(keys, values)
            case "model_type" | "model_attributes_type" | "dict_type":
                keys = allowed_keys(path, data, schema)
                wanted = f"a mapping with the keys {_words_of(keys)}" if keys else "a mapping"
                text = f"got {_show(given)}; give {wanted}"
            case "not_allowed":
                values = allowed_values(path, data, schema)
                hint = _suggest(given, values) if isinstance(given, str) else ""
                text = f"got {_show(given)}{hint}; give {item['msg']}"
            case kind:
                text = _describe(kind, item["msg"], given, context)
        found.append((path, text))
    return found


def _describe(kind: str, text: str, given: Any, context: dict[str, Any]) -> str:
    match kind:
        case "union_tag_invalid":
            return _describe_choice(given["kind"], context["expected_tags"])
        case "literal_error" | "enum":
            return _describe_choice(given, context["expected"])
        case "bool_type":
            return f"got {_show(given)}; give true or false"
        case "string_type":
            return f"got {_show(given)}; give text"
        case "int_type" | "int_from_float":
            return f"got {_show(given)}; give a whole number"
        case "too_short":
            return f"got {_show(given)}; give at least {context['min_length']}"
        case "tuple_type" | "list_type":
            return f"got {_show(given)}; give a list"
        case _:
            return f"got {_show(given)}; {text[0].lower()}{text[1:]}"


def _describe_missing(keys: list[str], values: list[str]) -> str:
    if keys:
        return f"missing; give a mapping with the keys {_words_of(keys)}"
    return f"missing; give {_words_of(values, ' or ') or 'it'}"


def _describe_unknown_key(key: str, allowed: list[str]) -> str:
    return f"unknown key{_suggest(key, allowed)}; allowed: {_words_of(allowed)}"


def _describe_choice(given: Any, expected: str) -> str:
    choices = [part.strip(" '") for part in expected.replace(" or ", ",").split(",")]
    hint = _suggest(given, choices) if isinstance(given, str) else ""
    return f"got {_show(given)}{hint}; give {_words_of(choices, ' or ')}"


def _suggest(word: str, choices: list[str]) -> str:
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return f", did you mean '{close[0]}'?" if close else ""


def _words_of(words: list[str], last: str = ", ") -> str:
    return last.join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _show(value: Any) -> str:
    words = {None: "null", True: "true", False: "false"}
    is_word = value is None or isinstance(value, bool)
    return shorten(words[value] if is_word else repr(value))


def _drop_union_tags(loc: tuple[Key, ...], data: Any, *, is_missing: bool) -> tuple[Key, ...]:
    """Leaves out the parts of a Pydantic location that name a union's member, not a key."""
    path: list[Key] = []
    entered = False
    for position, key in enumerate(loc):
        is_last = position == len(loc) - 1
        if isinstance(data, dict):
            names_kind = entered and not is_last and key == data.get("kind")
            entered = False
            if names_kind or (key not in data and not (is_last and is_missing)):
                continue
            data = data.get(key)
        elif isinstance(data, (list, tuple)):
            if not isinstance(key, int):
                continue
            data = data[key] if key < len(data) else None
        else:
            continue
        entered = True
        path.append(key)
    return tuple(path)
