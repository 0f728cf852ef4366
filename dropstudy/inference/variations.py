"""Other strengths of a task, as the command line names them."""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from dropstudy.config.problems import Problem, find_problems
from dropstudy.config.setting import Setting
from dropstudy.config.task import Given, TaskSetting
from dropstudy.config.yaml_source import parse_yaml
from dropstudy.errors import ConfigError

_BEFORE_NEXT_KEY = re.compile(r",(?=\s*\w+\s*=)")


class _Varied(Setting):
    """Gives a task its place in an experiment, which errors name."""

    task: TaskSetting


def choose_tasks(
    own: TaskSetting, variations: Sequence[str], *, has_data: bool, has_degraded: bool
) -> list[TaskSetting]:
    """The tasks to evaluate, each once, in the order given.

    Args:
        own: The run's; the only one unless told otherwise.
        variations: As the option ``--task`` has them.
        has_data: Whether other images than the run's own are evaluated.
        has_degraded: Whether those bring degraded images.

    Raises:
        ConfigError: A variation is not allowed, or the options do not go together.
    """
    if has_degraded:
        if not has_data:
            raise ConfigError("--degraded: name the folder of their clean images with --data")
        if variations:
            raise ConfigError("--degraded and --task: give one of them")
        return [Given(kind="given")]
    tasks = list(dict.fromkeys(vary_task(own, variation) for variation in variations)) or [own]
    if has_data and any(isinstance(task, Given) for task in tasks):
        raise ConfigError(
            "the task is 'given': name the folder of degraded images with --degraded, or a task "
            "with --task, such as kind=gaussian,sigma=25"
        )
    return tasks


def vary_task(task: TaskSetting, variation: str) -> TaskSetting:
    """The task with other values.

    Args:
        task: What to start from, unless ``variation`` names another kind.
        variation: Such as ``sigma=15`` or ``kind=jpeg,quality=10``; a value is read as YAML,
            so that ``sigma=[10, 50]`` is a range.

    Raises:
        ConfigError: One line for each problem: what was given and what is allowed.
    """
    source = f"--task {variation}"
    changes: dict[str, Any] = {}
    for part in _BEFORE_NEXT_KEY.split(variation):
        key, equals, text = (piece.strip() for piece in part.partition("="))
        if not equals or not key:
            raise ConfigError(f"{source}: give KEY=VALUE, such as sigma=15 or kind=jpeg,quality=10")
        if key in changes:
            raise ConfigError(f"{source}: task.{key}: given twice; keep one")
        document = parse_yaml(text, source=source)
        if document.problems:
            raise ConfigError("\n".join(map(str, document.problems)))
        changes[key] = document.data
    is_other = changes.get("kind", task.kind) != task.kind
    data = {"task": changes if is_other else task.model_dump(mode="json") | changes}
    try:
        return _Varied.model_validate(data).task
    except ValidationError as error:
        problems = [Problem(source, None, path, text) for path, text in find_problems(error, data)]
        hint = f"; the run's task is {task.kind}, another takes its kind too: kind=…,{variation}"
        is_of_another = "kind" not in changes and not changes.keys() <= task.model_dump().keys()
        told = hint if is_of_another else ""
        raise ConfigError("\n".join(map(str, problems)) + told) from None
