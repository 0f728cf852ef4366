"""Has a study's arms timed, and finds what was measured."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

from dropstudy.analysis.arms import settings_traits
from dropstudy.errors import RunDirectoryError, StudyError
from dropstudy.runs.timings import TimingSession, is_session, read_session
from dropstudy.studies.directory import StudyDirectory
from dropstudy.studies.plan import Plan

PROCESS = "dropstudy.studies.timing_process"


@dataclass(frozen=True)
class TimingProgress:
    """How far a session has come.

    Attributes:
        stage: ``compiled`` while arms make their first step, then ``timed``.
        arm: Whose turn it was.
        number: Which it was, from 1.
        count: How many there are.
    """

    stage: str
    arm: str
    number: int
    count: int


def find_session(directory: StudyDirectory, plan: Plan) -> TimingSession | None:
    """The last session that has timed all of the plan's arms to its end; None: there is none."""
    timing = plan.study.timing
    if timing is None or not directory.timings.is_dir():
        return None
    wanted = {name: _identify(own) for name, own in _timed_arms(plan).items()}
    for path in sorted(filter(is_session, directory.timings.iterdir()), reverse=True):
        try:
            session = read_session(path)
        except RunDirectoryError:  # damaged: it counts as none
            continue
        timed = {arm.name: _identify(arm.settings) for arm in session.arms if not arm.again}
        had = (session.repeats, session.steps, session.warmup)
        asked = (timing.repeats, timing.steps, timing.warmup)
        if session.is_complete and timed == wanted and had == asked:
            return session
    return None


def time_plan(
    directory: StudyDirectory, plan: Plan, *, on_progress: Callable[[TimingProgress], None]
) -> TimingSession:
    """Times all arms but the controls against each other, in a process of its own.

    Args:
        directory: The study's.
        plan: With a timing block.
        on_progress: Told of every turn.

    Raises:
        StudyError: It could not be done; the text says why.
    """
    if plan.study.timing is None:
        raise StudyError(f"{plan.study.name}: no timing in the study's file")
    begun = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    path = directory.timings / begun
    order = {
        "name": plan.study.name,
        "directory": str(path.resolve()),
        "timing": plan.study.timing.model_dump(mode="json"),
        "arms": _timed_arms(plan),
    }
    with directory.workers_log.open("a", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", PROCESS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
    with process:
        try:
            with suppress(OSError), cast("IO[str]", process.stdin) as orders:
                orders.write(json.dumps(order) + "\n")
            _follow(process, on_progress, log=directory.workers_log)
        finally:
            process.kill()  # a session that is cut off is never gone on with
    return read_session(path)


def _follow(
    process: "subprocess.Popen[str]", on_progress: Callable[[TimingProgress], None], *, log: Path
) -> None:
    for line in cast("IO[str]", process.stdout):
        try:
            told = json.loads(line)
        except ValueError:  # it died in the middle of a line
            break
        if told["stage"] == "failed":
            raise StudyError(f"the arms could not be timed: {told['error']}")
        on_progress(TimingProgress(**told))
    code = process.wait()
    if code:
        raise StudyError(f"the process that timed the arms ended with {code}; see {log}")


def _timed_arms(plan: Plan) -> dict[str, dict[str, Any]]:
    """The settings of every arm that is no control: no one asks what those cost."""
    return {
        arm.name: arm.experiment.model_dump(mode="json")
        for arm in plan.arms
        if arm.control_of is None
    }


def _identify(settings: dict[str, Any]) -> str:
    return repr(sorted(settings_traits(settings).items()))
