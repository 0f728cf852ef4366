"""``dropstudy export``: runs in TensorBoard and MLflow."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropstudy.cli.console import console, printable
from dropstudy.cli.options import RUNS, RunNames, RunsDirectory

if TYPE_CHECKING:
    from dropstudy.runs.reading import Run


def export(
    runs: RunNames,
    tensorboard: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write event files for TensorBoard below DIR."),
    ] = None,
    mlflow: Annotated[
        str | None,
        typer.Option(metavar="URI", help="Log to an MLflow server, database or folder."),
    ] = None,
    mlflow_experiment: Annotated[
        str, typer.Option(metavar="NAME", help="In which of MLflow's experiments.")
    ] = "dropstudy",
    with_model: Annotated[
        bool, typer.Option("--with-model", help="Log the network to MLflow too.")
    ] = False,
    runs_dir: RunsDirectory = RUNS,
) -> None:
    """Show runs, finished or not, in TensorBoard or MLflow.

    What was exported before is brought up to date, not doubled.
    """
    from dropstudy.errors import ExportError
    from dropstudy.exports import Exporter
    from dropstudy.exports.mlflow import MlflowStore
    from dropstudy.exports.tensorboard import TensorBoardFolder

    if tensorboard is None and mlflow is None:
        raise ExportError("nowhere to export to: give --tensorboard DIR, --mlflow URI or both")
    if with_model and mlflow is None:
        raise ExportError("--with-model is for MLflow alone: give --mlflow URI, or leave it out")
    found = _find_runs(runs, runs_dir)
    targets: list[Exporter] = []
    if tensorboard is not None:
        targets.append(TensorBoardFolder(tensorboard))
    if mlflow is not None:
        targets.append(MlflowStore(mlflow, mlflow_experiment, with_model=with_model))
    for run in found:
        count = len(run.epochs)
        state = f"{run.status}, {count} epoch{'' if count == 1 else 's'}"
        for target in targets:
            line = f"{run.name}  {state}  {target.export(run)}"
            console.print(printable(line), markup=False)
    for target in targets:
        console.print(printable(target.hint), style="dim", markup=False)


def _find_runs(names: list[str], runs_dir: Path) -> "list[Run]":
    """Each run that is named, once; two of one name would end up as one in other programs."""
    from dropstudy.errors import ExportError
    from dropstudy.runs.store import find_run

    named = (find_run(name, runs_dir) for name in names)
    runs = {run.directory.path.resolve(): run for run in named}
    paths: dict[str, Path] = {}
    for path, run in runs.items():
        if run.name in paths:
            raise ExportError(
                f"{run.name}: the name of two runs, {paths[run.name]} and {path}; "
                "rename one of the directories"
            )
        paths[run.name] = path
    return list(runs.values())
