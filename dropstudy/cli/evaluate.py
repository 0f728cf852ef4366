"""``dropstudy evaluate``: a trained network on any folder of images."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dropstudy.cli.console import console
from dropstudy.cli.options import RUNS, RunName, RunsDirectory
from dropstudy.errors import ConfigError
from dropstudy.training.framework import import_framework, quiet_framework


def evaluate(
    name: RunName,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Clean images of any size, to degrade and restore whole; without it, the run's "
            "own, cut as the run cut them.",
            show_default=False,
        ),
    ] = None,
    degraded: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Degraded images of the same names as those of --data, instead of a task.",
            show_default=False,
        ),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE,...",
            help="Degrade otherwise than in training: [bold]sigma=50[/bold], or "
            "[bold]kind=jpeg,quality=10[/bold]; may be repeated, to compare.",
            show_default=False,
        ),
    ] = None,
    part: Annotated[
        Literal["validation", "test"] | None,
        typer.Option(help="Which of the run's own images; validation unless told otherwise."),
    ] = None,
    tile: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS",
            min=0,
            help="Longest side that is restored at once, 1024 unless told otherwise; 0: every "
            "image whole, whatever memory it takes.",
            show_default=False,
        ),
    ] = None,
    precision: Annotated[
        Literal["float32", "mixed_float16", "mixed_bfloat16"] | None,
        typer.Option(help="What to compute in; as in training unless told otherwise."),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="A new folder for the restored images, as PNG of 8 bits.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print a row of CSV for each image.")] = False,
    runs_dir: RunsDirectory = RUNS,
) -> None:
    """Restore images with a trained network and score them beside the classical method."""
    from dropstudy.config import load_experiment
    from dropstudy.config.description import describe_task
    from dropstudy.inference.pictures import folder_pictures, own_pictures
    from dropstudy.inference.saving import plan_restored_folder
    from dropstudy.inference.tiling import plan_tiling
    from dropstudy.inference.variations import choose_tasks
    from dropstudy.runs.store import find_run

    if json and csv:
        raise ConfigError("--json and --csv: give one of them")
    if part and data:
        raise ConfigError("--part and --data: give one of them; --part is of the run's own images")
    directory = find_run(name, runs_dir).directory
    experiment = load_experiment(directory.config)
    tiling = plan_tiling(experiment.architecture, tile)
    tasks = choose_tasks(
        experiment.task, task or (), has_data=data is not None, has_degraded=degraded is not None
    )
    backend = experiment.runtime.backend
    with _progress(shown=not (json or csv)) as progress, quiet_framework(backend):
        bar = progress.add_task("reading images", total=None)
        if data is None:
            source = own_pictures(experiment, part or "validation")
        else:
            source = folder_pictures(data, experiment.data.channels, degraded=degraded)
        labels = [describe_task(item) for item in tasks]
        folder = plan_restored_folder(save, source.names, labels) if save else None
        progress.update(bar, description="starting TensorFlow")
        import_framework()
        from dropstudy.inference.evaluating import Evaluation, evaluate_pictures
        from dropstudy.inference.restoring import open_restorer

        restorer = open_restorer(directory.model, experiment, tiling=tiling, precision=precision)
        progress.update(bar, description="restoring", total=len(source.names) * len(tasks))
        evaluated = evaluate_pictures(
            source.read(),
            tasks,
            restore=restorer.restore,
            save=folder.save if folder else None,
            on_image=lambda: progress.advance(bar),
        )
    from dropstudy.cli.evaluate_tables import print_csv, print_evaluation, print_json

    evaluation = Evaluation(
        run=directory.path,
        pictures=source.description,
        own_task=experiment.task,
        precision=restorer.precision,
        device=restorer.device,
        tiling=tiling,
        tasks=tuple(evaluated),
    )
    if json:
        print_json(evaluation)
    elif csv:
        print_csv(evaluation)
    else:
        print_evaluation(evaluation, saved=save)


def _progress(*, shown: bool) -> Progress:
    """A bar that goes away; on standard output, as standard error is diverted."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("images"),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        disable=not (shown and console.is_terminal),
    )
