"""Starts PyTorch's training in a process of its own, and hands it its turns."""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from dropstudy.config import Experiment
from dropstudy.runs.environment import available_cores
from scripts.bench.experiments import RATE, ROOT, Arrays
from scripts.bench.trainings import Epoch

END_SECONDS = 10.0


def is_installed() -> bool:
    """Whether there is a PyTorch to measure."""
    return find_spec("torch") is not None


class PyTorchTraining:
    """A native PyTorch loop, whose process sleeps while it is not its turn.

    Attributes:
        version: Of PyTorch.
        parameters: Of the network.
    """

    def __init__(
        self, experiment: Experiment, arrays: Arrays, *, kind: str, precision: str
    ) -> None:
        """Starts the process and waits until its network stands."""
        self._folder = tempfile.TemporaryDirectory(prefix="dropstudy-bench-")
        folder, architecture = Path(self._folder.name), experiment.architecture
        np.savez(folder / "arrays.npz", **asdict(arrays))
        settings = {
            **architecture.model_dump(include={"depth", "filters", "convolutions"}),
            "channels": int(arrays.clean.shape[-1]),
            "kind": kind,
            "rate": RATE,
            "batch_size": experiment.training.batch_size,
            "precision": precision,
            "threads": experiment.runtime.threads or available_cores(),
            "arrays": str(folder / "arrays.npz"),
        }
        (folder / "settings.json").write_text(json.dumps(settings))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scripts.bench.pytorch_worker", str(folder / "settings.json")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._orders = cast(IO[str], self._process.stdin)
        self._answers = cast(IO[str], self._process.stdout)
        described = self._read()
        self.version, self.parameters = str(described["version"]), int(described["parameters"])

    def warm_up(self) -> None:
        """Nothing: it was warm when it answered for the first time."""

    def next_epoch(self) -> Epoch:
        """Lets it train for one epoch."""
        self._orders.write("epoch\n")
        self._orders.flush()
        found = self._read()
        return Epoch(train=found["train"], whole=found["whole"], recorded=found["whole"])

    def close(self) -> None:
        """Ends the process."""
        self._orders.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()
        self._folder.cleanup()

    def _read(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line:
            raise RuntimeError(f"PyTorch's process ended with exit code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer
