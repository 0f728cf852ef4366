"""Writes what follows from the config classes: their references and their JSON Schemas.

python scripts/write_reference.py [--check]
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from dropstudy.config.schema import experiment_schema, study_schema

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
CONFIGS = ROOT / "configs"
LONGEST_DEFAULT = 3

INTRODUCTION = """# Configuration

An experiment is one YAML file. Unknown keys and values of another type are errors; all errors of
a file are told at once, each with its line. `dropstudy init FILE` writes a commented one to start
from, `--set KEY=VALUE` changes any value on the command line. Numbers follow YAML 1.2: `1e-3` is a
number, `no` is a word.

This page is written by `scripts/write_reference.py` from the classes in `dropstudy/config/`.
"""

STUDY_INTRODUCTION = """# Configuration of a study

A study is one YAML file, too; [studies.md](studies.md) shows one and explains what it does. What
`base`, `settings`, `arms` and `axes` may say of an experiment stands in
[configuration.md](configuration.md).

This page is written by `scripts/write_reference.py` from the classes in `dropstudy/config/`.
"""


def main() -> None:
    """Writes all files, or with ``--check`` says which are out of date."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    experiment, study = experiment_schema(), study_schema()
    contents = {
        DOCS / "configuration.md": describe_schema(experiment, INTRODUCTION),
        CONFIGS / "experiment.schema.json": _to_text(experiment),
        DOCS / "study-configuration.md": describe_schema(study, STUDY_INTRODUCTION),
        CONFIGS / "study.schema.json": _to_text(study),
    }
    stale = [
        path for path, text in contents.items() if not path.exists() or path.read_text() != text
    ]
    if check and stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.exit(f"out of date: {names}; run make reference")
    if not check:
        for path in stale:
            path.write_text(contents[path])


def describe_schema(schema: dict[str, Any], introduction: str) -> str:
    """The reference in Markdown: a table for each mapping of the config."""
    definitions = schema["$defs"]
    parts = [introduction, f"## {schema['title']}\n", _table(schema, definitions)]
    for name, definition in _in_order(schema, definitions):
        kinds = definition.get("properties", {}).get("kind", {})
        kind = kinds.get("const") or " \\| ".join(kinds.get("enum", []))
        is_named = kind and "const" in kinds
        parts.append(f"## {_title(name)}{f' (`kind: {kind}`)' if is_named else ''}\n")
        parts.append(_escape(definition.get("description", "")) + "\n")
        parts.append(_table(definition, definitions))
    return "\n".join(parts).rstrip() + "\n"


def _to_text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _in_order(schema: dict[str, Any], definitions: dict[str, Any]) -> list[tuple[str, Any]]:
    """The definitions in the order in which a reader of the tables meets them."""
    order: dict[str, Any] = {}

    def visit(node: Any) -> None:
        for name in _references(node):
            if name not in order:
                order[name] = definitions[name]
        for name in _references(node):
            if name not in seen:
                seen.add(name)
                visit(definitions[name])

    seen: set[str] = set()
    for node in schema["properties"].values():
        visit(node)
    return list(order.items())


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        found = [node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else []
        keys = [key for key in node if key != "discriminator"]
        return found + [name for key in keys for name in _references(node[key])]
    if isinstance(node, list):
        return [name for item in node for name in _references(item)]
    return []


def _table(definition: dict[str, Any], definitions: dict[str, Any]) -> str:
    rows = ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
    required = definition.get("required", [])
    properties = definition.get("properties", {})
    for key in sorted(properties, key=lambda key: key != "kind"):
        node = properties[key]
        default = "required" if key in required else _default(_default_of(node))
        meaning = _escape(node.get("description", ""))
        rows.append(f"| `{key}` | {_value(node, definitions)} | {default} | {meaning} |")
    return "\n".join(rows) + "\n"


def _default_of(node: dict[str, Any]) -> Any:
    """An empty mapping where a default is made anew for each, of which a schema says nothing."""
    return node.get("default", {} if node.get("type") == "object" else None)


def _default(value: Any) -> str:
    if isinstance(value, dict) and len(value) > LONGEST_DEFAULT:
        return "as below"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _value(node: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[1]
        return f"[{_title(name)}](#{_anchor(name, definitions[name])})"
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    if "oneOf" in node or "anyOf" in node:
        options = node.get("oneOf", node.get("anyOf", []))
        return " or ".join(dict.fromkeys(_value(option, definitions) for option in options))
    if node.get("type") == "array":
        if "prefixItems" in node:
            inner = list(dict.fromkeys(_value(item, definitions) for item in node["prefixItems"]))
            return f"list of {len(node['prefixItems'])}: {', '.join(inner)}"
        return f"list of {_value(node.get('items', {}), definitions)}"
    return _bounded(node)


def _bounded(node: dict[str, Any]) -> str:
    words = {
        "integer": "whole number",
        "number": "number",
        "string": "text",
        "boolean": "true or false",
        "null": "null",
        "object": "mapping",
    }
    text = words.get(node.get("type", ""), "value")
    for key, word in (
        ("minimum", "≥"),
        ("exclusiveMinimum", ">"),
        ("maximum", "≤"),
        ("exclusiveMaximum", "<"),
    ):
        if key in node:
            text += f" {word} {node[key]:g}"
    return text


def _title(name: str) -> str:
    spaced = "".join(f" {letter}" if letter.isupper() else letter for letter in name).strip()
    return spaced[0] + spaced[1:].lower()


def _anchor(name: str, definition: dict[str, Any]) -> str:
    kind = definition.get("properties", {}).get("kind", {}).get("const")
    heading = _title(name) + (f" kind {kind}" if kind else "")
    return heading.lower().replace(" ", "-")


def _escape(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("``", "`")


if __name__ == "__main__":
    main()
