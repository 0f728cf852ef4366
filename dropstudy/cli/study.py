"""``dropstudy study``: a question, answered by arms and seeds."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from dropstudy.cli.console import console, printable

if TYPE_CHECKING:
    from dropstudy.studies.directory import StudyDirectory
    from dropstudy.studies.plan import Plan
    from dropstudy.studies.progress import Place

study = typer.Typer(
    no_args_is_help=True,
    help="Train all arms of a study with all its seeds, and see what it says.",
)

StudyFile = Annotated[
    Path, typer.Argument(metavar="STUDY", help="A study in YAML.", show_default=False)
]
StudiesDirectory = Annotated[
    Path, typer.Option("--studies-dir", metavar="DIR", help="Where studies lie.")
]
STUDIES = Path("studies")


@study.command("run")
def run_study(
    file: StudyFile,
    jobs: Annotated[int, typer.Option(min=1, help="Runs to train at the same time.")] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the study; try failed runs again.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be trained, and train nothing.")
    ] = False,
    amend: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Go on although the plan has changed; say why."),
    ] = None,
    studies_dir: StudiesDirectory = STUDIES,
) -> None:
    """Train every arm with every seed, each model once; what is done stays done."""
    from dropstudy.cli.study_display import StudyDisplay
    from dropstudy.errors import StudyError
    from dropstudy.studies.conducting import conduct
    from dropstudy.studies.directory import StudyDirectory
    from dropstudy.studies.local import LocalExecutor

    plan = _load(file)
    directory = StudyDirectory(studies_dir / plan.study.name)
    _introduce(plan, directory)
    if dry_run:
        _show(directory, plan)
        return
    if directory.plan.exists() and not (resume or amend):
        raise StudyError(f"{directory.path}: this study has been begun; go on with --resume")
    executor = LocalExecutor(jobs, log=directory.workers_log)
    if executor.workers < jobs:
        console.print(f"[yellow]note[/yellow]        {executor.workers} runs at a time, one a core")
    try:
        with StudyDisplay(console) as display:
            places = conduct(
                directory,
                plan,
                executor,
                on_begin=display.on_begin,
                on_event=display.on_event,
                on_stop=display.on_stop,
                again=resume,
                amendment=amend,
            )
    except KeyboardInterrupt:
        console.print("\n[yellow]interrupted[/yellow]; what was being trained is saved")
        words = ["dropstudy", "study", "run", str(file), "--resume"]
        words += ["--jobs", str(jobs)] if jobs > 1 else []
        words += ["--studies-dir", str(studies_dir)] if studies_dir != STUDIES else []
        console.print(f"go on with  {escape(printable(shlex.join(words)))}")
        raise typer.Exit(130) from None
    _show(directory, plan, places)
    if any(place.state != "finished" for place in places):
        raise typer.Exit(1)


@study.command("status")
def show_status(file: StudyFile, studies_dir: StudiesDirectory = STUDIES) -> None:
    """Show how far a study has come."""
    from dropstudy.studies.directory import StudyDirectory

    plan = _load(file)
    directory = StudyDirectory(studies_dir / plan.study.name)
    _introduce(plan, directory)
    _show(directory, plan)


@study.command("report")
def report_study(
    file: StudyFile,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")
    ] = Path("report.html"),
    images: Annotated[int, typer.Option(metavar="N", min=0, help="The most images to show.")] = 4,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file even if it is no report.")
    ] = False,
    studies_dir: StudiesDirectory = STUDIES,
) -> None:
    """Write what the study's finished runs say as one HTML file."""
    from dropstudy.cli.report import write_page
    from dropstudy.errors import StudyError
    from dropstudy.studies.directory import StudyDirectory
    from dropstudy.studies.findings import compare_arms
    from dropstudy.studies.progress import survey

    plan = _load(file)
    directory = StudyDirectory(studies_dir / plan.study.name)
    compared = compare_arms(plan, survey(directory, plan))
    if compared is None:
        raise StudyError(
            f"{directory.path}: {plan.arms[0].name} and another arm need a finished run each; "
            f"train them with: dropstudy study run {file}"
        )
    write_page(compared, output, images=images, force=force)


def _load(file: Path) -> "Plan":
    from dropstudy.config.study_loading import load_study
    from dropstudy.studies.plan import make_plan

    return make_plan(load_study(file))


def _introduce(plan: "Plan", directory: "StudyDirectory") -> None:
    study = plan.study
    facts = {
        "study": f"{study.name}, plan {plan.fingerprint[:12]}",
        "question": study.question,
        "hypothesis": study.hypothesis,
        "decides": f"{study.primary.metric}, at level {study.primary.level:g} over all arms",
        "directory": str(directory.path),
    }
    for name, value in facts.items():
        console.print(f"[dim]{name:11}[/dim] {escape(printable(value))}")
    for arm in plan.arms:
        if arm.also:
            also = ", ".join(arm.also)
            console.print(f"[dim]{'':11}[/dim] {escape(arm.name)} is the same model as {also}")


def _show(directory: "StudyDirectory", plan: "Plan", places: "list[Place] | None" = None) -> None:
    from collections import Counter

    from dropstudy.analysis.wording import answer
    from dropstudy.cli.study_display import draw_grid
    from dropstudy.studies.findings import compare_arms
    from dropstudy.studies.progress import survey

    places = survey(directory, plan) if places is None else places
    values = [place.run.best.val_psnr if place.run and place.run.best else None for place in places]
    console.print()
    console.print(draw_grid(places, [place.state for place in places], values))
    counts = Counter(place.state for place in places)
    console.print(
        f"\n{len(places)} runs: " + ", ".join(f"{count} {state}" for state, count in counts.items())
    )
    compared = compare_arms(plan, places)
    if compared is not None:
        console.print()
        for contrast in compared.contrasts:
            console.print(escape(printable(answer(compared, contrast))))
