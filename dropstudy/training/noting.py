"""Notes in ``environment.json`` what a run began on, and each time it began anew."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from dropstudy.imaging.sources import Split
from dropstudy.runs.changes import Change
from dropstudy.runs.checkpoints import forget_checkpoints
from dropstudy.runs.directory import RunDirectory, storing, to_json, write_json
from dropstudy.runs.environment import describe_environment, explain_differences
from dropstudy.runs.parsing import read_json
from dropstudy.runs.records import write_epochs
from dropstudy.runs.resumption import Resumption, rewind_records, write_settings
from dropstudy.training.faults import Remedy
from dropstudy.training.runtime import RuntimeChoice


def note_beginning(directory: RunDirectory, runtime: RuntimeChoice, split: Split) -> None:
    """Writes ``environment.json``."""
    parts = ("training", "validation", "test")
    pictures = {part: [picture.name for picture in getattr(split, part)] for part in parts}
    noted = {
        **describe_environment(),
        "runtime": _as_json(runtime),
        "data_fingerprint": split.fingerprint,
        "pictures": pictures,
    }
    write_json(directory.environment, noted)


def note_resumption(
    directory: RunDirectory, runtime: RuntimeChoice, resumption: Resumption
) -> tuple[int, list[str]]:
    """Adds to ``environment.json`` that the run goes on, and makes its files fit for that.

    Returns:
        How often it has gone on, and what is not as it was on the machine.
    """
    noted = read_json(directory.environment)
    now = {**describe_environment(), "runtime": _as_json(runtime)}
    differences = explain_differences(noted, now)
    place = resumption.place
    entry = {key: now[key] for key in ("started", "command", "processor", "runtime")}
    entry |= {"epoch": place.epoch, "step": place.step, "differences": differences}
    noted["resumes"] = [*noted.get("resumes", []), entry]
    _add_changes(noted, resumption.changes)
    write_json(directory.environment, noted)
    rewind_records(directory, resumption)
    with storing(directory.result):
        directory.result.unlink(missing_ok=True)
    return len(noted["resumes"]), differences


def note_remedy(directory: RunDirectory, remedy: Remedy) -> None:
    """Adds to ``environment.json`` what has changed, and forgets the training until now."""
    # In this order, a kill between two of them leaves a run that can be gone on with.
    write_epochs(directory, [])
    forget_checkpoints(directory)
    noted = read_json(directory.environment)
    _add_changes(noted, remedy.changes)
    write_json(directory.environment, noted)
    write_settings(directory, remedy.experiment)


def _as_json(runtime: RuntimeChoice) -> dict[str, Any]:
    """What reading it again would give: lists for tuples."""
    plain: dict[str, Any] = json.loads(to_json(asdict(runtime)))
    return plain


def _add_changes(noted: dict[str, Any], changes: list[Change]) -> None:
    """Adds changes to what is noted, but for those of a resumption that came to nothing."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    before = noted.get("changes", [])
    known = [{**entry, "at": at} for entry in before]
    new = [{**asdict(change), "at": at} for change in changes]
    if added := [entry for entry in new if entry not in known]:
        noted["changes"] = [*before, *added]
