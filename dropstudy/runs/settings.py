"""Settings of several runs side by side: dotted keys, and which of them differ."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


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
