"""The JSON Schemas of an experiment and of a study, and what they say of one place."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from dropstudy.config.experiment import Experiment
from dropstudy.config.study import Study

Schema = dict[str, Any]
"""What Pydantic makes of a model."""
SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def experiment_schema() -> Schema:
    """The JSON Schema (draft 2020-12) that every experiment's YAML satisfies."""
    return {"$schema": SCHEMA_DIALECT, **Experiment.model_json_schema()}


@cache
def study_schema() -> Schema:
    """The JSON Schema (draft 2020-12) that every study's YAML satisfies."""
    return {"$schema": SCHEMA_DIALECT, **Study.model_json_schema()}


def allowed_keys(path: tuple[str | int, ...], data: Any, schema: Schema | None = None) -> list[str]:
    """The keys that a mapping at ``path`` may have; none where no mapping belongs.

    Args:
        path: Keys from the top of the file.
        data: What the file says; its ``kind`` keys choose among alternatives.
        schema: Of the file; the experiment's if not given.
    """
    keys: dict[str, None] = {}
    for node in _nodes_at(path, data, schema or experiment_schema()):
        keys.update(dict.fromkeys(node.get("properties", {})))
    return list(keys)


def allowed_values(
    path: tuple[str | int, ...], data: Any, schema: Schema | None = None
) -> list[str]:
    """The words to choose from at ``path``; none where there is no such list."""
    values: dict[str, None] = {}
    for node in _nodes_at(path, data, schema or experiment_schema()):
        values.update(dict.fromkeys([node["const"]] if "const" in node else node.get("enum", [])))
    return list(values)


def takes_text(path: tuple[str | int, ...], data: Any) -> bool:
    """Whether any text is allowed at ``path``, so that ``123`` means the text, too."""
    return any(
        node.get("type") == "string" and not {"const", "enum"} & node.keys()
        for node in _nodes_at(path, data, experiment_schema())
    )


def _nodes_at(path: tuple[str | int, ...], data: Any, schema: Schema) -> list[Schema]:
    nodes = list(_alternatives(schema, data, schema))
    for key in path:
        data = _child(data, key)
        found: list[Schema] = []
        for node in nodes:
            if isinstance(key, int):
                inner = node.get("items") or next(iter(node.get("prefixItems", [])), None)
            else:
                inner = node.get("properties", {}).get(key)
            if inner:
                found += _alternatives(inner, data, schema)
        nodes = found
    return nodes


def _child(data: Any, key: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(key)
    if isinstance(data, list) and isinstance(key, int) and key < len(data):
        return data[key]
    return None


def _alternatives(node: Schema, data: Any, schema: Schema) -> Iterator[Schema]:
    if "$ref" in node:
        definition = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
        yield from _alternatives(definition, data, schema)
    elif "oneOf" in node or "anyOf" in node:
        mapping = node.get("discriminator", {}).get("mapping", {})
        kind = data.get("kind") if isinstance(data, dict) else None
        if isinstance(kind, str) and kind in mapping:
            yield from _alternatives({"$ref": mapping[kind]}, data, schema)
        else:
            for option in node.get("oneOf") or node.get("anyOf") or []:
                yield from _alternatives(option, data, schema)
    else:
        yield node
