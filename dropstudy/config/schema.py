"""The JSON Schema of an experiment, and what it says of one place."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from dropstudy.config.experiment import Experiment

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def experiment_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) that every experiment's YAML satisfies."""
    schema = Experiment.model_json_schema()
    return {"$schema": SCHEMA_DIALECT, **schema}


def allowed_keys(path: tuple[str | int, ...], data: Any) -> list[str]:
    """The keys that a mapping at ``path`` may have; none where no mapping belongs.

    Args:
        path: Keys from the top of the experiment.
        data: The experiment as given, whose ``kind`` keys choose among alternatives.
    """
    keys: dict[str, None] = {}
    for node in _nodes_at(path, data):
        keys.update(dict.fromkeys(node.get("properties", {})))
    return list(keys)


def allowed_values(path: tuple[str | int, ...], data: Any) -> list[str]:
    """The words to choose from at ``path``; none where there is no such list."""
    values: dict[str, None] = {}
    for node in _nodes_at(path, data):
        values.update(dict.fromkeys([node["const"]] if "const" in node else node.get("enum", [])))
    return list(values)


def takes_text(path: tuple[str | int, ...], data: Any) -> bool:
    """Whether any text is allowed at ``path``, so that ``123`` means the text, too."""
    return any(
        node.get("type") == "string" and not {"const", "enum"} & node.keys()
        for node in _nodes_at(path, data)
    )


def _nodes_at(path: tuple[str | int, ...], data: Any) -> list[dict[str, Any]]:
    nodes = list(_alternatives(experiment_schema(), data))
    for key in path:
        data = _child(data, key)
        found: list[dict[str, Any]] = []
        for node in nodes:
            if isinstance(key, int):
                inner = node.get("items") or next(iter(node.get("prefixItems", [])), None)
            else:
                inner = node.get("properties", {}).get(key)
            if inner:
                found += _alternatives(inner, data)
        nodes = found
    return nodes


def _child(data: Any, key: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(key)
    if isinstance(data, list) and isinstance(key, int) and key < len(data):
        return data[key]
    return None


def _alternatives(node: dict[str, Any], data: Any) -> Iterator[dict[str, Any]]:
    if "$ref" in node:
        definition = experiment_schema()["$defs"][node["$ref"].rsplit("/", 1)[1]]
        yield from _alternatives(definition, data)
    elif "oneOf" in node or "anyOf" in node:
        mapping = node.get("discriminator", {}).get("mapping", {})
        kind = data.get("kind") if isinstance(data, dict) else None
        if isinstance(kind, str) and kind in mapping:
            yield from _alternatives({"$ref": mapping[kind]}, data)
        else:
            for option in node.get("oneOf", node.get("anyOf", [])):
                yield from _alternatives(option, data)
    else:
        yield node
