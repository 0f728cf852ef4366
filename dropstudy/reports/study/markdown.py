"""A study's report as Markdown with figures beside it, fit to be kept with a program's code."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from dropstudy.analysis.study_account import StudyAccount
from dropstudy.errors import ConfigError
from dropstudy.files import read_plain
from dropstudy.reports.drawing import Figure
from dropstudy.reports.study.cost import why_no_cost
from dropstudy.reports.study.figures import study_figures
from dropstudy.reports.study.markup import escape
from dropstudy.reports.study.pictures import draw_pictures
from dropstudy.reports.study.sections import (
    FINDINGS,
    write_arms,
    write_claims,
    write_doubts,
    write_findings,
    write_head,
    write_method,
    write_timing,
)
from dropstudy.reports.study.standalone import alternative_of, standalone
from dropstudy.runs.directory import replacing, storing, write_text

REPORT = "report.md"
FIGURES = "figures"
PICTURES = "pictures.webp"
MARK = "<!-- dropstudy study report"
"""What the first line of every report begins with; a file that has it may be overwritten."""
MOST_FINDINGS_BYTES = 1_000_000


def write_study_markdown(
    account: StudyAccount,
    directory: Path,
    *,
    images: int = 4,
    force: bool = False,
    name: str = REPORT,
) -> list[Path]:
    """Writes ``report.md`` and ``figures/`` below a directory; the same files for the same runs.

    The section *What was found* is what ``findings.md`` in the directory says, so that it stays
    when the report is written again.

    Args:
        account: What to report.
        directory: Made if there is none.
        images: The most images in the picture; 0 for no picture.
        force: Whether a file that is no report may be replaced.
        name: Of the report.

    Returns:
        What was written, the report first.

    Raises:
        ConfigError: Something else is there already.
        DataError: A saved image cannot be read.
        StorageError: A file cannot be written.
    """
    report = directory / name
    _protect(directory, report, force=force)
    findings = _read_findings(directory / FINDINGS)
    figures = study_figures(account)
    arms = account.comparison.arms if account.comparison else ()
    pictures = draw_pictures(arms, count=images) if arms and images else None
    folder = directory / FIGURES
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    written = [report]
    for figure in figures:
        written.append(folder / f"{figure.key}.svg")
        write_text(written[-1], standalone(figure))
    if pictures is not None:
        written.append(folder / PICTURES)
        with replacing(written[-1]) as stream:
            stream.write(pictures)
    text = render_markdown(account, figures, findings=findings, has_pictures=pictures is not None)
    write_text(report, text)
    return written


def render_markdown(
    account: StudyAccount,
    figures: Sequence[Figure],
    *,
    findings: str = "",
    has_pictures: bool = False,
) -> str:
    """The report's text.

    Args:
        account: What to report.
        figures: What is drawn of it, each in ``figures/NAME.svg``.
        findings: What was found, as Markdown; empty: nobody has written it.
        has_pictures: Whether there is ``figures/pictures.webp``.
    """
    parts = chain(
        [f"{MARK}; written anew each time: what was found belongs into {FINDINGS} -->"],
        write_head(account),
        write_findings(findings),
        write_arms(account),
        _write_figures(figures, why_no_cost(account)),
        write_timing(account.timing) if account.timing else (),
        write_claims(account) if account.claims else (),
        _write_pictures() if has_pictures else (),
        write_doubts(account),
        write_method(account),
    )
    return "\n\n".join(parts) + "\n"


def _write_figures(figures: Sequence[Figure], remark: str) -> list[str]:
    parts = []
    for figure in figures:
        parts.append(f"### {escape(figure.title)}")
        parts.append(f"![{escape(alternative_of(figure))}]({FIGURES}/{figure.key}.svg)")
        parts.append(escape(figure.caption))
    if remark:
        parts.append(escape(remark))
    return ["## Figures", *parts] if parts else []


def _write_pictures() -> list[str]:
    words = "The same validation images in the hands of every arm, where the arms differ most"
    return ["## Pictures", f"![{words}]({FIGURES}/{PICTURES})"]


def _read_findings(path: Path) -> str:
    try:
        content = read_plain(path, most_bytes=MOST_FINDINGS_BYTES)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    return content.decode("utf-8", errors="replace").replace("\r\n", "\n")


def _protect(directory: Path, report: Path, *, force: bool) -> None:
    """Refuses to replace what is of others; what cannot be read fails later, in writing."""
    if directory.exists() and not directory.is_dir():
        raise ConfigError(f"{directory}: is no folder; name another")
    if report.exists() and not report.is_file():
        raise ConfigError(f"{report}: is no ordinary file; name another")
    try:
        with report.open(encoding="utf-8", errors="replace") as file:
            beginning = file.read(2000)
    except OSError:
        return
    if beginning.strip() and not beginning.startswith(MARK) and not force:
        raise ConfigError(
            f"{report}: is there already and no report; name another, or give --force"
        )
