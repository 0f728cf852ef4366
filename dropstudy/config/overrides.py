"""Changes single values of an experiment from the command line."""

from typing import Any

from dropstudy.config.problems import Key, Problem, join_path, split_path
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
    try:
        set_value(document.data, path, text)
    except TypeError as error:
        raise ConfigError(str(Problem(source, None, (), str(error)))) from None
    if takes_text(path, document.data):
        return path
    parsed = parse_yaml(text, source=source)
    document.problems += [
        Problem(source, None, (*path, *problem.path), problem.message)
        for problem in parsed.problems
    ]
    set_value(document.data, path, parsed.data)
    return path


def set_value(data: Any, path: tuple[Key, ...], value: Any) -> None:
    """Sets one value in nested mappings, and makes those on the way that are missing.

    Raises:
        TypeError: The path leads through something that is no mapping; the text says so.
    """
    for key in path[:-1]:
        if not isinstance(data, dict):
            break
        if data.get(key) is None:
            data[key] = {}
        data = data[key]
    if not isinstance(data, dict):
        raise TypeError(f"{join_path(path)} leads through a value that is no mapping")
    data[path[-1]] = value
