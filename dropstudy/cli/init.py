"""``dropstudy init``: writes an experiment to start from."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from dropstudy.cli.console import console


def init(
    file: Annotated[Path, typer.Argument(help="The file to write.", show_default=False)],
) -> None:
    """Write a commented experiment to start from."""
    from importlib import resources

    from dropstudy.errors import ConfigError

    text = (resources.files("dropstudy") / "config" / "starter.yaml").read_text(encoding="utf-8")
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise ConfigError(f"{file}: is there already; name a new file") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}") from None
    console.print(
        f"wrote {escape(str(file))}; next: [bold]dropstudy run {escape(str(file))}[/bold]"
    )
