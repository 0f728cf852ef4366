"""``dropstudy study status``: how far a study has come, and what it says so far."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from dropstudy.cli.console import console, printable

if TYPE_CHECKING:
    from dropstudy.studies.directory import StudyDirectory
    from dropstudy.studies.plan import Plan
    from dropstudy.studies.progress import Place

STUDIES = Path("studies")
StudyFile = Annotated[
    Path, typer.Argument(metavar="STUDY", help="A study in YAML.", show_default=False)
]
StudiesDirectory = Annotated[
    Path, typer.Option("--studies-dir", metavar="DIR", help="Where studies lie.")
]


def show_status(file: StudyFile, studies_dir: StudiesDirectory = STUDIES) -> None:
    """Show how far a study has come, and what it says so far."""
    from dropstudy.studies.directory import StudyDirectory, check_plan
    from dropstudy.studies.progress import survey

    plan = load_plan(file)
    directory = StudyDirectory(studies_dir / plan.study.name)
    introduce(plan, directory)
    check_plan(directory, plan)
    places = survey(directory, plan)
    show_places(places)
    show_findings(directory, plan, places)


def load_plan(file: Path) -> "Plan":
    """What a study's file asks for.

    Raises:
        ConfigError: Something is wrong with it.
    """
    from dropstudy.config.study_loading import load_study
    from dropstudy.studies.plan import make_plan

    return make_plan(load_study(file))


def introduce(plan: "Plan", directory: "StudyDirectory") -> None:
    """Prints what is asked, and what will decide."""
    study = plan.study
    facts = {
        "study": f"{study.name}, plan {plan.fingerprint[:12]}",
        "question": study.question,
        "hypothesis": study.hypothesis,
    }
    if study.seed_list:
        decides = f"{study.primary.metric}, at level {study.primary.level:g} over all arms"
        if study.looks > 1:
            decides += f", {study.level_at_look:.2g} at each of {study.looks} looks"
        facts["decides"] = decides
    if study.timing is not None:
        facts["timing"] = f"{study.timing.repeats} rounds of {study.timing.steps} steps"
    facts["directory"] = str(directory.path)
    for name, value in facts.items():
        console.print(f"[dim]{name:11}[/dim] {escape(printable(value))}")
    for arm in plan.arms:
        if arm.also:
            also = ", ".join(arm.also)
            console.print(f"[dim]{'':11}[/dim] {escape(arm.name)} is the same model as {also}")


def show_places(places: "Sequence[Place]") -> None:
    """Prints what has become of every run."""
    from dropstudy.cli.study_display import draw_grid

    if not places:
        return
    values = [place.best_psnr for place in places]
    console.print()
    states = [place.state for place in places]
    console.print(draw_grid(places, states, values, width=console.width))
    counts = Counter(place.state for place in places)
    console.print(
        f"\n{len(places)} runs: " + ", ".join(f"{count} {state}" for state, count in counts.items())
    )


def show_findings(directory: "StudyDirectory", plan: "Plan", places: "Sequence[Place]") -> None:
    """Prints what the finished runs say, and what the arms cost."""
    from dropstudy.analysis.timing import find_timing
    from dropstudy.analysis.wording import answer
    from dropstudy.cli.timing_tables import print_findings
    from dropstudy.studies.findings import compare_arms, needed_places
    from dropstudy.studies.timing_sessions import find_session

    session = find_session(directory, plan)
    if session is not None:
        console.print()
        print_findings(find_timing(session, level=plan.study.primary.level), session)
    reached = needed_places(plan, places)
    compared = compare_arms(plan, reached)
    if compared is not None:
        console.print()
        missing = sum(place.state != "finished" for place in reached)
        if missing:
            console.print(f"[dim]preliminary: {missing} of {len(reached)} runs are missing[/dim]")
        for contrast in compared.contrasts:
            console.print(escape(printable(answer(compared, contrast))))
