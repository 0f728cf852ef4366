"""What happened to a run on its way, as its ``environment.json`` notes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dropstudy.runs.changes import Change
from dropstudy.runs.parsing import damage, show_value


@dataclass(frozen=True)
class Resume:
    """That a run was taken up again.

    Attributes:
        started: When, as ISO 8601 in UTC.
        epoch: From within which epoch.
        step: How many steps of it were done.
        differences: What was no longer as it was on the machine, a sentence each.
    """

    started: str
    epoch: int
    step: int
    differences: tuple[str, ...] = ()

    def __str__(self) -> str:
        """In words."""
        return f"{self.started[:10]} from epoch {self.epoch}, step {self.step}"


def read_resumes(environment: Mapping[str, Any], where: Path) -> list[Resume]:
    """Each time that the run was taken up again, the first one first.

    Raises:
        RunDirectoryError: An entry is none, as in all that follow.
    """
    return [_to_resume(entry, where) for entry in _entries(environment, "resumes", where)]


def read_changes(environment: Mapping[str, Any], where: Path) -> list[Change]:
    """Each setting that was changed, by the run itself or as it was taken up again."""
    return [_to_change(entry, where) for entry in _entries(environment, "changes", where)]


def _entries(content: Mapping[str, Any], key: str, where: Path) -> list[Mapping[str, Any]]:
    entries = content.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise damage(where, f"{key} is {show_value(entries)}")
    return entries


def _to_resume(entry: Mapping[str, Any], where: Path) -> Resume:
    started, epoch, step = (entry.get(key) for key in ("started", "epoch", "step"))
    differences = entry.get("differences", [])
    usable = isinstance(started, str) and isinstance(differences, list)
    if not usable or type(epoch) is not int or type(step) is not int:
        raise damage(where, f"resumes has {show_value(entry)}")
    return Resume(str(started), epoch, step, tuple(map(str, differences)))


def _to_change(entry: Mapping[str, Any], where: Path) -> Change:
    if not isinstance(entry.get("key"), str) or not {"old", "new"} <= entry.keys():
        raise damage(where, f"changes has {show_value(entry)}")
    return Change(entry["key"], entry["old"], entry["new"], str(entry.get("reason") or ""))
