"""``dropstudy study run``: trains what a study asks for."""

import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from dropstudy.cli.console import console, printable
from dropstudy.cli.study_estimate import show_estimate
from dropstudy.cli.study_status import (
    STUDIES,
    StudiesDirectory,
    StudyFile,
    introduce,
    load_plan,
    show_findings,
    show_places,
)

if TYPE_CHECKING:
    from dropstudy.studies.jobs import Executor
    from dropstudy.studies.plan import Plan
    from dropstudy.studies.progress import Place

AUTO = "auto"


class Where(StrEnum):
    """What trains a study's runs."""

    local = "local"
    ray = "ray"


def run_study(
    file: StudyFile,
    jobs: Annotated[
        str | None,
        typer.Option(
            metavar="N|auto",
            help="Runs to train at the same time on this machine, 1 without it; "
            "[bold]auto[/bold]: as many as train the most images per second, by measuring.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the study; try failed runs again.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would be trained and what it would take."),
    ] = False,
    amend: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Go on although the plan has changed; say why."),
    ] = None,
    where: Annotated[
        Where, typer.Option("--executor", help="This machine, or a Ray cluster.")
    ] = Where.local,
    ray_address: Annotated[
        str | None,
        typer.Option("--ray-address", metavar="ADDRESS", help="Of the cluster; else auto."),
    ] = None,
    cpus: Annotated[int | None, typer.Option(min=1, help="Cores of a run on the cluster.")] = None,
    gpus: Annotated[
        float | None,
        typer.Option(min=0, help="GPUs of a run on the cluster, or a share of one."),
    ] = None,
    studies_dir: StudiesDirectory = STUDIES,
) -> None:
    """Train every arm with every seed, each model once; what is done stays done."""
    from dropstudy.cli.study_display import StudyDisplay
    from dropstudy.errors import StudyError
    from dropstudy.runs.process import is_held
    from dropstudy.studies.conducting import conduct, is_done
    from dropstudy.studies.directory import StudyDirectory
    from dropstudy.studies.local import LocalExecutor
    from dropstudy.studies.progress import survey
    from dropstudy.studies.ray_cluster import RayExecutor

    of_cluster = {"--ray-address": ray_address, "--cpus": cpus, "--gpus": gpus}
    _refuse(of_cluster if where is Where.local else {"--jobs": jobs}, where)
    wanted = _read_jobs(jobs)
    plan = load_plan(file)
    directory = StudyDirectory(studies_dir / plan.study.name)
    introduce(plan, directory)
    places = survey(directory, plan)
    is_busy = bool(is_held(directory.holder))
    if dry_run:
        show_places(places)
        if where is Where.local and not is_busy:
            show_estimate(plan, places, directory, jobs=wanted or _measure_jobs(plan, places))
        return
    if is_busy:  # told before anything is measured, which would disturb the other
        raise StudyError(f"{directory.path}: another process conducts this study; wait for it")
    if directory.plan.exists() and not (resume or amend):
        raise StudyError(f"{directory.path}: this study has been begun; go on with --resume")
    executor: Executor
    if where is Where.ray:
        executor = RayExecutor(
            ray_address or AUTO, cpus=cpus or 1, gpus=gpus or 0, log=directory.workers_log
        )
        workers = None
    else:
        executor = LocalExecutor(wanted or _measure_jobs(plan, places), log=directory.workers_log)
        workers = executor.workers
        if wanted is not None and workers < wanted:
            console.print(f"[yellow]note[/yellow]        {workers} runs at a time, one a core")
    try:
        with StudyDisplay(console, workers=workers) as display:
            places = conduct(
                directory,
                plan,
                executor,
                on_timing=display.on_timing,
                on_begin=display.on_begin,
                on_event=display.on_event,
                on_stop=display.on_stop,
                again=resume,
                amendment=amend,
            )
    except KeyboardInterrupt:
        console.print("\n[yellow]interrupted[/yellow]; what was being trained is saved")
        options = {"--jobs": jobs, **of_cluster, "--studies-dir": studies_dir}
        if where is Where.ray:
            options["--executor"] = where
        console.print(f"go on with  {escape(printable(_command(file, options)))}")
        raise typer.Exit(130) from None
    show_places(places)
    show_findings(directory, plan, places)
    if not is_done(plan, places):
        raise typer.Exit(1)


def _measure_jobs(plan: "Plan", places: "Sequence[Place]") -> int:
    """How many at a time train the most images per second; says what was found."""
    from dropstudy.studies.choosing import choose_jobs, find_largest

    left = [place.planned.experiment for place in places if place.state != "finished"]
    with console.status("measuring how many runs to train at a time"):
        choice = choose_jobs(find_largest(arm.experiment for arm in plan.arms), most=len(left))
    console.print(f"[dim]{'jobs':11}[/dim] {choice.in_words()}")
    return choice.jobs


def _refuse(options: Mapping[str, object], where: Where) -> None:
    """What only another executor has."""
    from dropstudy.errors import StudyError

    given = [name for name, value in options.items() if value is not None]
    if given:
        raise StudyError(f"{', '.join(given)}: --executor {where.value} has no such option")


def _read_jobs(jobs: str | None) -> int | None:
    """How many; None where that is to be measured."""
    from dropstudy.errors import StudyError

    if jobs == AUTO:
        return None
    if jobs is None:
        return 1
    with suppress(ValueError):
        if int(jobs) > 0:
            return int(jobs)
    raise StudyError(f"--jobs: got {jobs}; give a whole number from 1 up, or {AUTO}")


def _command(file: Path, options: Mapping[str, object]) -> str:
    words = ["dropstudy", "study", "run", str(file), "--resume"]
    for name, value in options.items():
        if value is not None and value != STUDIES:
            words += [name, str(value)]
    return shlex.join(words)
