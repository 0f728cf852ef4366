"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="An experiment in YAML.", show_default=False)
]
Overrides = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change one value, such as [bold]training.epochs=3[/bold]; may be repeated.",
        default_factory=list,
        show_default=False,
    ),
]

RunsDirectory = Annotated[
    Path, typer.Option("--runs-dir", metavar="DIR", help="Where run directories lie.")
]
RUNS = Path("runs")
"""Where run directories are made and looked for unless told otherwise."""


def complete_run(context: typer.Context, incomplete: str) -> list[str]:
    """Names of runs for a shell's completion."""
    from dropstudy.errors import DropstudyError
    from dropstudy.runs.store import LATEST, find_runs

    try:
        names = [run.name for run in find_runs(Path(context.params.get("runs_dir") or RUNS))]
    except DropstudyError:
        return []
    return [name for name in [*names, LATEST] if name.startswith(incomplete)]


_RUN_HELP = "A run: its directory, its name, the beginning of it, or @latest."
RunName = Annotated[
    str,
    typer.Argument(metavar="RUN", help=_RUN_HELP, show_default=False, autocompletion=complete_run),
]
RunNames = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN...", help=_RUN_HELP, show_default=False, autocompletion=complete_run
    ),
]

GroupBy = Annotated[
    str | None,
    typer.Option(
        metavar="KEY",
        help="Make arms of the runs that agree in this setting, such as [bold]dropout.skip"
        "[/bold]; without it, in all but the seed.",
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option(
        metavar="RUN",
        help="Hold the others against this arm, or this run's; without it, against the one arm "
        "without dropout, or the first.",
    ),
]
Metric = Annotated[
    str,
    typer.Option(help="What decides: val_psnr, val_ssim, test_psnr, test_ssim or val_copy_ratio."),
]
Margin = Annotated[
    float | None,
    typer.Option(
        metavar="NUMBER",
        help="A difference within this counts as none; without it 0.1 dB, 0.005 of an SSIM, or "
        "0.02 of a copy ratio.",
    ),
]
Target = Annotated[
    float | None,
    typer.Option(
        metavar="DB",
        help="Tell how soon each run reached this validation PSNR; without it, the lowest of "
        "their best ones.",
    ),
]
