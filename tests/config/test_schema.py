from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from hypothesis import given, settings

from dropstudy.config import Experiment, dump_experiment
from dropstudy.config.dropout import GROUPS, DropoutSetting
from dropstudy.config.schema import allowed_keys, allowed_values, experiment_schema, takes_text
from dropstudy.config.task import TaskSetting
from dropstudy.config.yaml_source import parse_yaml, read_yaml
from tests.config.experiments import ROOT, SHIPPED, experiments

VALIDATOR = jsonschema.Draft202012Validator(experiment_schema())


def kinds_of(union: Any) -> set[str]:
    """The kinds of a discriminated union, from its members' own fields."""
    members = get_args(get_args(union)[0])
    return {kind for member in members for kind in get_args(member.model_fields["kind"].annotation)}


def parts_of(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from parts_of(item)


def test_the_schema_is_a_valid_one_of_its_dialect() -> None:
    schema = experiment_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    "path", [*SHIPPED, ROOT / "dropstudy/config/starter.yaml"], ids=lambda path: path.stem
)
def test_every_shipped_config_satisfies_the_schema(path: Path) -> None:
    VALIDATOR.validate(read_yaml(path).data)


@settings(max_examples=30)
@given(experiments())
def test_every_dumped_experiment_satisfies_the_schema(experiment: Experiment) -> None:
    VALIDATOR.validate(parse_yaml(dump_experiment(experiment), source="dump").data)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "a b"},
        {"seed": -1},
        {"unknown": 1},
        {"task": {"kind": "pixelate", "blok": 4}},
        {"task": {"kind": "gaussian", "sigma": [1]}},
        {"dropout": {"skip": {"kind": "spatial", "rate": 1}}},
        {"dropout": {"skip": {"kind": "spatial"}}},
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(smoke_yaml: Path, change: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(read_yaml(smoke_yaml).data | change)


def test_every_reference_leads_to_a_definition() -> None:
    schema = experiment_schema()
    references = {part["$ref"] for part in parts_of(schema) if isinstance(part.get("$ref"), str)}
    for part in parts_of(schema):
        references.update(part.get("discriminator", {}).get("mapping", {}).values())
    assert references <= {f"#/$defs/{name}" for name in schema["$defs"]}
    assert references


@pytest.mark.parametrize("group", GROUPS)
def test_every_dropout_kind_of_the_union_is_offered_for_every_group(group: str) -> None:
    node = experiment_schema()["$defs"]["Dropout"]["properties"][group]
    kinds = kinds_of(DropoutSetting)
    assert kinds >= {"none", "dropout", "spatial", "gaussian", "drop_path", "dropblock"}
    assert set(node["discriminator"]["mapping"]) == kinds
    assert set(allowed_values(("dropout", group, "kind"), {})) == kinds


def test_every_task_kind_of_the_union_is_offered() -> None:
    kinds = kinds_of(TaskSetting)
    assert set(allowed_values(("task", "kind"), {})) == kinds
    assert set(allowed_values(("task", "steps", 0, "kind"), {})) == kinds - {
        "compose",
        "one_of",
        "given",
    }
    assert set(allowed_values(("task", "choices", 0, "kind"), {})) == kinds - {"one_of", "given"}


def test_the_keys_of_a_place_are_those_of_the_kind_that_is_given() -> None:
    data = {"task": {"kind": "grain"}, "training": {"optimizer": {"kind": "sgd"}}}
    assert allowed_keys(("task",), data) == ["kind", "sigma", "size"]
    assert allowed_keys(("training", "optimizer"), data) == ["kind", "learning_rate", "momentum"]
    assert allowed_keys(("seed",), data) == []
    assert allowed_keys(("nowhere", 3), data) == []


@pytest.mark.parametrize(
    ("path", "is_text"),
    [
        ("name", True),
        ("notes", True),
        ("data.path", True),
        ("seed", False),
        ("tags", False),
        ("task.kind", False),
        ("training.loss", False),
        ("runtime.gpu_memory", False),
        ("training.early_stopping", False),
    ],
)
def test_text_is_wanted_where_any_text_is_allowed(path: str, is_text: bool) -> None:
    assert takes_text(tuple(path.split(".")), {"data": {"kind": "folder"}}) is is_text
