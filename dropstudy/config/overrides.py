"""Changes single values of an experiment from the command line."""

from typing import Any

from dropstudy.config.problems import Key, Problem, split_path
from dropstudy.config.schema import takes_text
from dropstudy.config.yaml_source import Document, parse_yaml
from dropstudy.errors import ConfigError


def apply_override(document: Document, override: str) -> tuple[Key, ...]:
    """Sets one value in ``document``, as ``training.epochs=3`` says.

    The value is read as YAML, or taken as it is where the experiment wants text.

    Returns:
        The keys that lead to the value.

    Raises:
        ConfigError: The override has no ``=``, or leads through something that is no mapping.
    """
    name, equals, text = override.partition("=")
    path = split_path(name.strip())
    source = f"--set {override}"
    if not equals or not all(path):
        raise ConfigError(
            str(Problem(source, None, (), "give KEY=VALUE, such as training.epochs=3"))
        )
    if document.data is None:
        document.data = {}
    target: Any = document.data
    for key in path[:-1]:
        if not isinstance(target, dict):
            break
        if target.get(key) is None:
            target[key] = {}
        target = target[key]
    if not isinstance(target, dict):
        message = f"{name} leads through a value that is no mapping"
        raise ConfigError(str(Problem(source, None, (), message)))
    if takes_text(path, document.data):
        target[path[-1]] = text
        return path
    parsed = parse_yaml(text, source=source)
    document.problems += [
        Problem(source, None, (*path, *problem.path), problem.message)
        for problem in parsed.problems
    ]
    target[path[-1]] = parsed.data
    return path
