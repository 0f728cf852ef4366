"""A timing session on disk: its arms, and what each turn of each arm took."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.directory import append_line, storing, to_json, write_json
from dropstudy.runs.parsing import MAX_NUMBER, damage, read_json, read_text, show_value, to_record


@dataclass(frozen=True)
class TimedArm:
    """What is timed under one name.

    Attributes:
        name: In tables, and in the rows of its turns.
        baseline: The arm that it is held against; empty for one that others are held against.
        again: Whether it is its baseline a second time, which shows the noise.
        steps_per_epoch: Training steps.
        batch_size: Patches in a step.
        dropout: The kinds of its dropout, and its kernel where that is Keras'; empty: none.
        layers: How many dropout layers it has.
        values: How many values of one patch go through them.
        settings: Its experiment, as plain data.
        first_step_seconds: Tracing, compiling and the first step; NaN until that is done.
    """

    name: str
    baseline: str
    again: bool
    steps_per_epoch: int
    batch_size: int
    dropout: str
    layers: int
    values: int
    settings: dict[str, Any]
    first_step_seconds: float = float("nan")


@dataclass(frozen=True)
class Turn:
    """Some steps of one arm in a row.

    Attributes:
        arm: Whose.
        round: Which, from 1; in each round an arm has two turns.
        place: When in the round, from 1.
        step_seconds: Of each step.
        peak_memory_bytes: The most that the process held in the turn; None where unknown.
        others_share: Of the cores that other programs used meanwhile; NaN where unknown.
    """

    arm: str
    round: int
    place: int
    step_seconds: tuple[float, ...]
    peak_memory_bytes: int | None
    others_share: float


@dataclass(frozen=True)
class TimingSession:
    """All that was noted of a session.

    Attributes:
        path: Its directory.
        name: What it is called.
        started: When, as ISO 8601 in UTC.
        finished: When it ended; empty for one that was cut off.
        repeats: Rounds that were planned.
        steps: Timed steps of a turn.
        warmup: Steps before them that were not timed.
        arms: In the order in which they were compiled.
        turns: In the order in which they were taken.
        environment: What it ran on.
    """

    path: Path
    name: str
    started: str
    finished: str
    repeats: int
    steps: int
    warmup: int
    arms: tuple[TimedArm, ...]
    turns: tuple[Turn, ...]
    environment: dict[str, Any]

    @property
    def is_complete(self) -> bool:
        """Whether it came to its end."""
        return bool(self.finished)

    def turns_of(self, arm: str) -> tuple[Turn, ...]:
        """The turns of one arm."""
        return tuple(turn for turn in self.turns if turn.arm == arm)

    def write(self) -> None:
        """Writes all but the turns, which are added one by one.

        Raises:
            StorageError: It cannot be written.
        """
        write_json(
            _main_file(self.path),
            {
                **{key: getattr(self, key) for key in _HEAD},
                "arms": [asdict(arm) for arm in self.arms],
                "environment": self.environment,
            },
        )


_HEAD = ("name", "started", "finished", "repeats", "steps", "warmup")


@dataclass(frozen=True)
class _Head:
    """The plain fields of ``session.json``."""

    name: str
    started: str
    finished: str
    repeats: int
    steps: int
    warmup: int


@dataclass(frozen=True)
class _ArmFields:
    """The plain fields of an arm."""

    name: str
    baseline: str
    steps_per_epoch: int
    batch_size: int
    dropout: str
    layers: int
    values: int
    first_step_seconds: float


@dataclass(frozen=True)
class _TurnFields:
    """The plain fields of a turn."""

    arm: str
    round: int
    place: int
    peak_memory_bytes: int | None
    others_share: float


def make_session_directory(path: Path) -> None:
    """Makes the directory of a new session; one that holds a session is refused.

    Raises:
        RunDirectoryError: There is a session.
        StorageError: It cannot be made.
    """
    if _main_file(path).exists():
        raise RunDirectoryError(
            f"{path}: holds a timing session already, and none is gone on with; name another "
            "directory"
        )
    with storing(path):
        path.mkdir(parents=True, exist_ok=True)


def append_turn(directory: Path, turn: Turn) -> None:
    """Adds a turn to a session's directory.

    Raises:
        StorageError: It cannot be written.
    """
    append_line(_turns_file(directory), to_json(asdict(turn)))


def is_session(path: Path) -> bool:
    """Whether a directory holds a timing session."""
    return _main_file(path).is_file()


def read_session(directory: Path) -> TimingSession:
    """Reads a session; of one that was killed, the turns that were whole.

    Raises:
        RunDirectoryError: There is none, or a file is damaged; the text names file and place.
    """
    path = _main_file(directory)
    content = read_json(path)
    head = to_record(content, _Head, path)
    arms = _read_arms(content.get("arms"), path)
    turns = tuple(_read_turns(_turns_file(directory), {arm.name for arm in arms}))
    environment = content.get("environment")
    if not isinstance(environment, dict):
        raise damage(path, f"environment is {show_value(environment)}")
    return TimingSession(
        path=directory, **asdict(head), arms=arms, turns=turns, environment=environment
    )


def now() -> str:
    """This moment as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _main_file(directory: Path) -> Path:
    return directory / "session.json"


def _turns_file(directory: Path) -> Path:
    return directory / "turns.jsonl"


def _read_arms(rows: Any, path: Path) -> tuple[TimedArm, ...]:
    if not isinstance(rows, list) or not rows:
        raise damage(path, f"arms is {show_value(rows)}")
    arms = []
    for number, row in enumerate(rows):
        where = f"{path}: arms.{number}"
        plain = to_record(row, _ArmFields, where)
        settings, again = row.get("settings"), row.get("again")
        if not isinstance(settings, Mapping) or not isinstance(again, bool):
            raise damage(where, "settings or again is missing or of another type")
        arms.append(TimedArm(**asdict(plain), again=again, settings=dict(settings)))
    names = [arm.name for arm in arms]
    unknown = {arm.baseline for arm in arms if arm.baseline} - set(names)
    if unknown or len(set(names)) < len(names):
        raise damage(path, "arms: a name stands twice, or a baseline is no arm")
    return tuple(arms)


def _read_turns(path: Path, names: set[str]) -> Sequence[Turn]:
    if not path.exists():
        return []
    *lines, rest = read_text(path).split("\n")
    if rest.rstrip().endswith("}"):  # whole; otherwise a kill has cut it short
        lines.append(rest)
    turns = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise damage(where, f"not JSON: {error}") from None
        plain = to_record(row, _TurnFields, where)
        if plain.arm not in names:
            raise damage(where, f"arm is {show_value(plain.arm)}, which the session does not have")
        seconds = _to_seconds(row.get("step_seconds"), where)
        turns.append(Turn(**asdict(plain), step_seconds=seconds))
    return turns


def _to_seconds(value: Any, where: str) -> tuple[float, ...]:
    if not isinstance(value, list) or not value or not all(map(_is_positive, value)):
        raise damage(where, f"step_seconds is {show_value(value)}")
    return tuple(map(float, value))


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < MAX_NUMBER
