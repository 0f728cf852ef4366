"""``dropstudy schema``: the JSON Schema of an experiment."""

import typer


def schema() -> None:
    """Print the JSON Schema of an experiment, for editors."""
    import json

    from dropstudy.config.schema import experiment_schema

    typer.echo(json.dumps(experiment_schema(), indent=2, ensure_ascii=False))
