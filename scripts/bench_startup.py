"""Times what a command takes before it does its work, beside a plain import of TensorFlow.

    python scripts/bench_startup.py [--rounds 5] [--json FILE]

All start processes of their own and take turns, so that a slow minute of the machine slows
all of them: ``python -c "import tensorflow"``, a whole ``dropstudy run configs/smoke.yaml``
and ``dropstudy --help``. Compiled Python files lie ready, as after any first start. Columns:
seconds (median), the ratio to the imports before and after (median), the median of the
ratios' distances from it, and their lowest and highest value. ``to the first step`` is from
the start of the same runs to the end of their first training step, compiling included.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dropstudy.runs.store import find_runs

sys.path.insert(0, str(Path(__file__).parent.parent))  # for the modules of scripts.bench

from scripts.bench.turns import Spread, Turn, neighbour_ratios, order_turns, typical_seconds

ROOT = Path(__file__).parent.parent
IMPORT, RUN, FIRST_STEP, HELP = "import", "run", "first step", "help"
TITLES = {
    IMPORT: 'python -c "import tensorflow"',
    RUN: "dropstudy run configs/smoke.yaml",
    FIRST_STEP: "  to the first step",
    HELP: "dropstudy --help",
}
RUN_TARGET = 3.0
"""How many imports a whole run may take at most."""


@dataclass(frozen=True)
class Startup:
    """What was measured.

    Attributes:
        seconds: The median of each, by its name.
        ratios: Of each but the import to the import, by its name.
        turns: What each process took, in their order.
    """

    seconds: dict[str, float]
    ratios: dict[str, Spread]
    turns: list[Turn]


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="turns of each command")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    found = measure_startup(arguments.rounds)
    print(_table(found))
    if arguments.json:
        arguments.json.write_text(json.dumps(asdict(found), indent=2) + "\n")


def measure_startup(rounds: int) -> Startup:
    """Lets the commands take turns, after one start each that compiles Python files.

    Args:
        rounds: How many turns each command has; the import has more, before and after each.
    """
    for name in (IMPORT, RUN, HELP):
        _take_turn(name)
    turns: list[Turn] = []
    for number in range(rounds):
        for name in order_turns(IMPORT, (RUN, HELP), number=number):
            turns += _take_turn(name)
    ratios = {name: neighbour_ratios(_without_others(turns, name), name, IMPORT) for name in TITLES}
    return Startup(
        seconds={name: typical_seconds(turns, name) for name in TITLES},
        ratios={name: Spread.of(values) for name, values in ratios.items() if name != IMPORT},
        turns=turns,
    )


def _take_turn(name: str) -> list[Turn]:
    """Starts a process and waits for its end; a run gives two turns, its first step's first."""
    if name == IMPORT:
        return [Turn(name, (_time_process(["-c", "import tensorflow"])[0],))]
    if name == HELP:
        return [Turn(name, (_time_process(["-m", "dropstudy", "--help"])[0],))]
    with tempfile.TemporaryDirectory(prefix="dropstudy-bench-") as folder:
        config = str(ROOT / "configs" / "smoke.yaml")
        command = ["-m", "dropstudy", "run", config, "--runs-dir", folder]
        whole, lines = _time_process(command)
        [run] = find_runs(folder)
        # The heading of the epochs' table is printed right before the first step.
        ready = next(seconds for seconds, line in lines if line.startswith("epoch "))
        first_step = ready + run.epochs[0].first_step_seconds
    return [Turn(FIRST_STEP, (first_step,)), Turn(RUN, (whole,))]


def _time_process(arguments: Sequence[str]) -> tuple[float, list[tuple[float, str]]]:
    """The seconds until a Python process ends, and each line it prints with its seconds.

    Raises:
        CalledProcessError: It failed.
    """
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,  # from where -m takes dropstudy
        env=environment,
    ) as process:
        lines = [(time.perf_counter() - start, line) for line in process.stdout or ()]
        code = process.wait()
    seconds = time.perf_counter() - start
    if code:
        raise subprocess.CalledProcessError(code, arguments)
    return seconds, lines


def _without_others(turns: Sequence[Turn], name: str) -> list[Turn]:
    """The imports and the turns of ``name``: a run's two turns stand beside the same imports."""
    return [turn for turn in turns if turn.name in (IMPORT, name)]


def _table(found: Startup) -> str:
    lines = [f"{'':34}{'seconds':>8}{'ratio':>8}{'MAD':>7}{'lowest':>8}{'highest':>9}  target"]
    for name, title in TITLES.items():
        cells = f"{title:34}{found.seconds[name]:8.2f}"
        if name in found.ratios:
            ratio = found.ratios[name]
            cells += f"{ratio.median:8.2f}{ratio.deviation:7.2f}"
            cells += f"{ratio.lowest:8.2f}{ratio.highest:9.2f}"
        if name == RUN:
            cells += f"  ≤ {RUN_TARGET:g}: {'kept' if ratio.median <= RUN_TARGET else 'missed'}"
        lines.append(cells)
    return "\n".join(lines)


if __name__ == "__main__":
    main()
