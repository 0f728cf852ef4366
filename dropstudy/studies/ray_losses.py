"""What becomes of a run whose node is lost in the middle."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.manifests import can_go_on
from dropstudy.runs.probes import find_unanswered
from dropstudy.runs.process import is_held
from dropstudy.runs.reading import Run
from dropstudy.runs.store import find_runs, load_run
from dropstudy.studies.jobs import Event, Job

LOCK_SECONDS = 120.0
"""How long the lock of a process on a lost node is waited for: NFS frees it after some 90 s."""
_PAUSE_SECONDS = 0.2
_CUT_OFF = frozenset({"running", "unfinished", "interrupted", "crashed"})


def go_on_with(
    job: Job, path: str | None, *, is_wanted: Callable[[], bool] = lambda: True
) -> Job | Event:
    """How a job whose node is lost is gone on with; or its end, which was not heard any more.

    A process may outlive the loss of its node for a moment, in which it saves: it is waited for.

    Args:
        job: What the node was doing.
        path: The run's directory, where that was heard.
        is_wanted: Whether it is still worth the wait.
    """
    run = _find_begun(job, path or job.resume)
    if run is None:
        return replace(job, resume=None)
    place = str(run.directory.path)
    if not _wait_until_free(run.directory, is_wanted):
        error = (
            f"its node was lost, but {run.directory.process} is still locked; once that process "
            "is surely gone, remove the file and go on with --resume"
        )
        return Event(job.number, "crashed", place, error=error)
    try:
        run = load_run(place)  # it may have gone on since
        if run.status == "finished" and find_unanswered(run.directory, job.probes):
            return replace(job, resume=place)
        if run.status in ("finished", "failed"):
            return Event(
                job.number,
                "finished" if run.status == "finished" else "failed",
                place,
                len(run.epochs),
                run.best_psnr,
                run.result.get("error"),
            )
    except RunDirectoryError as error:
        return Event(job.number, "failed", place, error=str(error))
    return replace(job, resume=place if can_go_on(run.directory) else None)


def _find_begun(job: Job, path: str | None) -> Run | None:
    """The run that was begun on the lost node, also if that was not heard."""
    try:
        if path is not None:
            return load_run(path)
        runs = [run for run in find_runs(Path(job.runs)) if _is_of(job, run)]
    except RunDirectoryError:  # gone, with what it held
        return None
    return max(runs, key=lambda run: run.started, default=None)


def _is_of(job: Job, run: Run) -> bool:
    try:
        return run.settings == job.settings and run.status in _CUT_OFF and can_go_on(run.directory)
    except RunDirectoryError:  # damaged
        return False


def _wait_until_free(directory: RunDirectory, is_wanted: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + LOCK_SECONDS
    while is_held(directory):
        if time.monotonic() > deadline or not is_wanted():
            return False
        time.sleep(_PAUSE_SECONDS)
    return True
