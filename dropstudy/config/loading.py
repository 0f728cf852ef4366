"""From a YAML file to an experiment, or to all that is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from dropstudy.config.conflicts import find_conflicts
from dropstudy.config.experiment import Experiment
from dropstudy.config.overrides import apply_override
from dropstudy.config.problems import Key, Problem, find_problems, split_path
from dropstudy.config.yaml_source import CoreDumper, Document, read_yaml
from dropstudy.errors import ConfigError


@dataclass(frozen=True)
class Origin:
    """Where a value was given that is not the file's own.

    Attributes:
        source: A file, or the option.
        line: Its line there, from 1; None where there is none.
        within: The keys there that lead to the experiment's keys.
    """

    source: str
    line: int | None = None
    within: tuple[Key, ...] = ()


def load_experiment(path: Path | str, overrides: Sequence[str] = ()) -> Experiment:
    """Reads an experiment and checks all of it.

    Args:
        path: A YAML file.
        overrides: Changes such as ``training.epochs=3``, applied in order.

    Raises:
        ConfigError: One line for each problem: file, line, path, what was given and
            what is allowed.
    """
    document = read_yaml(Path(path))
    changed = {
        apply_override(document, override): Origin(f"--set {override}") for override in overrides
    }
    experiment, problems = check_experiment(document, changed)
    if problems or experiment is None:
        raise ConfigError("\n".join(map(str, problems)))
    return experiment


def check_experiment(
    document: Document, changed: Mapping[tuple[Key, ...], Origin]
) -> tuple[Experiment | None, list[Problem]]:
    """The experiment that a file and changes of it make, and all that is wrong with it.

    Args:
        document: The file, with the changes made.
        changed: Where each changed value was given.

    Raises:
        ConfigError: The file holds no mapping.
    """
    if not isinstance(document.data, dict):
        raise ConfigError(f"{document.source}: give a mapping with the keys name, data, task, …")
    problems = list(document.problems)
    experiment = None
    try:
        experiment = Experiment.model_validate(document.data)
    except ValidationError as error:
        found = find_problems(error, document.data)
        found += _conflicts_beside(error, document.data, [place for place, _ in found])
        problems += [_locate(document, changed, place, text) for place, text in found]
        problems.sort(key=lambda problem: (problem.line is None, problem.line or 0))
    return experiment, problems


def dump_experiment(experiment: Experiment) -> str:
    """The experiment as YAML with every default spelled out; ``load_experiment`` reads it."""
    data = _kind_first(experiment.model_dump(mode="json"))
    return yaml.dump(data, Dumper=CoreDumper, sort_keys=False, allow_unicode=True, width=100)


def _kind_first(value: Any) -> Any:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key != "kind")
        return {key: _kind_first(value[key]) for key in keys}
    return value


def _conflicts_beside(
    error: ValidationError, data: dict[str, Any], places: list[tuple[Key, ...]]
) -> list[tuple[tuple[Key, ...], str]]:
    """Conflicts among the sections that are valid, where others are not.

    Pydantic checks how sections fit together only when each is valid by itself.
    """
    broken = {item["loc"][0] for item in error.errors() if item["loc"]}
    if not broken:
        return []
    if isinstance(data.get("dropout"), dict):  # each group of which stands by itself
        wrong = {place[1] for place in places if place[0] == "dropout" and len(place) > 1}
        groups = {group: value for group, value in data["dropout"].items() if group not in wrong}
        data = {**data, "dropout": groups}
        broken.discard("dropout")
    sections = {
        name: TypeAdapter(field.rebuild_annotation()).validate_python(data[name])
        if name in data
        else field.get_default()
        for name, field in Experiment.model_fields.items()
        if name not in broken
    }
    return [(split_path(conflict.path), conflict.message) for conflict in find_conflicts(sections)]


def _locate(
    document: Document,
    changed: Mapping[tuple[Key, ...], Origin],
    path: tuple[Key, ...],
    message: str,
) -> Problem:
    in_file = next(n for n in range(len(path), -1, -1) if n == 0 or path[:n] in document.lines)
    for changed_path, origin in changed.items():
        shared = max(n for n in range(len(path) + 1) if path[:n] == changed_path[:n])
        if shared == len(changed_path) or shared > in_file:
            return Problem(origin.source, origin.line, (*origin.within, *path), message)
    return Problem(document.source, document.line_of(path), path, message)
