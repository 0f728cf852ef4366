"""The project's standing benchmark: what dropout costs, and how fast a training is.

    python scripts/bench_training.py [--quick] [--only PART ...] [--rounds N] [--json FILE]

Prints a table of ratios beside what they should be. What is compared takes turns, a few
steps or one epoch at a time, and a ratio divides neighbours in time alone. Columns: the two
figures (medians), the median of their ratios, the median of the ratios' distances from it
(MAD), their lowest and highest, the target, and whether the median keeps it. Every row is
explained in docs/performance.md.

Parts: steps (with the machine's limit), input, startup, epochs, and, only if it is named,
scaling.
Rows of PyTorch need it to be installed (pip install torch==2.13.0, the build for CPUs);
without it they say so. Figures to keep need a machine on which nothing else runs.
"""

import argparse
import json
import logging
import os
import sys
import time
from dataclasses import asdict, replace
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dropstudy.timing.machine import OtherPrograms
from dropstudy.training.framework import quiet_framework

sys.path.insert(0, str(Path(__file__).parent.parent))  # for the modules of scripts.bench

from scripts.bench.machine import (
    describe_machine,
    format_machine,
    format_share,
    is_busy,
)
from scripts.bench.table import format_columns, format_rows

if TYPE_CHECKING:
    from scripts.bench.parts import Findings

USUAL = ("steps", "input", "startup", "epochs")


def main() -> None:
    """Measures what is asked for, prints the tables and writes the numbers."""
    arguments = _parse()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with quiet_framework("tensorflow"):
        from scripts.bench.parts import QUICK, WHOLE, measure

    machine, others, started = describe_machine(), OtherPrograms(), time.perf_counter()
    print(format_machine(machine), flush=True)
    effort = QUICK if arguments.quick else WHOLE
    if arguments.rounds:
        effort = replace(effort, step_rounds=arguments.rounds, epoch_rounds=arguments.rounds)
    found = measure(arguments.only, effort, overrides=arguments.set, say=_say)
    share, seconds = others.share(), time.perf_counter() - started
    print(f"{format_share(share)}\ntook       {seconds:.0f} s\n")
    print(format_findings(found, is_doubtful=is_busy(share)))
    if arguments.json:
        tables = {title: [asdict(row) for row in rows] for title, rows in found.tables.items()}
        noted: dict[str, Any] = {
            "machine": machine,
            "others_share": None if isnan(share) else share,
            "seconds": seconds,
            "effort": asdict(effort),
            "settings": arguments.set,
            "tables": tables,
            **found.raw,
        }
        arguments.json.write_text(json.dumps(noted, indent=2) + "\n")


def format_findings(found: "Findings", *, is_doubtful: bool) -> str:
    """All tables, each under its title."""
    texts = [
        f"{title}\n{format_rows(rows, is_doubtful=is_doubtful)}"
        for title, rows in found.tables.items()
    ]
    if found.scaling:
        texts.append(f"Cost of a step and of its dropout\n{format_columns(found.scaling)}")
    return "\n\n".join(texts)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds, and only what has a target"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=[*USUAL, "scaling"],
        default=USUAL,
        metavar="PART",
        help="of steps, input, startup, epochs (all of these if not given) and scaling",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="of the network timed"
    )
    parser.add_argument("--rounds", type=int, help="of steps and of epochs, instead of the usual")
    parser.add_argument("--json", type=Path, help="where all numbers are written")
    return parser.parse_args()


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
