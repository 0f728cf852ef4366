"""A process that times a study's arms: a study itself never imports TensorFlow.

    python -m dropstudy.studies.timing_process

Takes one order as a line from standard input and tells of it on standard output, both in JSON.
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from dropstudy.config import Experiment
from dropstudy.config.timing import Timing
from dropstudy.errors import DropstudyError
from dropstudy.runs.timings import TimedArm, Turn
from dropstudy.training.framework import import_framework, quiet_framework


@dataclass(frozen=True)
class _Reporter:
    """Tells the study how the session goes; where it is gone, the process ends with it."""

    lines: IO[str]

    def on_arm(self, arm: TimedArm, number: int, count: int) -> None:
        """An arm has made its first step."""
        self.tell({"stage": "compiled", "arm": arm.name, "number": number, "count": count})

    def on_turn(self, turn: Turn, number: int, count: int) -> None:
        """An arm has had a turn."""
        self.tell({"stage": "timed", "arm": turn.arm, "number": number, "count": count})

    def tell(self, line: dict[str, Any]) -> None:
        """Writes a line."""
        self.lines.write(json.dumps(line) + "\n")
        self.lines.flush()


def main() -> None:
    """Times what is asked for."""
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints must not pass for a line
    reporter = _Reporter(lines)
    order = json.loads(sys.stdin.readline())
    arms = [
        (name, Experiment.model_validate_json(json.dumps(settings)))
        for name, settings in order["arms"].items()
    ]
    try:
        with quiet_framework(arms[0][1].runtime.backend):
            import_framework()
            from dropstudy.timing.session import time_arms

            time_arms(
                arms,
                Timing(**order["timing"]),
                Path(order["directory"]),
                name=order["name"],
                on_arm=reporter.on_arm,
                on_turn=reporter.on_turn,
            )
    except DropstudyError as error:
        reporter.tell({"stage": "failed", "error": str(error)})


if __name__ == "__main__":
    main()
