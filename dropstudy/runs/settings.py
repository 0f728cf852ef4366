"""Settings as plain data: dotted keys, which of them differ, and a task in words."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dropstudy.runs.directory import RunDirectory, to_json

if TYPE_CHECKING:  # commands that only read runs need no Pydantic
    from dropstudy.config import Experiment


LATER_SETTINGS: dict[str, Any] = {
    "architecture.skips": None,
    "data.text_pages": 0,
    "dropout.schedule.kind": "constant",
    "training.seconds": None,
}
"""Settings that older versions did not have, each with the value that does what they did."""


def settings_files(experiment: "Experiment") -> dict[str, str]:
    """The texts of ``config.yaml`` and ``config.json``."""
    from dropstudy.config import dump_experiment

    names = RunDirectory(Path())
    settings = experiment.model_dump(mode="json")
    return {
        names.config.name: dump_experiment(experiment),
        names.settings.name: to_json(settings, indent=2) + "\n",
    }


def kernel_of(dropout: Mapping[str, Any]) -> Any:
    """What computed a run's dropout; runs from before there was a choice used Keras' layers."""
    return dropout.get("kernel", "keras")


def is_as_before(key: str, value: Any) -> bool:
    """Whether a setting does what versions did that did not have it, so as if it were missing."""
    return key in LATER_SETTINGS and bool(LATER_SETTINGS[key] == value)


def flatten(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings by dotted keys: ``{"dropout.skip.rate": 0.3}``.

    A list is one value, so that a rate for each level stays together.
    """
    flat: dict[str, Any] = {}
    _flatten_into(flat, settings, "")
    return flat


def changed_keys(flattened: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys whose value is not the same in all, or that only some have.

    Args:
        flattened: What ``flatten`` made of each run's settings.

    Returns:
        Dotted keys in the settings' own order; one that only some have comes after the key
        before it there.
    """
    missing = object()
    changed = []
    for key in _merge_keys(flattened):
        first = flattened[0].get(key, missing)
        if any(settings.get(key, missing) != first for settings in flattened):
            changed.append(key)
    return changed


def chosen_settings(settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """The settings that are not the default, by dotted keys.

    Returns:
        None where the settings are those of another version, whose defaults are not known.
    """
    from pydantic import ValidationError

    from dropstudy.config import Experiment

    try:
        experiment = Experiment.model_validate_json(json.dumps(settings))
    except ValidationError:
        return None
    return flatten(experiment.model_dump(mode="json", exclude_defaults=True))


def describe_task(task: Mapping[str, Any]) -> str:
    """A task and its numbers: ``gaussian, sigma 5 to 50``; as `dropstudy.config.description`.

    That one takes a checked task; this one takes what any version wrote, without Pydantic.
    """
    if task.get("kind") == "given":
        return "degraded images as given"
    steps = task.get("steps")
    if isinstance(steps, list):
        return " then ".join(describe_task(step) for step in steps if isinstance(step, dict))
    choices = task.get("choices")
    if isinstance(choices, list):
        return " or ".join(describe_task(choice) for choice in choices if isinstance(choice, dict))
    words = [str(task.get("kind", "?")).replace("_", " and ")]
    for key, value in task.items():
        if isinstance(value, bool):
            words += [key] if value else []
        elif key != "kind":
            words.append(f"{key} {_describe_range(value)}")
    return ", ".join(words)


def describe_schedule(settings: Mapping[str, Any]) -> str:
    """How dropout's rates change, from settings with dotted keys: ``early until 0.5``.

    As `dropstudy.config.description`; empty where they do not.
    """
    section = "dropout.schedule."
    schedule = {
        key.removeprefix(section): value
        for key, value in settings.items()
        if key.startswith(section) and not is_as_before(key, value)
    }
    return describe_task(schedule).replace(",", "") if schedule else ""


def _describe_range(value: Any) -> str:
    ends = value if isinstance(value, list) else [value]
    if all(isinstance(end, int | float) for end in ends):
        return " to ".join(f"{end:g}" for end in sorted(set(ends)))
    return " to ".join(map(str, ends))


def _flatten_into(flat: dict[str, Any], settings: Mapping[str, Any], prefix: str) -> None:
    for key, value in settings.items():
        if isinstance(value, dict):
            _flatten_into(flat, value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value


def _merge_keys(flattened: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every key of all, each where its own settings have it."""
    merged: list[str] = []
    known: set[str] = set()
    for settings in flattened:
        before: str | None = None
        for key in settings:
            if key not in known:
                merged.insert(0 if before is None else merged.index(before) + 1, key)
                known.add(key)
            before = key
    return merged
