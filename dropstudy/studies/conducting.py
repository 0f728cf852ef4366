"""Has a study's runs made until it is decided, and keeps what fails from stopping the others."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from dropstudy.runs.directory import append_line, to_json
from dropstudy.runs.process import hold
from dropstudy.studies.directory import StudyDirectory, settle_plan
from dropstudy.studies.findings import are_complete, is_decided, needed_places, of_seeds
from dropstudy.studies.jobs import Event, Executor, Job
from dropstudy.studies.plan import Plan
from dropstudy.studies.progress import Place, find_jobs, survey
from dropstudy.studies.timing_sessions import TimingProgress, find_session, time_plan


def conduct(
    directory: StudyDirectory,
    plan: Plan,
    executor: Executor,
    *,
    on_timing: Callable[[TimingProgress], None],
    on_begin: Callable[[list[Place]], None],
    on_event: Callable[[Event], None],
    on_stop: Callable[[], None],
    again: bool = False,
    amendment: str | None = None,
) -> list[Place]:
    """Times the arms and makes all runs that are not there yet, up to the look that decides.

    Args:
        directory: The study's; made if it is not there.
        plan: What is trained.
        executor: Who trains it.
        on_timing: Told of every turn of the arms that are timed.
        on_begin: Told how far the study has come.
        on_event: Told of everything that happens.
        on_stop: Told when an interrupt has come, before all that trains is saved.
        again: Whether failed runs are tried once more.
        amendment: Why the plan may differ from the one that the study was begun with.

    Returns:
        What has become of every training.

    Raises:
        StudyError: The plan has changed, or the arms could not be timed.
        RunDirectoryError: Another process conducts the study.
        StorageError: Its directory cannot be written.
    """
    directory.runs.mkdir(parents=True, exist_ok=True)
    with hold(directory.holder):
        settle_plan(directory, plan, amendment=amendment)
        if plan.study.timing is not None and find_session(directory, plan) is None:
            time_plan(directory, plan, on_progress=on_timing)
        places = survey(directory, plan)
        on_begin(places)
        tried: set[int] = set()
        for seeds in plan.looks():
            jobs = [
                job
                for job in find_jobs(directory, places, again=again, probes=plan.study.probes)
                if places[job.number].planned.seed in seeds and job.number not in tried
            ]
            tried |= {job.number for job in jobs}
            _train(directory, places, executor, jobs, on_event=on_event, on_stop=on_stop)
            places = survey(directory, plan)
            own = of_seeds(places, seeds)
            # A look with a run missing cannot be judged, and what comes after it may not be needed.
            if is_decided(plan, own) or not are_complete(plan, own):
                break
        return places


def is_done(plan: Plan, places: Sequence[Place]) -> bool:
    """Whether all that was needed is finished."""
    return are_complete(plan, needed_places(plan, places))


def _train(
    directory: StudyDirectory,
    places: Sequence[Place],
    executor: Executor,
    jobs: Sequence[Job],
    *,
    on_event: Callable[[Event], None],
    on_stop: Callable[[], None],
) -> None:
    if not jobs:
        return
    with executor.run(jobs) as events:
        try:
            for event in events:
                if event.error is not None:
                    _note_failure(directory, places[event.number], event)
                on_event(event)
        except KeyboardInterrupt:
            on_stop()
            raise


def _note_failure(directory: StudyDirectory, place: Place, event: Event) -> None:
    """What is wrong with a run that may not even have a directory."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    noted = {
        "when": now,
        "arm": place.planned.arm,
        "seed": place.planned.seed,
        "stage": event.stage,
        "path": event.path,
        "error": event.error,
    }
    append_line(directory.failures, to_json(noted))
