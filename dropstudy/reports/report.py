"""A comparison as one HTML file that needs nothing else."""

import base64
import hashlib
import re
from pathlib import Path

from dropstudy import __version__
from dropstudy.analysis.cells import count_of
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.one_arm import answer_alone
from dropstudy.analysis.tables import comparison_tables
from dropstudy.analysis.wording import answer, explain, warn_of_baselines, warn_of_one_seed
from dropstudy.errors import ConfigError, RunDirectoryError, StorageError
from dropstudy.reports.cards import make_cards
from dropstudy.reports.drawing import drawing_rules, key_svg
from dropstudy.reports.figures import draw_curves
from dropstudy.reports.image_figures import draw_images
from dropstudy.reports.origin import list_facts, list_sources, write_recipes
from dropstudy.reports.samples import embed_samples
from dropstudy.reports.time_figure import draw_time
from dropstudy.runs.directory import write_text
from dropstudy.runs.settings import describe_task

IMAGES = 4
"""Images that a report holds unless told otherwise."""

MARK = '<meta name="generator" content="dropstudy '
"""In the first lines of every report; a file that has it may be overwritten."""

LONGEST_TITLE = 90


def write_report(
    comparison: Comparison,
    path: Path,
    *,
    images: int = IMAGES,
    command: str = "",
    overwrite: bool = False,
) -> int:
    """Writes the report, whole or not at all.

    Args:
        comparison: What to report.
        path: The file.
        images: The most images to show.
        command: What was typed to get it; empty to leave that out.
        overwrite: Whether a file that is no report may be replaced.

    Returns:
        The file's size in bytes.

    Raises:
        ConfigError: Something else is there already.
        DataError: A saved image cannot be read.
        RunDirectoryError: The file cannot be written.
    """
    _protect(path, overwrite=overwrite)
    text = render_report(comparison, images=images, command=command)
    try:
        write_text(path, text)
    except StorageError as error:
        reason = getattr(error.__cause__, "strerror", None) or error
        raise RunDirectoryError(f"{path}: cannot be written: {reason}") from None
    return path.stat().st_size


def render_report(comparison: Comparison, *, images: int = IMAGES, command: str = "") -> str:
    """The report as HTML, the same text for the same runs.

    Args:
        comparison: What to report.
        images: The most images to show.
        command: What was typed to get it; empty to leave that out.

    Raises:
        DataError: A saved image cannot be read.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("dropstudy.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["bind"] = _bind
    script = templates.get_template("report.js").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    with drawing_rules():
        keys = [(arm, key_svg(place)) for place, arm in enumerate(comparison.arms)]
    return templates.get_template("report.html").render(
        version=__version__,
        script=script,
        script_digest=digest,
        title=_write_title(comparison),
        circumstances=_describe(comparison),
        answers=_answer(comparison),
        cards=make_cards(comparison),
        samples=embed_samples(comparison, count=images),
        tables=comparison_tables(comparison),
        keys=keys,
        has_seeds=any(len(arm.runs) > 1 for arm in comparison.arms),
        curves=[*draw_curves(comparison), draw_time(comparison)],
        image_figures=draw_images(comparison),
        notes=explain(comparison),
        sources=list_sources(comparison),
        facts=list_facts(comparison),
        recipes=write_recipes(comparison),
        command=command,
    )


def _protect(path: Path, *, overwrite: bool) -> None:
    """Refuses to replace what is of others; what cannot be read fails later, in writing."""
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"{path}: is no ordinary file; name another")
        with path.open(encoding="utf-8", errors="replace") as file:
            beginning = file.read(2000)
    except OSError:
        return
    if beginning.strip() and MARK not in beginning and not overwrite:
        raise ConfigError(f"{path}: is there already and no report; name another, or give --force")


def _answer(comparison: Comparison) -> list[str]:
    """The headline's words, a paragraph for each arm."""
    if not comparison.contrasts:
        return [answer_alone(comparison)]
    answers = [answer(comparison, contrast) for contrast in comparison.contrasts]
    warnings = " ".join(warn_of_baselines(comparison))
    return [*warn_of_one_seed(comparison), *answers, *([warnings] if warnings else [])]


def _bind(text: str) -> str:
    """Keeps a number and its unit on one line."""
    return re.sub(
        r"(?<=\d) (?=(?:dB|s)\b)|(?<=\bp) (?=[=<])|(?<=[=<]) (?=\d)", "\N{NO-BREAK SPACE}", text
    )


def _write_title(comparison: Comparison) -> str:
    baseline, *others = (arm.label for arm in comparison.arms)
    if not others:
        return baseline
    names = " and ".join([", ".join(others[:-1]), others[-1]] if others[1:] else others)
    title = f"{names} against {baseline}"
    return title if len(title) <= LONGEST_TITLE else f"{len(others)} arms against {baseline}"


def _describe(comparison: Comparison) -> list[str]:
    """What was compared: how many runs, which seeds, which task on which data."""
    runs = [compared.run for compared in comparison.runs]
    seeds = sorted({run.seed for run in runs})
    tasks = {describe_task(run.settings["task"]) for run in runs}
    return [
        count_of(len(comparison.arms), "arm"),
        count_of(len(runs), "run"),
        f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}",
        *sorted(tasks),
        f"by {comparison.measure.label}",
    ]
