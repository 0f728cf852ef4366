"""``dropstudy schema``: the JSON Schema of an experiment or of a study."""

from enum import StrEnum
from typing import Annotated

import typer


class Described(StrEnum):
    """What has a schema."""

    experiment = "experiment"
    study = "study"


def schema(
    of: Annotated[Described, typer.Argument(help="What the file describes.")] = (
        Described.experiment
    ),
) -> None:
    """Print the JSON Schema of an experiment or a study, for editors."""
    import json

    from dropstudy.config.schema import experiment_schema, study_schema

    found = study_schema() if of is Described.study else experiment_schema()
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
