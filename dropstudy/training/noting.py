"""Notes in ``environment.json`` what a run began on, and each time it began anew."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, assert_never

from dropstudy.config.data import Arrays, DataChoice, ImageFolder, ImagePairs, Photos
from dropstudy.errors import DataError, RunDirectoryError
from dropstudy.imaging.sources import Split
from dropstudy.runs.changes import Change
from dropstudy.runs.checkpoints import forget_checkpoints
from dropstudy.runs.directory import RunDirectory, storing, to_json, write_json
from dropstudy.runs.environment import describe_environment, explain_differences
from dropstudy.runs.manifests import list_manifests
from dropstudy.runs.parsing import read_json
from dropstudy.runs.records import write_epochs
from dropstudy.runs.resumption import Resumption, rewind_records, write_settings
from dropstudy.training.faults import Remedy
from dropstudy.training.runtime import RuntimeChoice

_MOST_NAMES = 5
"""Pictures that a message names."""


def note_beginning(directory: RunDirectory, runtime: RuntimeChoice, split: Split) -> None:
    """Writes ``environment.json``."""
    noted = {
        **describe_environment(),
        "runtime": _as_json(runtime),
        "data_fingerprint": split.fingerprint,
        "pictures": _name_pictures(split),
    }
    write_json(directory.environment, noted)


def refuse_other_images(directory: RunDirectory, data: DataChoice, split: Split) -> None:
    """Refuses to go on with images that are not those that the run began with.

    Raises:
        DataError: They are not; the text says where they lie and which are missing or new.
    """
    noted = read_json(directory.environment, if_missing={})
    known = noted.get("data_fingerprint")
    if known == split.fingerprint or (known is None and not list_manifests(directory)):
        return
    if known is None:
        raise RunDirectoryError(
            f"{directory.environment}: has no data_fingerprint, so nothing shows that the images "
            "are those that the run began with; start a new run"
        )
    before, now = (
        {name for part in pictures.values() for name in part}
        for pictures in (noted.get("pictures", {}), _name_pictures(split))
    )
    differences = [
        f"{word} {', '.join(sorted(names)[:_MOST_NAMES])}"
        + (f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else "")
        for word, names in (("without", before - now), ("with", now - before))
        if names
    ]
    raise DataError(
        f"{_locate(data)}: the images are not those that {directory.path.name} began with: "
        f"{'; '.join(differences) or 'some have changed'}; bring them back as they were, or "
        "start a new run"
    )


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
    entry |= {"epoch": place.epoch, "step": place.step}
    entry |= {"differences": differences, "notes": resumption.notes}
    noted["resumes"] = [*noted.get("resumes", []), entry]
    _add_changes(noted, resumption.changes)
    write_json(directory.environment, noted)
    rewind_records(directory, resumption)
    for path in (directory.result, directory.image_scores):  # of the network it ended with before
        with storing(path):
            path.unlink(missing_ok=True)
    return len(noted["resumes"]), differences


def note_remedy(directory: RunDirectory, remedy: Remedy, runtime: RuntimeChoice) -> None:
    """Adds to ``environment.json`` what has changed, and forgets the training until now."""
    # In this order, a kill between two of them leaves a run that can be gone on with.
    write_epochs(directory, [])
    forget_checkpoints(directory)
    for path in (directory.model, *directory.path.glob("samples/epoch-*.png")):
        with storing(path):
            path.unlink(missing_ok=True)
    write_settings(directory, remedy.experiment)
    noted = read_json(directory.environment)
    noted["runtime"] = _as_json(runtime)
    _add_changes(noted, remedy.changes)
    write_json(directory.environment, noted)


def _name_pictures(split: Split) -> dict[str, list[str]]:
    parts = ("training", "validation", "test")
    return {part: [picture.name for picture in getattr(split, part)] for part in parts}


def _locate(data: DataChoice) -> str:
    match data:
        case Photos():
            return "the bundled photographs"
        case ImageFolder() | Arrays():
            return data.path
        case ImagePairs():
            return f"{data.degraded}, {data.clean}"
        case _:
            assert_never(data)


def _as_json(runtime: RuntimeChoice) -> dict[str, Any]:
    """What reading it again would give: lists for tuples."""
    plain: dict[str, Any] = json.loads(to_json(asdict(runtime)))
    return plain


def _add_changes(noted: dict[str, Any], changes: list[Change]) -> None:
    """Adds changes to what is noted, but for those of a resumption that came to nothing."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    before = noted.get("changes", [])
    last = {entry["key"]: {**entry, "at": at} for entry in before}
    new = [{**asdict(change), "at": at} for change in changes]
    if added := [entry for entry in new if entry != last.get(entry["key"])]:
        noted["changes"] = [*before, *added]
