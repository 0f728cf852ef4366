"""The ``dropstudy`` command."""

import io
import sys
from typing import Annotated

import typer

from dropstudy import __version__
from dropstudy.cli.compare import compare
from dropstudy.cli.console import print_error
from dropstudy.cli.doctor import doctor
from dropstudy.cli.evaluate import evaluate
from dropstudy.cli.explain import explain
from dropstudy.cli.export import export
from dropstudy.cli.init import init
from dropstudy.cli.list_runs import list_runs
from dropstudy.cli.report import report
from dropstudy.cli.run import run
from dropstudy.cli.schema import schema
from dropstudy.cli.score import score
from dropstudy.cli.show import show
from dropstudy.cli.study import study
from dropstudy.cli.timing import timing
from dropstudy.cli.validate import validate
from dropstudy.cli.verify_resume import verify_resume
from dropstudy.errors import DropstudyError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Find out what dropout does to an image-restoring network: "
    "its quality, its cost, and pictures to look at.",
    epilog="Start with [bold]dropstudy run configs/unet_spatial.yaml[/bold].",
)
app.command()(run)
app.command("list")(list_runs)
for command in (show, compare, report, evaluate, score, export, validate, explain, init, schema):
    app.command()(command)
app.command("verify-resume")(verify_resume)
app.command()(doctor)
app.command()(timing)
app.add_typer(study, name="study")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dropstudy {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Takes the options that stand before the command."""


def main() -> None:
    """Runs the command line and exits: 0 well, 1 failed, 2 bad input, 130 interrupted.

    The last is Typer's own doing, and that of ``dropstudy run`` once a training has begun.
    """
    # A name that is no UTF-8, or a sign that the terminal lacks, is spelled out, not fatal.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except DropstudyError as error:
        print_error(str(error))
        sys.exit(error.exit_code)
    except OSError as error:  # the disk of the file that the output goes to may be full
        print_error(str(error))
        sys.exit(1)
