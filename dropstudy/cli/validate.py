"""``dropstudy validate``: checks experiments, studies and claims without TensorFlow."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from dropstudy.cli.console import console, print_error
from dropstudy.cli.options import Overrides


def validate(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Experiments, studies, claims.", show_default=False),
    ],
    overrides: Overrides,
) -> None:
    """Check experiments, studies and claims, and print everything that is wrong with them."""
    from dropstudy.errors import ConfigError

    failed = False
    for file in files:
        try:
            found = _describe(file, overrides)
        except ConfigError as error:
            failed = True
            print_error(str(error))
        else:
            console.print(f"[green]valid[/green]  {escape(str(file))}  ", end="")
            console.print(found, style="dim", markup=False)
    if failed:
        raise typer.Exit(ConfigError.exit_code)


def _describe(file: Path, overrides: list[str]) -> str:
    """What a valid file holds, in a line; only what it needs is imported."""
    from dropstudy.config.study_loading import is_study
    from dropstudy.errors import ConfigError

    of_claims = file.stem.endswith(".claims")
    if not of_claims and not is_study(file):
        from dropstudy.config import load_experiment
        from dropstudy.config.description import describe_experiment

        return describe_experiment(load_experiment(file, overrides))
    if overrides:
        raise ConfigError(f"{file}: --set changes experiments alone: edit this file")
    return _describe_claims(file) if of_claims else _describe_study(file)


def _describe_study(file: Path) -> str:
    from dropstudy.config.study_loading import load_study

    loaded = load_study(file)
    return f"study · {len(loaded.arms)} arms · {len(loaded.study.seed_list)} seeds"


def _describe_claims(file: Path) -> str:
    from dropstudy.config.study_loading import load_study
    from dropstudy.studies.claims import load_claims_of
    from dropstudy.studies.plan import make_plan

    study = file.with_name(f"{file.stem.removesuffix('.claims')}{file.suffix}")
    claims = load_claims_of(make_plan(load_study(study)), file).claims
    return f"claims · {len(claims)} about {study}"
