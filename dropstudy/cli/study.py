"""``dropstudy study``: a question, answered by arms and seeds."""

import typer

from dropstudy.cli.study_check import check_study
from dropstudy.cli.study_report import report_study
from dropstudy.cli.study_run import run_study
from dropstudy.cli.study_status import show_status

study = typer.Typer(
    no_args_is_help=True,
    help="Train all arms of a study with all its seeds, and see what it says.",
)
study.command("run")(run_study)
study.command("status")(show_status)
study.command("check")(check_study)
study.command("report")(report_study)
