"""Changes of a run's settings after it has begun: which may be, and how they are noted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dropstudy.errors import ConfigError
from dropstudy.runs.settings import changed_keys, flatten

MAY_CHANGE = (
    *("training.epochs", "training.seconds", "training.early_stopping.patience"),
    *("runtime.device", "runtime.threads", "runtime.gpu_memory"),
    *("samples", "recovery", "tags", "notes"),
    *("data.path", "data.clean", "data.degraded"),
)
"""Settings, or sections, that a run may be given anew as it goes on.

Images may have moved: that they are the same, their fingerprint shows.
"""


@dataclass(frozen=True)
class Change:
    """One setting of a run that is another than it began with.

    Attributes:
        key: The setting, dotted.
        old: Its value before.
        new: Its value after.
        reason: What changed it.
    """

    key: str
    old: Any
    new: Any
    reason: str


def find_changes(old: Mapping[str, Any], new: Mapping[str, Any], *, reason: str) -> list[Change]:
    """What differs between two experiments as plain nested data; null is as good as missing."""
    before, after = flatten(old), flatten(new)
    return [
        Change(key, before.get(key), after.get(key), reason)
        for key in changed_keys([before, after])
        if before.get(key) != after.get(key)
    ]


def refuse_changes(changes: list[Change]) -> None:
    """Refuses what would make it another run.

    Raises:
        ConfigError: One line for each change that may not be.
    """
    wrong = [change for change in changes if not may_change(change.key)]
    if wrong:
        lines = [
            f"{change.key}: is {change.new}, the run began with {change.old}; "
            "a run cannot change this as it goes on: start a new one"
            for change in wrong
        ]
        raise ConfigError("\n".join(lines))


def may_change(key: str) -> bool:
    """Whether a run may be given this setting anew as it goes on."""
    return any(key == allowed or key.startswith(f"{allowed}.") for allowed in MAY_CHANGE)
