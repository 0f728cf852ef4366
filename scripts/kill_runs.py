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
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dropstudy.errors import DropstudyError
from dropstudy.runs.store import load_run
from dropstudy.verification.killing import Kill, draw_moments, run_whole, run_with_kills
from dropstudy.verification.sameness import find_difference, is_compared

CONFIG = Path(__file__).parent.parent / "configs" / "smoke.yaml"
KILLS_A_RUN = 10
EVERY = ("--set", "recovery.every_steps=7")


@dataclass
class Tally:
    """What was counted."""

    kills: int = 0
    runs: int = 0
    places: Counter[str] = field(default_factory=Counter)
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

    def __init__(self, tally: Tally, runs: Path) -> None:
        self._tally = tally
        self._runs = runs
        self._noted: dict[int, dict[str, object]] = {}

    def look(self, kill: Kill) -> None:
        """Reads the run in every way and compares it with what it had before."""
        tally = self._tally
        tally.kills += 1
        place = "before the run directory" if kill.directory is None else "before a checkpoint"
        if kill.place is not None:
            place = "between epochs" if kill.place.step == 0 else "within an epoch"
        tally.places[place] += 1
        where = f"kill {tally.kills} ({kill.moment}; {kill.place})"
        if kill.directory is not None:
            self._read(kill.directory.path, where)
        print(f"{where}: {place}, {len(self._noted)} epochs noted", flush=True)

    def _read(self, path: Path, where: str) -> None:
        for command in (["list"], ["show", path.name], ["show", path.name, "--json"]):
            done = _dropstudy(*command, "--runs-dir", str(self._runs))
            if done.returncode or path.name not in done.stdout or "damaged" in done.stdout:
                words = (done.stderr or done.stdout).strip()
                self._tally.unreadable.append(f"{where}: {command[0]}: {words}")
        try:
            run = load_run(path)
            self._tally.statuses[run.status] += 1
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
        command = [str(arguments.config), *EVERY]
        whole, life = run_whole(command, folder / "whole")
        print(f"an undisturbed run takes {life.seconds:.1f} s", flush=True)
        while tally.kills < arguments.kills:
            left = min(KILLS_A_RUN, arguments.kills - tally.kills)
            runs = folder / f"killed-{tally.runs + 1}"
            witness = Witness(tally, runs)
            ended = run_with_kills(command, runs, draw_moments(life, left, chance), witness.look)
            tally.runs += 1
            rows = [asdict(record) for record in load_run(ended.path).epochs]
            witness.check_epochs(rows, f"the end of run {tally.runs}")
            if len(rows) != len(load_run(whole.path).epochs):
                tally.lost.append(f"run {tally.runs} ended with {len(rows)} epochs")
            if difference := find_difference(whole, ended):
                tally.different.append(f"run {tally.runs}: {difference}")
    print(_describe(tally))
    if arguments.json:
        arguments.json.write_text(json.dumps(asdict(tally), indent=2), encoding="utf-8")
    sys.exit(not tally.is_clean)


def _dropstudy(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dropstudy", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def _describe(tally: Tally) -> str:
    problems = [*tally.unreadable, *tally.lost, *tally.doubled, *tally.different]
    return "\n".join(
        [
            f"{tally.kills} kills over {tally.runs} runs",
            f"fell {', '.join(f'{count} {place}' for place, count in tally.places.items())}",
            f"status after a kill: {dict(tally.statuses)}",
            f"directories that list, show or --resume could not read: {len(tally.unreadable)}",
            f"epochs lost: {len(tally.lost)}; doubled: {len(tally.doubled)}",
            f"runs that did not end bit for bit as the undisturbed one: {len(tally.different)}",
            *problems,
        ]
    )


if __name__ == "__main__":
    main()
