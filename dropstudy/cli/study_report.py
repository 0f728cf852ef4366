"""``dropstudy study report``: a whole study as one HTML file, or as Markdown with figures."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dropstudy.cli.console import printable
from dropstudy.cli.study_status import STUDIES, StudiesDirectory, StudyFile, load_plan

if TYPE_CHECKING:
    from dropstudy.config.claims import Claims
    from dropstudy.studies.plan import Plan

Format = Literal["html", "markdown"]
PAGE = Path("report.html")
FOLDER = Path("report")
_PAGES = (".html", ".htm")


def report_study(
    file: StudyFile,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="Where to write it: a file [bold].html[/bold], or for Markdown a folder or a "
            "file [bold].md[/bold]; without it [bold]report.html[/bold].",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format", help="What to write; without it as PATH says.", show_default=False
        ),
    ] = None,
    images: Annotated[int, typer.Option(metavar="N", min=0, help="The most images to show.")] = 4,
    claims: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What was claimed; without it [bold]NAME.claims.yaml[/bold] beside the study, "
            "if there is one.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file even if it is no report.")
    ] = False,
    studies_dir: StudiesDirectory = STUDIES,
) -> None:
    """Write what a study asked, what it found, and how sure that is: HTML, or Markdown.

    The HTML file loads nothing from elsewhere. Markdown comes with its figures beside it; in
    the same folder [bold]findings.md[/bold] is yours to say what was found.
    """
    from dropstudy.studies.accounts import account_for
    from dropstudy.studies.directory import StudyDirectory

    plan = load_plan(file)
    account = account_for(
        StudyDirectory(studies_dir / plan.study.name),
        plan,
        claims=_find_claims(file, plan, claims),
        file=_name_file(file),
    )
    if account.timing is None and not any(arm.finished for arm in account.arms):
        _refuse(file, studies_dir)
    kind, path = _choose(output, form)
    written: list[Path]
    if kind == "html":
        from dropstudy.reports.study.page import write_study_page

        write_study_page(account, path, images=images, force=force)
        written = [path]
    else:
        from dropstudy.reports.study.markdown import REPORT, write_study_markdown

        is_file = path.suffix.lower() == ".md"
        written = write_study_markdown(
            account,
            path.parent if is_file else path,
            images=images,
            force=force,
            name=path.name if is_file else REPORT,
        )
    for place in written:
        typer.echo(f"wrote {printable(place)} ({_write_size(place.stat().st_size)})")


def _choose(output: Path | None, form: Format | None) -> tuple[Format, Path]:
    """What to write, and where."""
    if output is None:
        return form or "html", FOLDER if form == "markdown" else PAGE
    return form or ("html" if output.suffix.lower() in _PAGES else "markdown"), output


def _find_claims(file: Path, plan: "Plan", given: Path | None) -> "Claims | None":
    from dropstudy.studies.claims import claims_beside, load_claims_of

    path = given or claims_beside(file)
    return load_claims_of(plan, path) if given is not None or path.exists() else None


def _name_file(file: Path) -> str:
    """As commands in the report name it: from here, and without the folders of this machine."""
    path = file.resolve()
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name


def _refuse(file: Path, studies_dir: Path) -> None:
    import shlex

    from dropstudy.errors import StudyError

    command = ["dropstudy", "study", "run", str(file)]
    if studies_dir != STUDIES:
        command += ["--studies-dir", str(studies_dir)]
    raise StudyError(
        f"{file}: no run is finished and nothing is timed, so there is nothing to report; first: "
        f"{shlex.join(command)}"
    )


def _write_size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:,.1f} kB"
