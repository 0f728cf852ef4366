"""``dropstudy validate``: checks experiments without TensorFlow."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from dropstudy.cli.console import console, print_error
from dropstudy.cli.options import Overrides


def validate(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Experiments.", show_default=False)
    ],
    overrides: Overrides,
) -> None:
    """Check experiments and print everything that is wrong with them."""
    from dropstudy.config import load_experiment
    from dropstudy.config.description import describe_experiment
    from dropstudy.errors import ConfigError

    failed = False
    for file in files:
        try:
            experiment = load_experiment(file, overrides)
        except ConfigError as error:
            failed = True
            print_error(str(error))
        else:
            console.print(f"[green]valid[/green]  {escape(str(file))}  ", end="")
            console.print(describe_experiment(experiment), style="dim", markup=False)
    if failed:
        raise typer.Exit(ConfigError.exit_code)
