"""``dropstudy validate``: checks experiments and studies without TensorFlow."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from dropstudy.cli.console import console, print_error
from dropstudy.cli.options import Overrides


def validate(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Experiments, studies.", show_default=False),
    ],
    overrides: Overrides,
) -> None:
    """Check experiments and studies, and print everything that is wrong with them."""
    from dropstudy.errors import ConfigError

    failed = False
    for file in files:
        try:
            found = _describe(file, overrides)
        except ConfigError as error:
            failed = True
            print_error(str(error))
        else:
            console.print(f"[green]valid[/green]  {escape(str(file))}  ", end="")
            console.print(found, style="dim", markup=False)
    if failed:
        raise typer.Exit(ConfigError.exit_code)


def _describe(file: Path, overrides: list[str]) -> str:
    from dropstudy.config import load_experiment
    from dropstudy.config.description import describe_experiment
    from dropstudy.config.study_loading import is_study, load_study
    from dropstudy.errors import ConfigError

    if not is_study(file):
        return describe_experiment(load_experiment(file, overrides))
    if overrides:
        raise ConfigError(f"{file}: --set changes experiments; this is a study: edit its file")
    loaded = load_study(file)
    return f"study · {len(loaded.arms)} arms · {len(loaded.study.seed_list)} seeds"
