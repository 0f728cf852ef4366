"""Reads a YAML file into plain data that remembers the line of every key."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dropstudy.config.problems import Key, Problem
from dropstudy.errors import ConfigError

MAX_BYTES = 1_000_000
MAX_NODES = 20_000

_FLOAT = re.compile(
    r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.inf$|^\.nan$", re.I
)


class _CoreLoader(yaml.SafeLoader):
    """A safe loader with YAML 1.2's scalars: ``1e-3`` is a number, ``no`` is a word."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as PyYAML declares it


_CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$", re.I), None
)
_CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$", re.I), None
)
_CoreLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), None)
_CoreLoader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, None)


class CoreDumper(yaml.SafeDumper):
    """A safe dumper that quotes all text which YAML 1.1 or 1.2 would take for a number."""


CoreDumper.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))


def _construct_int(_: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    return int(node.value)


def _construct_float(_: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))


_CoreLoader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_CoreLoader.add_constructor("tag:yaml.org,2002:float", _construct_float)


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
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _failure(source, f"the file has {size:,} bytes; give at most {MAX_BYTES:,}")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _failure(source, f"byte {error.start} is not UTF-8; save the file as UTF-8") from None
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
        raise _failure(source, f"not YAML: {error.problem or error.context}", line) from None
    except yaml.YAMLError as error:
        raise _failure(source, f"not YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise _failure(source, "nested too deeply") from None
    return document


@dataclass
class _Reader:
    loader: yaml.SafeLoader
    document: Document
    nodes: int = 0

    def read(self, node: yaml.Node, path: tuple[Key, ...]) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _failure(
                self.document.source, f"more than {MAX_NODES:,} values, aliases counted out"
            )
        line = node.start_mark.line + 1
        self.document.lines.setdefault(path, line)
        if isinstance(node, yaml.MappingNode):
            self._check_tag(node, "map")
            return self._read_mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._check_tag(node, "seq")
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        try:
            return self.loader.construct_object(node)
        except (ValueError, KeyError, AttributeError):  # as PyYAML's constructors fail
            raise yaml.MarkedYAMLError(
                problem=f"this is no {node.tag.rpartition(':')[2]}", problem_mark=node.start_mark
            ) from None

    def _check_tag(self, node: yaml.Node, usual: str) -> None:
        if node.tag != f"tag:yaml.org,2002:{usual}":
            raise yaml.MarkedYAMLError(
                problem=f"the tag {node.tag} is not allowed", problem_mark=node.start_mark
            )

    def _read_mapping(self, node: yaml.MappingNode, path: tuple[Key, ...]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
            if key in mapping:
                first = self.document.lines[(*path, key)]
                self._object(line, (*path, key), f"given twice, first in line {first}; keep one")
                continue
            self.document.lines[(*path, key)] = line
            mapping[key] = self.read(value_node, (*path, key))
        return mapping

    def _object(self, line: int, path: tuple[Key, ...], message: str) -> None:
        self.document.problems.append(Problem(self.document.source, line, path, message))


def _failure(source: str, message: str, line: int | None = None) -> ConfigError:
    return ConfigError(str(Problem(source, line, (), message)))
