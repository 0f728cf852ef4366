"""Reads a YAML file into plain data that remembers the line of every key."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dropstudy.config.problems import Key, Problem
from dropstudy.errors import ConfigError
from dropstudy.files import read_plain

MAX_BYTES = 1_000_000
MAX_NODES = 20_000
MAX_DEPTH = 50
MAX_DIGITS = 100

_CORE = "tag:yaml.org,2002:"
_SCALARS = ("null", "bool", "int", "float", "str")
_FLOAT = re.compile(
    r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.inf$|^\.nan$", re.I
)


class _CoreLoader(yaml.SafeLoader):
    """A safe loader with YAML 1.2's scalars: ``1e-3`` is a number, ``no`` is a word.

    It refuses what is too much or too deep while it reads it, and not after it.
    """

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as PyYAML declares it

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.nodes = self.depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Reads one value with all that is in it."""
        self.nodes += 1
        self.depth += 1
        _check_size(self.nodes, self.depth, self.peek_event())  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


_CoreLoader.add_implicit_resolver(f"{_CORE}null", re.compile(r"^(?:~|null|)$", re.I), None)
_CoreLoader.add_implicit_resolver(f"{_CORE}bool", re.compile(r"^(?:true|false)$", re.I), None)
_CoreLoader.add_implicit_resolver(f"{_CORE}int", re.compile(r"^[-+]?[0-9]+$"), None)
_CoreLoader.add_implicit_resolver(f"{_CORE}float", _FLOAT, None)


class CoreDumper(yaml.SafeDumper):
    """A safe dumper that quotes all text which YAML 1.1 or 1.2 would take for a number."""


CoreDumper.add_implicit_resolver(f"{_CORE}float", _FLOAT, list("-+.0123456789"))


def _construct_int(_: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    if len(node.value) > MAX_DIGITS:
        raise _Misfit(
            f"a number of {len(node.value):,} digits; give at most {MAX_DIGITS}", node.start_mark
        )
    return int(node.value)


def _construct_float(_: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))


_CoreLoader.add_constructor(f"{_CORE}int", _construct_int)
_CoreLoader.add_constructor(f"{_CORE}float", _construct_float)


@dataclass
class Document:
    """A YAML file's content.

    Attributes:
        source: The file's path as the user gave it.
        data: Mappings, lists and scalars.
        lines: The line of each key, by the keys that lead to it.
        problems: What the YAML itself has wrong, such as a key given twice.
    """

    source: str
    data: Any = None
    lines: dict[tuple[Key, ...], int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line_of(self, path: tuple[Key, ...]) -> int | None:
        """The line of the longest part of ``path`` that the file has."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def read_yaml(path: Path) -> Document:
    """Reads ``path`` as one YAML document.

    Raises:
        ConfigError: The file cannot be read, is no UTF-8, is no YAML, or is too large.
    """
    source = str(path)
    try:
        content = read_plain(path, most_bytes=MAX_BYTES)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"byte {error.start} is not UTF-8; save the file as UTF-8"
        raise _failure(source, message, line) from None
    except OSError as error:
        raise _failure(source, f"cannot read it: {error.strerror}") from None
    return parse_yaml(text, source=source)


def parse_yaml(text: str, *, source: str) -> Document:
    """Parses YAML text.

    Args:
        text: One YAML document.
        source: What to call it in messages.

    Raises:
        ConfigError: The text is no YAML, or is nested too deeply.
    """
    document = Document(source)
    try:
        loader = _CoreLoader(text)
        node = loader.get_single_node()
        if node is not None:
            document.data = _Reader(loader, document).read(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise _failure(source, _describe(error), line) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"not YAML: the sign U+{error.character:04X} is not allowed"
        raise _failure(source, message, line) from None
    return document


class _Misfit(yaml.MarkedYAMLError):
    """What YAML allows and an experiment does not have."""

    def __init__(self, message: str, mark: yaml.error.Mark) -> None:
        super().__init__(problem=message, problem_mark=mark)


@dataclass
class _Reader:
    loader: yaml.SafeLoader
    document: Document
    nodes: int = 0

    def read(self, node: yaml.Node, path: tuple[Key, ...]) -> Any:
        self.nodes += 1
        _check_size(self.nodes, len(path) + 1, node)  # again, as aliases repeat and contain
        self.document.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            _check_tag(node, "map")
            return self._read_mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            _check_tag(node, "seq")
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        _check_tag(node, *_SCALARS)
        try:
            return self.loader.construct_object(node)
        except (ValueError, KeyError):  # as PyYAML's constructors fail
            raise _Misfit(f"this is no {node.tag.rpartition(':')[2]}", node.start_mark) from None

    def _read_mapping(self, node: yaml.MappingNode, path: tuple[Key, ...]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise _Misfit("a list or a mapping as a key; give a word", key_node.start_mark)
            _check_tag(key_node, *_SCALARS)
            key = key_node.value
            if key in mapping:
                first = self.document.lines[(*path, key)]
                self._object(line, (*path, key), f"given twice, first in line {first}; keep one")
                continue
            self.document.lines[(*path, key)] = line
            mapping[key] = self.read(value_node, (*path, key))
        return mapping

    def _object(self, line: int, path: tuple[Key, ...], message: str) -> None:
        self.document.problems.append(Problem(self.document.source, line, path, message))


def _check_size(nodes: int, depth: int, place: Any) -> None:
    """Refuses too many values, or too deep ones, at a node or the event that begins it."""
    if nodes > MAX_NODES:
        message = f"more than {MAX_NODES:,} values, what aliases repeat included"
        raise _Misfit(message, place.start_mark)
    if depth > MAX_DEPTH:
        raise _Misfit(f"nested more than {MAX_DEPTH} levels deep", place.start_mark)


def _check_tag(node: yaml.Node, *usual: str) -> None:
    if node.tag not in [f"{_CORE}{name}" for name in usual]:
        shown = node.tag.removeprefix(_CORE)
        raise _Misfit(
            f"the tag {'!!' * (shown != node.tag)}{shown} is not allowed", node.start_mark
        )


def _describe(error: yaml.MarkedYAMLError) -> str:
    if isinstance(error, _Misfit):
        return str(error.problem)
    if error.problem and "'\\t'" in error.problem:
        return "not YAML: a tab where only spaces may stand; indent with spaces"
    return f"not YAML: {error.problem or error.context}"


def _failure(source: str, message: str, line: int | None = None) -> ConfigError:
    return ConfigError(str(Problem(source, line, (), message)))
