"""Kills trainings at random moments and counts what is lost.

    python scripts/kill_runs.py [--kills 200] [--config configs/smoke.yaml] [--json FILE]

Runs the experiment again and again, each time killing its process (SIGKILL) about ten times
over its life and going on with ``dropstudy run --resume``. After each kill it reads the
directory with ``dropstudy list``, ``dropstudy show`` and from Python, and checks that every
epoch noted until then is there once, with the same numbers. At its end each run is compared,
bit for bit, with one that was never killed. Exits with 1 if anything was lost.
"""

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from typer.testing import CliRunner

from dropstudy.cli.app import app
from dropstudy.errors import DropstudyError, TrainingError
from dropstudy.runs.manifests import Place
from dropstudy.runs.store import load_run
from dropstudy.verification.killing import Kill, draw_moments, run_whole, run_with_kills
from dropstudy.verification.sameness import find_difference, is_compared

CONFIG = Path(__file__).parent.parent / "configs" / "smoke.yaml"
KILLS_A_RUN = 10
SETTINGS = ("--set", "recovery.every_steps=7", "--set", "recovery.keep=1000000")


@dataclass
class Tally:
    """What was counted."""

    kills: int = 0
    runs: int = 0
    stages: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.unreadable or self.lost or self.doubled or self.different)


class Witness:
    """Looks at one run after each kill."""

    def __init__(self, tally: Tally, runs: Path, *, epochs: int) -> None:
        self._tally = tally
        self._runs = runs
        self._epochs = epochs
        self._place: Place | None = None
        self._noted: dict[int, dict[str, object]] = {}

    def look(self, kill: Kill) -> None:
        """Reads the run in every way and compares it with what it had before."""
        tally = self._tally
        tally.kills += 1
        stage = self._name_stage(kill)
        tally.stages[stage] += 1
        where = f"kill {tally.kills} ({kill.moment}; {kill.place})"
        if kill.directory is not None:
            self._read(kill.directory.path, where)
        print(f"{where}: {stage}, {len(self._noted)} epochs noted", flush=True)

    def _name_stage(self, kill: Kill) -> str:
        """What the process was doing, as far as its files tell."""
        before, self._place = self._place, kill.place
        if not kill.moment.is_training:
            return "starting or reading images"
        if kill.place == before:
            return "compiling, or before its first checkpoint"
        is_done = kill.place is not None and kill.place.epoch > self._epochs
        return "scoring at its end" if is_done else "training or validating"

    def _read(self, path: Path, where: str) -> None:
        for command in (["list"], ["show", path.name], ["show", path.name, "--json"]):
            done = CliRunner().invoke(app, [*command, "--runs-dir", str(self._runs)])
            if done.exit_code or path.name not in done.stdout or "damaged" in done.stdout:
                words = done.output.strip() or repr(done.exception)
                self._tally.unreadable.append(f"{where}: {command[0]}: {words}")
        try:
            run = load_run(path)
            self._tally.statuses[run.status] += 1
            if run.status not in ("crashed", "finished"):
                self._tally.unreadable.append(f"{where}: its status is {run.status}")
            epochs = [asdict(record) for record in run.epochs]
        except DropstudyError as error:
            self._tally.unreadable.append(f"{where}: {error}")
            return
        self.check_epochs(epochs, where)

    def check_epochs(self, epochs: list[dict[str, object]], where: str) -> None:
        """Whether all epochs are there, once, as they were."""
        numbers = [row["epoch"] for row in epochs]
        if len(set(numbers)) < len(numbers) or numbers != list(range(1, len(numbers) + 1)):
            self._tally.doubled.append(f"{where}: epochs {numbers}")
        found = {
            int(str(row["epoch"])): {key: row[key] for key in row if is_compared(key)}
            for row in epochs
        }
        for number, row in self._noted.items():
            if found.get(number) != row:
                self._tally.lost.append(f"{where}: epoch {number}")
        self._noted = {**self._noted, **found}


def main() -> None:
    """Kills, counts and prints the counts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--chance", type=int, default=0, help="draws the moments of the kills")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    chance, tally = random.Random(arguments.chance), Tally()
    with tempfile.TemporaryDirectory(prefix="dropstudy-kills-") as name:
        folder = Path(name)
        command = [str(arguments.config), *SETTINGS]
        whole, life = run_whole(command, folder / "whole")
        print(f"an undisturbed run takes {life.seconds:.1f} s", flush=True)
        while tally.kills < arguments.kills:
            left = min(KILLS_A_RUN, arguments.kills - tally.kills)
            runs = folder / f"killed-{tally.runs + 1}"
            witness = Witness(tally, runs, epochs=len(load_run(whole.path).epochs))
            tally.runs += 1
            try:
                ended = run_with_kills(
                    command, runs, draw_moments(life, left, chance), witness.look
                )
            except TrainingError as error:
                tally.unreadable.append(f"run {tally.runs}: --resume: {error}")
                continue
            rows = [asdict(record) for record in load_run(ended.path).epochs]
            witness.check_epochs(rows, f"the end of run {tally.runs}")
            if len(rows) != len(load_run(whole.path).epochs):
                tally.lost.append(f"run {tally.runs} ended with {len(rows)} epochs")
            if difference := find_difference(whole, ended):
                tally.different.append(f"run {tally.runs}: {difference}")
    print(_describe(tally))
    if arguments.json:
        arguments.json.write_text(json.dumps(vars(tally), indent=2), encoding="utf-8")
    sys.exit(not tally.is_clean)


def _describe(tally: Tally) -> str:
    stages = [f"{count} {stage}" for stage, count in tally.stages.items()]
    problems = [*tally.unreadable, *tally.lost, *tally.doubled, *tally.different]
    return "\n".join(
        [
            f"{tally.kills} kills over {tally.runs} runs",
            f"the process was: {', '.join(stages)}",
            f"status after a kill: {dict(tally.statuses)}",
            f"directories that list, show or --resume could not read: {len(tally.unreadable)}",
            f"epochs lost: {len(tally.lost)}; doubled: {len(tally.doubled)}",
            f"runs that did not end bit for bit as the undisturbed one: {len(tally.different)}",
            *problems,
        ]
    )


if __name__ == "__main__":
    main()
