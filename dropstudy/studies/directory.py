"""Every path of a study's directory, and its plan, which is settled before anything is trained."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dropstudy.errors import StudyError
from dropstudy.runs.directory import RunDirectory, write_json
from dropstudy.runs.parsing import read_json
from dropstudy.runs.settings import changed_keys, flatten
from dropstudy.studies.plan import Plan


@dataclass(frozen=True)
class StudyDirectory:
    """The files of one study.

    Attributes:
        path: The directory.
    """

    path: Path

    @property
    def plan(self) -> Path:
        """The plan, its fingerprint, when it was settled, and all amendments."""
        return self.path / "plan.json"

    @property
    def runs(self) -> Path:
        """Where its runs lie."""
        return self.path / "runs"

    @property
    def timings(self) -> Path:
        """Where its timing sessions lie, each in a directory called by when it was begun."""
        return self.path / "timings"

    @property
    def failures(self) -> Path:
        """One JSON object a line, one line for each run that failed or whose worker died."""
        return self.path / "failures.jsonl"

    @property
    def workers_log(self) -> Path:
        """What its workers had to say beside what is in their runs' logs."""
        return self.path / "workers.txt"

    @property
    def holder(self) -> RunDirectory:
        """What is locked while a process conducts the study, as a run is by its own."""
        return RunDirectory(self.path)


def settle_plan(directory: StudyDirectory, plan: Plan, *, amendment: str | None = None) -> None:
    """Writes the plan when the study is begun; later, makes sure that it is still the same.

    Args:
        directory: The study's.
        plan: What its file says now.
        amendment: Why the plan may have changed since; kept beside it with what has.

    Raises:
        StudyError: The plan has changed, and there is no amendment; the text names the keys.
        StorageError: It cannot be written.
    """
    if amendment is not None and not amendment.strip():
        raise StudyError("--amend: give the reason why the plan changes")
    if amendment is None:
        check_plan(directory, plan)
    stored = read_json(directory.plan, if_missing={})
    now = datetime.now(UTC).isoformat(timespec="seconds")
    if stored and stored["fingerprint"] == plan.fingerprint:
        return
    content = plan.as_data()
    amendments: list[dict[str, Any]] = stored.get("amendments", [])
    if stored:
        changed = changed_keys([flatten(stored["plan"]), flatten(content)])
        amendments.append({"when": now, "reason": amendment, "changed": changed})
    write_json(
        directory.plan,
        {
            "fingerprint": plan.fingerprint,
            "settled": stored.get("settled", now),
            "amendments": amendments,
            "plan": content,
        },
    )


def check_plan(directory: StudyDirectory, plan: Plan) -> None:
    """Makes sure that a study that has been begun is still judged by the plan it was begun with.

    Raises:
        StudyError: Its file says something else now; the text names the keys.
    """
    stored = read_json(directory.plan, if_missing={})
    if not stored or stored["fingerprint"] == plan.fingerprint:
        return
    changed = changed_keys([flatten(stored["plan"]), flatten(plan.as_data())])
    raise StudyError(
        f"{directory.path}: this study was begun with another plan: {_some(changed)} changed "
        "since; give the study another name, or go on with it and say why the plan changes: "
        "study run --resume --amend 'REASON'"
    )


def _some(keys: list[str], most: int = 5) -> str:
    shown = ", ".join(keys[:most])
    return shown + (f" and {len(keys) - most} more" if len(keys) > most else "")
