"""Real ``dropstudy run`` commands that go on while a test does something to them."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cli.commands import ENVIRONMENT, command

PATIENCE_SECONDS = 120
EVERY_STEPS = 40
"""From one checkpoint to the next."""
CONFIG = f"""\
name: signals
data: {{kind: photos, collection: tiny, patch_size: 16, evaluation_size: 32}}
task: {{kind: pixelate, block: 4}}
architecture: {{kind: autoencoder, depth: 1, filters: 4, convolutions: 1}}
dropout: {{encoder: {{kind: dropout, rate: 0.1}}}}
training: {{epochs: 6, steps_per_epoch: 200, batch_size: 4}}
runtime: {{device: cpu, precision: float32}}
recovery: {{every_steps: {EVERY_STEPS}}}
samples: {{count: 0, images: 0}}
"""
"""A very small network whose epochs have many steps, so that what happens falls into one."""


@dataclass
class Started:
    """A ``dropstudy run`` that goes on.

    Attributes:
        process: It.
        runs: Where its run directory appears.
    """

    process: subprocess.Popen[str]
    runs: Path

    def wait_for(self, is_there: Callable[[Path], object]) -> Path:
        """Waits until it is told of the run directory; returns that."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = [path for path in self.runs.glob("*-*") if is_there(path)]
            if found:
                return found[0]
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def end(self) -> tuple[int, str, str]:
        stdout, stderr = self.process.communicate(timeout=PATIENCE_SECONDS)
        assert "Traceback" not in stdout + stderr
        return self.process.returncode, stdout, stderr


@contextmanager
def started(runs: Path, *arguments: str | Path, wrapper: tuple[str, ...] = ()) -> Iterator[Started]:
    process = subprocess.Popen(
        [*wrapper, *command("run", *arguments, "--runs-dir", runs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env=ENVIRONMENT,
    )
    try:
        yield Started(process, runs)
    finally:
        process.kill()
        process.communicate()
