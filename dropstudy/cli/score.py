"""``dropstudy score``: how close the images of one folder are to those of another."""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from dropstudy.cli.score_tables import print_scores

if TYPE_CHECKING:  # importing it would slow every other command down
    from dropstudy.imaging.conventions import Convention
    from dropstudy.imaging.scoring import ImageScores, Summary


def score(
    restored: Annotated[
        Path, typer.Option(metavar="DIR", help="The images to score.", show_default=False)
    ],
    clean: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="What they should be: images of the same names, whatever their format.",
            show_default=False,
        ),
    ],
    convention: Annotated[
        Literal["rgb-8bit", "paper-denoise", "paper-sr"],
        typer.Option(
            help="What is compared: all channels on 8 bits, all channels as they are, "
            "or super-resolution's luma on 8 bits without the edges."
        ),
    ] = "rgb-8bit",
    border: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Pixels of each edge to leave out; for [bold]paper-sr[/bold] the scale factor.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print a row of CSV for each image.")] = False,
) -> None:
    """Score the images of one folder against those of another: PSNR, SSIM, MS-SSIM and errors."""
    from dropstudy.errors import DataError
    from dropstudy.imaging.conventions import find_convention
    from dropstudy.imaging.scoring import match_folders, score_pairs, summarize

    if json and csv:
        raise DataError("--json and --csv: give one of them")
    by = find_convention(convention, border)
    with Console(stderr=True).status("matching images") as status:
        pairs = match_folders(restored, clean, convention=by)
        images = []
        for image in score_pairs(pairs, convention=by):
            images.append(image)
            status.update(f"{len(images)} of {len(pairs)} images scored")
    if csv:
        _print_csv(images, by)
    elif json:
        _print_json(images, summarize(images), by, folders=(restored, clean))
    else:
        print_scores(images, summarize(images), by, folders=(restored, clean))


def _print_json(
    images: "Sequence[ImageScores]",
    summaries: "dict[str, Summary]",
    by: "Convention",
    *,
    folders: tuple[Path, Path],
) -> None:
    import json
    from dataclasses import asdict

    document = {
        "restored": str(folders[0]),
        "clean": str(folders[1]),
        "convention": {"name": by.name, "border": by.border, "description": by.description},
        "images": [
            {
                "image": image.name,
                "equal": image.is_equal,
                **{
                    metric: value if value is not None and isfinite(value) else None
                    for metric, value in asdict(image.scores).items()
                },
            }
            for image in images
        ],
        "summary": {metric: _summary_as_json(summary) for metric, summary in summaries.items()},
    }
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def _summary_as_json(summary: "Summary") -> dict[str, Any]:
    ends = {
        name: end and {"image": end[0], "value": end[1]}
        for name, end in (("lowest", summary.lowest), ("highest", summary.highest))
    }
    return {
        "n": summary.count,
        "mean": summary.mean,
        "standard_deviation": summary.standard_deviation,
        **ends,
        "left_out": summary.left_out,
    }


def _print_csv(images: "Sequence[ImageScores]", by: "Convention") -> None:
    import csv
    import io
    from dataclasses import asdict

    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["image", *asdict(images[0].scores), "convention", "border"])
    for image in images:
        writer.writerow([image.name, *asdict(image.scores).values(), by.name, by.border])
    typer.echo(table.getvalue(), nl=False)
