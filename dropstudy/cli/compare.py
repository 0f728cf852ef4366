"""``dropstudy compare``: which run is better, by how much, is it real, what did it cost."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropstudy.cli.comparing import compare_named
from dropstudy.cli.comparison_output import print_csv, print_json, print_markdown, print_text
from dropstudy.cli.console import print_error
from dropstudy.cli.options import (
    RUNS,
    Baseline,
    GroupBy,
    Margin,
    Metric,
    RunNames,
    RunsDirectory,
    Target,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dropstudy.analysis.arms import Arm

MADE_BY = "dropstudy compare"
"""In every page of pictures; a file that has it may be replaced."""

CONFOUNDED = 1
"""Exit code of ``--strict`` where something besides the factor differs."""


def compare(
    names: RunNames,
    group_by: GroupBy = None,
    baseline: Baseline = None,
    metric: Metric = "val_psnr",
    margin: Margin = None,
    target: Target = None,
    pictures: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the page of pictures (PNG) goes."),
    ] = None,
    markdown: Annotated[bool, typer.Option("--md", help="Print Markdown.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print a row for each run.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page to read, as dropstudy report does."),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit with 1 if more differs than dropout (or --group-by)."),
    ] = False,
    runs_dir: RunsDirectory = RUNS,
) -> None:
    """Compare runs: which is better, by how much, is it real, and what did it cost.

    Runs that differ in their seed alone are one arm, and arms are paired by seed. A page of
    pictures goes to .comparisons/ beside the first run, or where --pictures says.
    """
    from concurrent.futures import Future, ThreadPoolExecutor

    from dropstudy.errors import ConfigError

    if markdown + csv + json > 1:
        raise ConfigError("--md, --csv and --json: give one of them")
    is_data = json or csv or markdown
    drawing: Future[Path | None] | None = None

    def draw(arms: "Sequence[Arm]") -> None:
        nonlocal drawing
        if pictures is not None or not is_data:
            drawing = pool.submit(_draw, arms, pictures)

    with ThreadPoolExecutor(1) as pool:  # pixels are drawn while SciPy is imported
        compared = compare_named(
            names,
            runs_dir,
            group_by=group_by,
            baseline=baseline,
            metric=metric,
            margin=margin,
            target=target,
            on_arms=draw,
        )
    if json:
        print_json(compared)
    elif csv:
        print_csv(compared)
    elif markdown:
        print_markdown(compared)
    else:
        print_text(compared)
    if drawing is not None and (drawn := drawing.result()) is not None:
        typer.echo(f"pictures  {drawn}", err=is_data)
    if html is not None:
        from dropstudy.cli.report import write_page

        write_page(compared, html, err=is_data)
    if strict and compared.confounds:
        keys = ", ".join(difference.key for difference in compared.confounds)
        print_error(f"--strict: besides {compared.factor}, the runs differ in: {keys}")
        raise typer.Exit(CONFOUNDED)


def _draw(arms: "Sequence[Arm]", wanted: Path | None) -> Path | None:
    """Writes the page of pictures; one that nobody asked for may fail to be written.

    Returns:
        The file; None where there is none.
    """
    from PIL.PngImagePlugin import PngInfo

    from dropstudy.errors import DataError
    from dropstudy.reports.pictures import draw_arms

    page = draw_arms(arms)
    if page is None:
        if wanted is not None:
            raise DataError("--pictures: no validation image was kept by a run of every arm")
        return None
    if wanted is not None and not _may_replace(wanted):
        raise DataError(f"{wanted}: is there already and no page of pictures; name another file")
    path = wanted or _picture_file(arms)
    mark = PngInfo()
    mark.add_text("Software", MADE_BY)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        page.save(path, format="png", compress_level=1, pnginfo=mark)  # a tenth larger, fast
    except OSError as error:
        if wanted is not None:
            raise DataError(f"{path}: cannot be written: {error.strerror}") from None
        return None
    return path


def _may_replace(path: Path) -> bool:
    """Whether there is nothing of others' to lose."""
    from PIL import Image

    if not path.is_file():
        return True
    try:
        with Image.open(path) as old:
            return old.info.get("Software") == MADE_BY
    except OSError:
        return False


def _picture_file(arms: "Sequence[Arm]") -> Path:
    """Beside the first run; the same for the same runs, whatever was asked about them."""
    from hashlib import sha256

    names = sorted(run.name for arm in arms for run in arm.runs)
    mark = sha256("\n".join(names).encode()).hexdigest()[:8]
    labels = "-".join(arm.label for arm in arms)
    readable = "".join(sign if sign.isalnum() or sign in "._" else "-" for sign in labels)
    runs = arms[0].runs[0].directory.path.parent
    return runs / ".comparisons" / f"{readable[:60].strip('-')}-{mark}.png"
