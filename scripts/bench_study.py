"""How much sooner a study is done with several runs at a time.

    python scripts/bench_study.py [--rounds 2] [--jobs 2] [--study configs/studies/smoke.yaml]

Trains the whole study again and again, with one run at a time and with several in turns, each
time from nothing, and prints the ratio of the times of neighbours.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dropstudy.timing.machine import OtherPrograms

sys.path.insert(0, str(Path(__file__).parent.parent))  # for the modules of scripts.bench

from scripts.bench.machine import describe_machine, format_machine, format_share
from scripts.bench.turns import Spread, Turn, neighbour_ratios

STUDY = Path(__file__).parent.parent / "configs" / "studies" / "smoke.yaml"
TARGET = 1.7
"""Times as fast with two as with one, on two cores."""


def main() -> None:
    """Lets both take turns, there and back."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--study", type=Path, default=STUDY)
    arguments = parser.parse_args()
    print(format_machine(describe_machine()), flush=True)
    others = OtherPrograms()
    turns: list[Turn] = []
    one, several = "1 at a time", f"{arguments.jobs} at a time"
    jobs = {one: 1, several: arguments.jobs}
    for number in range(arguments.rounds):
        for name in [one, several] if number % 2 == 0 else [several, one]:
            turns.append(Turn(name, (train(arguments.study, jobs=jobs[name]),)))
            print(f"{name:12} {turns[-1].typical:6.1f} s", flush=True)
    ratio = Spread.of(neighbour_ratios(turns, one, several))
    print(
        f"{several} is {ratio.median:.2f} times as fast ({ratio.lowest:.2f} to "
        f"{ratio.highest:.2f}); target {TARGET} with 2 on 2 cores"
    )
    print(format_share(others.share()))


def train(study: Path, *, jobs: int) -> float:
    """Seconds that the whole study takes, from its command to its end."""
    with tempfile.TemporaryDirectory(prefix="dropstudy-bench-") as folder:
        started = time.perf_counter()
        subprocess.run(
            [
                *(sys.executable, "-m", "dropstudy", "study", "run", str(study)),
                *("--jobs", str(jobs), "--studies-dir", folder),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
