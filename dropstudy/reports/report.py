"""A comparison as one HTML file that needs nothing else."""

from pathlib import Path

from dropstudy.analysis.cells import count_of
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.one_arm import answer_alone
from dropstudy.analysis.tables import comparison_tables
from dropstudy.analysis.wording import answer, explain, warn_of_baselines, warn_of_one_seed
from dropstudy.reports.cards import make_cards
from dropstudy.reports.drawing import drawing_rules, key_svg
from dropstudy.reports.figures import draw_curves
from dropstudy.reports.image_figures import draw_images
from dropstudy.reports.origin import list_facts, list_sources, write_recipes
from dropstudy.reports.page import refuse_others_file, render_page, write_page
from dropstudy.reports.samples import embed_samples
from dropstudy.reports.time_figure import draw_time
from dropstudy.runs.settings import describe_task

IMAGES = 4
"""Images that a report holds unless told otherwise."""

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
    refuse_others_file(path, overwrite=overwrite)
    return write_page(path, render_report(comparison, images=images, command=command))


def render_report(comparison: Comparison, *, images: int = IMAGES, command: str = "") -> str:
    """The report as HTML, the same text for the same runs.

    Args:
        comparison: What to report.
        images: The most images to show.
        command: What was typed to get it; empty to leave that out.

    Raises:
        DataError: A saved image cannot be read.
    """
    with drawing_rules():
        keys = [(arm, key_svg(place)) for place, arm in enumerate(comparison.arms)]
    content = {
        "title": _write_title(comparison),
        "circumstances": _describe(comparison),
        "answers": _answer(comparison),
        "cards": make_cards(comparison),
        "samples": embed_samples(comparison, count=images),
        "tables": comparison_tables(comparison),
        "keys": keys,
        "has_seeds": any(len(arm.runs) > 1 for arm in comparison.arms),
        "curves": [*draw_curves(comparison), draw_time(comparison)],
        "image_figures": draw_images(comparison),
        "notes": explain(comparison),
        "sources": list_sources(comparison),
        "facts": list_facts(comparison),
        "recipes": write_recipes(comparison),
        "command": command,
    }
    return render_page("report.html", content)


def _answer(comparison: Comparison) -> list[str]:
    """The headline's words, a paragraph for each arm."""
    if not comparison.contrasts:
        return [answer_alone(comparison)]
    answers = [answer(comparison, contrast) for contrast in comparison.contrasts]
    warnings = " ".join(warn_of_baselines(comparison))
    return [*warn_of_one_seed(comparison), *answers, *([warnings] if warnings else [])]


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
