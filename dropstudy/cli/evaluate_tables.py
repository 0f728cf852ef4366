"""How ``dropstudy evaluate`` shows its scores: as tables, JSON or CSV."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import typer

from dropstudy.cli.console import align_columns, console, printable
from dropstudy.config.description import describe_task
from dropstudy.imaging.baselines import describe_baseline
from dropstudy.imaging.conventions import RGB_8BIT
from dropstudy.imaging.pairing import list_some
from dropstudy.inference.evaluating import EvaluatedImage, Evaluation, Form, TaskEvaluation

_PREFIXES: dict[Form, str] = {
    "restored": "",
    "identity": "identity_",
    "classical": "classical_",
}
"""What the names of a form's scores begin with, as in a run's ``images.jsonl``."""
_BESIDE: tuple[Form, Form] = ("identity", "classical")


def print_evaluation(evaluation: Evaluation, *, saved: Path | None) -> None:
    """Prints a table for each task and, with several, one that compares them."""
    _print_facts(evaluation)
    for task in evaluation.tasks:
        console.print()
        _print_heading(
            f"{describe_task(task.task)} (classical method: {describe_baseline(task.task)})"
        )
        _print_images(task)
        console.print()
        _print_means(task)
        if task.left_out:
            _print_left_out(task)
    if len(evaluation.tasks) > 1:
        console.print()
        _print_heading("in comparison")
        _print_comparison(evaluation)
    if saved is not None:
        console.print()
        _print_fact("restored", f"{saved}/")


def print_json(evaluation: Evaluation) -> None:
    """Prints one JSON object; an infinite PSNR is null."""
    from dropstudy.runs.directory import to_json

    document = {
        "run": str(evaluation.run),
        "pictures": evaluation.pictures,
        "convention": RGB_8BIT.name,
        "precision": evaluation.precision,
        "device": evaluation.device,
        "tile": evaluation.tiling.side,
        "overlap": evaluation.tiling.overlap,
        "tiled_images": evaluation.tiled,
        "tiles_are_exact": evaluation.tiling.is_exact,
        "tasks": [
            {
                "task": task.task.model_dump(mode="json"),
                "description": describe_task(task.task),
                "as_trained": task.task == evaluation.own_task,
                "method": describe_baseline(task.task),
                "mean": _mean_row(task),
                "left_out": task.left_out,
                "images": [
                    {
                        "image": image.name,
                        "height": image.height,
                        "width": image.width,
                        **_row(image),
                    }
                    for image in task.images
                ],
            }
            for task in evaluation.tasks
        ],
    }
    typer.echo(to_json(document, indent=2))


def print_csv(evaluation: Evaluation) -> None:
    """Prints one row for each image under each task."""
    import csv
    import io

    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    scores = list(_row(evaluation.tasks[0].images[0]))
    writer.writerow(["task", "image", "height", "width", *scores, "convention", "precision"])
    for task in evaluation.tasks:
        label = describe_task(task.task)
        for image in task.images:
            size = image.height, image.width
            notes = RGB_8BIT.name, evaluation.precision
            writer.writerow([label, image.name, *size, *_row(image).values(), *notes])
    typer.echo(table.getvalue(), nl=False)


def _row(image: EvaluatedImage) -> dict[str, float]:
    """All numbers of an image, by the names that JSON and CSV give them."""
    row = {
        f"{prefix}{name}": value
        for form, prefix in _PREFIXES.items()
        for name, value in asdict(image.scores[form]).items()
    }
    return row | {f"gain_over_{form}": image.gain(form) for form in _BESIDE}


def _mean_row(task: TaskEvaluation) -> dict[str, float]:
    row = {
        f"{prefix}{name}": value
        for form, prefix in _PREFIXES.items()
        for name, value in task.mean(form).items()
    }
    return row | {f"gain_over_{form}": task.mean_gain(form) for form in _BESIDE}


def _print_facts(evaluation: Evaluation) -> None:
    _print_fact("run", str(evaluation.run))
    _print_fact("trained on", describe_task(evaluation.own_task))
    _print_fact("images", evaluation.pictures)
    _print_fact("precision", f"{evaluation.precision} on the {evaluation.device}")
    tiling, count = evaluation.tiling, evaluation.tiled
    if count:
        exact = (
            "which changes nothing"
            if tiling.is_exact
            else "which changes them: group normalization takes its means over what it is given; "
            "restore them whole with --tile 0"
        )
        _print_fact(
            "tiles",
            f"{count} image{' is' if count == 1 else 's are'} restored in tiles of {tiling.side} "
            f"pixels that overlap by {tiling.overlap} on each side, {exact}",
        )
    _print_fact("scores", f"{RGB_8BIT.name}: {RGB_8BIT.description}; PSNR and gains in dB")


def _print_images(task: TaskEvaluation) -> None:
    heading = ("image", "size", "PSNR", "identity", "classical", "over identity", "over classical")
    rows = [
        (
            image.name,
            f"{image.width}×{image.height}",
            *(f"{image.scores[form].psnr:.2f}" for form in _PREFIXES),
            *(f"{image.gain(form):+.2f}" for form in _BESIDE),
            f"{image.scores['restored'].ssim:.4f}",
            f"{image.scores['restored'].accuracy:.1%}",
        )
        for image in task.images
    ]
    _print_table((*heading, "SSIM", "accuracy"), rows)


def _print_means(task: TaskEvaluation) -> None:
    count = len(task.images)
    heading = (f"mean of {count}", "PSNR", "SSIM", "accuracy", "gain of the network")
    rows = []
    for form in _PREFIXES:
        mean = task.mean(form)
        gain = f"{task.mean_gain(form):+.2f}" if form != "restored" else ""
        scores = f"{mean['psnr']:.2f}", f"{mean['ssim']:.4f}", f"{mean['accuracy']:.1%}"
        rows.append((form, *scores, gain))
    _print_table(heading, rows)


def _print_left_out(task: TaskEvaluation) -> None:
    them = "it" if len(task.left_out) == 1 else "them"
    names = list_some(task.left_out)
    text = f"left out: {names}, the task leaves nothing of {them} to restore"
    console.print(printable(text), markup=False)


def _print_comparison(evaluation: Evaluation) -> None:
    heading = ("task", "PSNR", "identity", "classical", "over identity", "over classical", "SSIM")
    rows = []
    for task in evaluation.tasks:
        trained = " (trained on)" if task.task == evaluation.own_task else ""
        rows.append(
            (
                describe_task(task.task) + trained,
                *(f"{task.mean(form)['psnr']:.2f}" for form in _PREFIXES),
                *(f"{task.mean_gain(form):+.2f}" for form in _BESIDE),
                f"{task.mean('restored')['ssim']:.4f}",
            )
        )
    _print_table(heading, rows)
    if len({task.left_out for task in evaluation.tasks}) > 1:
        console.print("the means are of different images: see which are left out", markup=False)


def _print_fact(name: str, text: str) -> None:
    console.print(f"{name:<12}{printable(text)}", markup=False)


def _print_heading(text: str) -> None:
    console.print(printable(text), style="bold", markup=False)


def _print_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    cells = [list(map(printable, row)) for row in rows]
    lines = align_columns([heading, *cells], left=1)
    console.print(lines[0], style="dim", markup=False)
    console.print("\n".join(line.rstrip() for line in lines[1:]), markup=False)
