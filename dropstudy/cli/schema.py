"""``dropstudy schema``: the JSON Schema of an experiment, of a study, or of claims about one."""

from enum import StrEnum
from typing import Annotated

import typer


class Described(StrEnum):
    """What has a schema."""

    experiment = "experiment"
    study = "study"
    claims = "claims"


def schema(
    of: Annotated[Described, typer.Argument(help="What the file describes.")] = (
        Described.experiment
    ),
) -> None:
    """Print the JSON Schema of an experiment, a study or claims, for editors."""
    import json

    from dropstudy.config.claims_loading import claims_schema
    from dropstudy.config.schema import experiment_schema, study_schema

    schemas = {
        Described.experiment: experiment_schema,
        Described.study: study_schema,
        Described.claims: claims_schema,
    }
    typer.echo(json.dumps(schemas[of](), indent=2, ensure_ascii=False))
