"""``dropstudy verify-resume``: whether a killed run ends as an uninterrupted one."""

import random
import secrets
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropstudy.cli.console import console, printable
from dropstudy.cli.options import ConfigFile, Overrides

if TYPE_CHECKING:
    from dropstudy.runs.directory import RunDirectory
    from dropstudy.verification.killing import Kill

CHECKPOINTS_AN_EPOCH = 4
MOST_COPIES = 10
"""Beyond one for each kill, until one meets a checkpoint."""


def verify_resume(
    file: ConfigFile,
    overrides: Overrides,
    kills: Annotated[int, typer.Option(min=1, help="How often to kill the run.")] = 5,
    chance: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Draw the same moments for the kills again."),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the runs here, in a new folder."),
    ] = None,
) -> None:
    """Kill a run at random moments, go on with it, and compare it with an uninterrupted one.

    Takes the time of two runs, and of a start for each kill. Every checkpoint is kept until the
    end, in the folder for temporary files or in --keep: about three times the network's size for
    each, a few in every epoch.
    """
    from dropstudy.config import load_experiment
    from dropstudy.errors import ConfigError
    from dropstudy.training.interruption import Interruption

    load_experiment(file, overrides)  # its errors, before anything is started
    if keep is not None and keep.exists():
        raise ConfigError(f"--keep {keep}: is there already; name a new folder")
    if keep is not None:
        try:
            keep.mkdir(parents=True)
        except OSError as error:
            raise ConfigError(f"--keep {keep}: cannot be made: {error.strerror}") from None
    folder = keep or Path(tempfile.mkdtemp(prefix="dropstudy-verify-"))
    chance = secrets.randbelow(10**6) if chance is None else chance
    interruption = Interruption()
    is_same: bool | None = None
    try:
        with interruption.heeding_signals(), suppress(KeyboardInterrupt):
            is_same = _verify(file, overrides, kills=kills, chance=chance, folder=folder)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if interruption.is_wanted:
        raise typer.Exit(interruption.exit_code)
    if not is_same:
        raise typer.Exit(1)


def _verify(file: Path, overrides: list[str], *, kills: int, chance: int, folder: Path) -> bool:
    """Does it and prints the verdict; returns whether the runs are the same."""
    from dropstudy.config import load_experiment
    from dropstudy.runs.manifests import list_manifests, read_hashes
    from dropstudy.runs.store import load_run
    from dropstudy.verification.killing import draw_moments, run_whole, run_with_kills
    from dropstudy.verification.sameness import find_difference

    kept = "recovery.keep=1000000"  # so that the first epoch that differs can be named
    command = [str(file), *_options(["runtime.deterministic=true", *overrides, kept])]
    console.print(f"training {printable(file)} without a kill …", markup=False)
    whole, life = run_whole(command, folder / "whole")
    run = load_run(whole.path)
    steps, runtime = int(run.result["steps_per_epoch"]), run.environment["runtime"]
    console.print(
        f"  {len(run.epochs)} epochs of {steps} steps on the {runtime['device']} in "
        f"{runtime['precision']}, {life.seconds:.1f} s"
    )
    if not load_experiment(file, overrides).runtime.deterministic:
        console.print("  with runtime.deterministic=true, which the experiment does not set")
    console.print(f"training it again, with {kills} kills (--chance {chance}) …")
    command += _options([f"recovery.every_steps={max(1, steps // CHECKPOINTS_AN_EPOCH)}"])
    told: list[Kill] = []

    def tell(kill: "Kill") -> None:
        told.append(kill)
        newest = f"its newest checkpoint is of {kill.place}" if kill.place else "no checkpoint yet"
        console.print(f"  kill {len(told)} of {max(kills, len(told))} {kill.moment}; {newest}")

    copies, draws = 0, random.Random(chance)
    # A copy may end before its last kill, and no kill may have met a checkpoint.
    while len(told) < kills or not any(kill.place for kill in told):
        copies += 1
        if copies > kills + MOST_COPIES:
            console.print("[yellow]UNDECIDED[/yellow]  no kill met a checkpoint: train for longer")
            return False
        moments = draw_moments(life, max(1, kills - len(told)), draws)
        killed = run_with_kills(command, folder / f"killed-{copies}", moments, tell)
        difference = find_difference(whole, killed)
        if difference is not None:
            console.print(f"[bold red]FAIL[/bold red]  {printable(difference)}")
            console.print(_explain_failure(whole, command, folder))
            return False
    compared = len(read_hashes(list_manifests(whole)[0]))
    met = sum(kill.place is not None for kill in told)
    console.print(
        f"[bold green]PASS[/bold green]  bit for bit the same after {len(told)} kills, {met} of "
        f"them with a checkpoint to go on from: {compared} tensors after each of "
        f"{len(run.epochs)} epochs, every loss, score and kept pixel"
    )
    return True


def _explain_failure(whole: "RunDirectory", command: list[str], folder: Path) -> str:
    """Whether the device can be blamed: then two runs without a kill differ as well."""
    from dropstudy.verification.killing import run_whole
    from dropstudy.verification.sameness import find_difference

    again, _ = run_whole(command, folder / "again")
    difference = find_difference(whole, again)
    if difference is None:
        return "two runs without a kill are the same: going on is at fault; please report this"
    return (
        f"two runs without a kill differ as well ({printable(difference)}): this device, or this "
        "setting, promises no exact resume; see runtime.deterministic"
    )


def _options(overrides: list[str]) -> list[str]:
    return [word for override in overrides for word in ("--set", override)]
