"""Experiments to test with: the shipped ones, a short one, and any that the schema allows."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import reject
from hypothesis import strategies as st
from pydantic import ValidationError

from dropstudy.config import Experiment
from dropstudy.config.dropout import GROUPS
from dropstudy.config.schema import experiment_schema

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"
SHIPPED = sorted(CONFIGS.glob("*.yaml"))
CLAIMS = sorted(CONFIGS.glob("studies/*.claims.yaml"))
STUDIES = sorted(set(CONFIGS.glob("studies/*.yaml")) - set(CLAIMS))

SHORT = """\
name: short
data: {kind: photos, patch_size: 32}
task: {kind: blur}
architecture: {kind: unet, depth: 2}
"""


def write_config(folder: Path, text: str) -> Path:
    path = folder / "experiment.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def make_experiment(**sections: object) -> Experiment:
    """An experiment on the bundled photographs, with these sections in place of its own."""
    short: dict[str, Any] = yaml.safe_load(SHORT)
    return Experiment.model_validate({**short, **sections})


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    """Any experiment: drawn from the JSON Schema, and freed of conflicts between sections."""
    given = draw(_content())
    data, task, architecture = given["data"], given["task"], given["architecture"]
    architecture["order"] = draw(st.permutations(["normalization", "activation", "dropout"]))
    levels = st.integers(0, architecture.get("depth", 3) - 1)
    of_unet = st.none() | st.lists(levels, min_size=1, unique=True)
    architecture["skips"] = draw(of_unet if architecture["kind"] == "unet" else st.none())
    data["patch_size"] = 64 * draw(st.integers(1, 16))
    data["evaluation_size"] = 1024
    if (data["kind"] == "pairs") != (task["kind"] == "given"):
        data = given["data"] = {"kind": "arrays", "path": "x.npz", "patch_size": 64}
    dropout = given.get("dropout", {})
    for group in dropout.keys() & set(GROUPS):
        _fit_dropout(group, dropout[group], architecture)
    training, runtime = given.get("training", {}), given.get("runtime", {})
    if runtime.pop("replicas", 1) > 1:
        runtime["replicas"] = 2
        training["batch_size"] = 2 * min(training.get("batch_size", 1), 2**15)
        training["gradient_clip_norm"] = None
    try:
        return Experiment.model_validate(given)
    except ValidationError as error:
        if {item["type"] for item in error.errors()} == {"conflicts"}:
            reject()
        raise


@cache
def _content() -> st.SearchStrategy[dict[str, Any]]:
    return from_schema(experiment_schema())


def from_schema(node: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that satisfy a part of the experiment's JSON Schema, small enough to read."""
    if "$ref" in node:
        return from_schema(experiment_schema()["$defs"][node["$ref"].rsplit("/", 1)[1]])
    if options := node.get("oneOf", node.get("anyOf")):
        return st.one_of([from_schema(option) for option in options])
    if choices := [node["const"]] if "const" in node else node.get("enum"):
        return st.sampled_from(choices)
    match node["type"]:
        case "object":
            return _mappings(node)
        case "array":
            item = node["items"] if "items" in node else node["prefixItems"][0]
            sizes = {"min_size": node.get("minItems", 0), "max_size": node.get("maxItems", 3)}
            return st.lists(from_schema(item), **sizes)
        case "string":
            return _texts(node)
        case "integer":
            return st.integers(node["minimum"], node.get("maximum"))
        case "number":
            return _numbers(node)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
    raise NotImplementedError(node)


def _mappings(node: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    parts = {name: from_schema(part) for name, part in node["properties"].items()}
    # A kind has a default where its setting stands by default, but whoever writes the setting
    # must write it.
    needed = {*node.get("required", ()), "kind"} & parts.keys()
    optional = {name: part for name, part in parts.items() if name not in needed}
    return st.fixed_dictionaries({name: parts[name] for name in sorted(needed)}, optional=optional)


def _texts(node: dict[str, Any]) -> st.SearchStrategy[str]:
    if "pattern" in node:
        return st.from_regex(node["pattern"], fullmatch=True)
    size = node.get("minLength", 0)
    like_numbers = st.from_regex(r"[-+]?[0-9.]{1,3}([eE][-+]?[0-9]{1,2})?", fullmatch=True)
    return st.text(min_size=size) | like_numbers


def _numbers(node: dict[str, Any]) -> st.SearchStrategy[float]:
    return st.floats(
        node.get("minimum", node.get("exclusiveMinimum")),
        node.get("maximum", node.get("exclusiveMaximum")),
        exclude_min="exclusiveMinimum" in node,
        exclude_max="exclusiveMaximum" in node,
        allow_nan=False,
        allow_infinity=False,
    )


def _fit_dropout(group: str, setting: dict[str, Any], architecture: dict[str, Any]) -> None:
    if setting["kind"] == "drop_path":
        architecture["block"] = "residual"
        if group in ("input", "head"):
            setting["kind"] = "spatial"
    if group == "skip":
        architecture["kind"] = "unet"
    if isinstance(setting.get("rate"), list):
        has_levels = group in ("encoder", "decoder", "skip")
        depth = architecture.get("depth", 3) if has_levels else 1
        setting["rate"] = (setting["rate"] * depth)[:depth]
