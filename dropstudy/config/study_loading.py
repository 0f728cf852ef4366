"""From a study's YAML to its arms, each a checked experiment, or to all that is wrong with it."""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dropstudy.config.controls import make_control
from dropstudy.config.experiment import Experiment
from dropstudy.config.loading import Origin, check_experiment
from dropstudy.config.overrides import set_value
from dropstudy.config.problems import Key, Problem, find_problems, split_path
from dropstudy.config.schema import study_schema
from dropstudy.config.study import Study
from dropstudy.config.study_checks import ARM, find_faults
from dropstudy.config.yaml_source import Document, read_yaml
from dropstudy.errors import ConfigError


@dataclass(frozen=True)
class StudyArm:
    """One variant under study.

    Attributes:
        name: Of the arm, and of the value of each axis.
        experiment: What it trains, called by its name; of the study's first seed.
        control_of: The arm that it is a control of; None: it is none.
    """

    name: str
    experiment: Experiment
    control_of: str | None = None


@dataclass(frozen=True)
class LoadedStudy:
    """A study whose every arm is a checked experiment.

    Attributes:
        study: What its file says.
        arms: In the file's order, first by arm, then by axis; controls last.
    """

    study: Study
    arms: tuple[StudyArm, ...]


@dataclass(frozen=True)
class _Combination:
    """An arm and a value of each axis.

    Attributes:
        arm: Its name.
        values: The place in its axis of each value, by the axis.
    """

    arm: str
    values: dict[str, int]


def is_study(path: Path) -> bool:
    """Whether a file's keys are rather a study's than an experiment's.

    Raises:
        ConfigError: It cannot be read.
    """
    data = read_yaml(path).data
    return isinstance(data, dict) and bool({"arms", "question", "base"} & data.keys())


def load_study(path: Path | str) -> LoadedStudy:
    """Reads a study, and checks it and every arm of it.

    Args:
        path: A YAML file.

    Raises:
        ConfigError: One line for each problem: file, line, path, what was given and
            what is allowed.
    """
    document = read_yaml(Path(path))
    study = _check_study(document)
    base = read_yaml(Path(path).parent / study.base)
    problems = list(base.problems)
    problems += [
        Problem(document.source, document.line_of(place), place, text)
        for place, text in find_faults(study)
    ]
    arms: dict[str, StudyArm] = {}
    if not problems:
        for combination in _combine(study):
            experiment, found = _check_arm(study, document, base, combination)
            problems += [problem for problem in found if problem not in problems]
            if experiment is not None:
                place = ("arms", combination.arm)
                _add(arms, StudyArm(experiment.name, experiment), document, place)
    if problems:
        raise ConfigError("\n".join(map(str, problems)))
    if not arms:
        line = document.line_of(("exclude",))
        raise ConfigError(str(Problem(document.source, line, ("exclude",), "leaves no arm")))
    for control in _make_controls(study, tuple(arms.values()), document):
        _add(arms, control, document, ("controls",))
    return LoadedStudy(study, tuple(arms.values()))


def _check_study(document: Document) -> Study:
    problems = list(document.problems)
    study = None
    if not isinstance(document.data, dict):
        raise ConfigError(
            f"{document.source}: give a mapping with the keys name, question, hypothesis, base, …"
        )
    try:
        study = Study.model_validate(document.data)
    except ValidationError as error:
        problems += [
            Problem(document.source, document.line_of(place), place, text)
            for place, text in find_problems(error, document.data, study_schema())
        ]
    if problems or study is None:
        raise ConfigError("\n".join(map(str, problems)))
    return study


def _combine(study: Study) -> Iterator[_Combination]:
    places = [range(len(values)) for values in study.axes.values()]
    for arm in study.arms:
        for chosen in product(*places):
            values = dict(zip(study.axes, chosen, strict=True))
            named = {ARM: arm, **{key: study.axes[key][place] for key, place in values.items()}}
            if not any(excluded.items() <= named.items() for excluded in study.exclude):
                yield _Combination(arm, values)


def _check_arm(
    study: Study, document: Document, base: Document, combination: _Combination
) -> tuple[Experiment | None, list[Problem]]:
    """The experiment of one combination; a change made later overrules one made before."""
    source = document.source
    budget = {
        f"training.{key}": getattr(study.budget, key)
        for key in ("epochs", "seconds")
        if getattr(study.budget, key) is not None
    }
    sections: list[tuple[tuple[Key, ...], Mapping[str, Any]]] = [
        (("budget",), budget),
        (("settings",), study.settings),
        (("arms", combination.arm), study.arms[combination.arm]),
        (("axes",), {key: study.axes[key][place] for key, place in combination.values.items()}),
    ]
    arm = Document(base.source, copy.deepcopy(base.data), base.lines)
    changed: dict[tuple[Key, ...], Origin] = {}
    words = [combination.arm]
    words += [str(study.axes[key][place]) for key, place in combination.values.items()]
    for within, changes in sections:
        for key, value in changes.items():
            line = document.line_of((*within, key))
            try:
                set_value(arm.data, split_path(key), copy.deepcopy(value))
            except TypeError as error:
                return None, [Problem(source, line, within, str(error))]
            changed[split_path(key)] = Origin(source, line, within)
    if isinstance(arm.data, dict):
        arm.data |= {"name": "-".join(words), "seed": next(iter(study.seed_list), 0)}
        changed[("name",)] = Origin(source, document.line_of(("arms",)), ("arms", combination.arm))
    return check_experiment(arm, changed)


def _make_controls(
    study: Study, arms: Sequence[StudyArm], document: Document
) -> Iterator[StudyArm]:
    for arm in arms:
        for control in study.controls:
            made = make_control(control, arm.experiment, first=arms[0].experiment)
            if made is not None:
                name = f"{arm.name}-{control}"
                data = made.model_dump(mode="json") | {"name": name}
                try:
                    experiment = Experiment.model_validate_json(json.dumps(data))
                except ValidationError as error:
                    line, place = document.line_of(("controls",)), ("controls",)
                    found = find_problems(error, data)
                    lines = [
                        str(Problem(document.source, line, place, f"{name}: {text}"))
                        for _, text in found
                    ]
                    raise ConfigError("\n".join(lines)) from None
                yield StudyArm(name, experiment, control_of=arm.name)


def _add(
    arms: dict[str, StudyArm], arm: StudyArm, document: Document, place: tuple[Key, ...]
) -> None:
    if arm.name in arms:
        text = f"two arms would be called {arm.name}; give this one another name"
        raise ConfigError(str(Problem(document.source, document.line_of(place), place, text)))
    arms[arm.name] = arm
