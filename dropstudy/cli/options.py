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
