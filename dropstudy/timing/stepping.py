"""The training steps of one arm, as a run makes them, on batches that lie ready."""

import gc
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

import keras
import tensorflow as tf

from dropstudy.config import Experiment
from dropstudy.errors import NotFiniteError
from dropstudy.imaging.patches import Batch
from dropstudy.imaging.sources import Split, load_split
from dropstudy.runs.environment import peak_memory_bytes
from dropstudy.timing.machine import forget_peak_memory
from dropstudy.training.assembly import assemble_fit
from dropstudy.training.faults import telling_ways_out
from dropstudy.training.fitting import Fit
from dropstudy.training.preparation import PreparedData, ScoredImages
from dropstudy.training.runtime import configure_runtime

BATCHES = 4
"""Batches that steps go through again and again."""


@dataclass
class Material:
    """The images and the batches of several arms, each read and made once."""

    _splits: dict[str, Split] = field(default_factory=dict)
    _batches: dict[str, list[Batch]] = field(default_factory=dict)

    def split(self, experiment: Experiment) -> Split:
        """The experiment's images.

        Raises:
            DataError: They cannot be read.
        """
        key = repr(experiment.data)
        if key not in self._splits:
            self._splits[key] = load_split(experiment.data)
        return self._splits[key]

    def batches(self, experiment: Experiment, fit: Fit) -> list[Batch]:
        """The first batches of its first epoch."""
        size = experiment.training.batch_size
        key = repr((experiment.data, experiment.task, experiment.seed, size))
        if key not in self._batches:
            self._batches[key] = [fit.sampler.batch(1, step, size) for step in range(BATCHES)]
        return self._batches[key]


class Stepper:
    """A network and its compiled training step; it goes on training from turn to turn."""

    def __init__(self, experiment: Experiment, material: Material) -> None:
        """Builds the network, its optimizer and its step, as a run does.

        Raises:
            RuntimeUnavailableError: The machine does not allow it.
            DataError: The images cannot be read.
        """
        # The policy holds while the network is built and traced; it keeps it from then on.
        self.runtime = configure_runtime(experiment.runtime)
        nothing_to_score = ScoredImages([], [], [])
        data = PreparedData(material.split(experiment), nothing_to_score)
        self._experiment = experiment
        self._fit = assemble_fit(experiment, data=data, runtime=self.runtime)
        self._batches = cycle(material.batches(experiment, self._fit))

    @property
    def network(self) -> keras.Model:
        """What is trained."""
        return self._fit.network

    @property
    def fit(self) -> Fit:
        """All parts of the training."""
        return self._fit

    def first_step(self) -> float:
        """Seconds of the step that traces and compiles; to be made right after building."""
        with self._telling_ways_out():
            start = time.perf_counter()
            self._check(self._fit.train_step(next(self._batches)))
            return time.perf_counter() - start

    def take_turn(self, *, warmup: int, steps: int) -> tuple[tuple[float, ...], int | None]:
        """Seconds of each of some steps, and the most memory held meanwhile.

        As in a run, a loss is fetched one step late, so that a GPU need not wait for Python;
        with the last step's of the warm-up, what is timed begins at full speed.

        Args:
            warmup: Steps before them, at least one.
            steps: Steps that are timed.

        Raises:
            NotFiniteError: A loss is not finite.
        """
        train_step, seconds = self._fit.train_step, []
        with self._telling_ways_out(), _without_collecting():
            self._forget_peak()
            pending: Any = None
            for batch in islice(self._batches, warmup):
                pending = train_step(batch)
            for batch in islice(self._batches, steps):
                start = time.perf_counter()
                float(pending)
                pending = train_step(batch)
                seconds.append(time.perf_counter() - start)
            self._check(pending)
        return tuple(seconds), self._peak()

    @contextmanager
    def _telling_ways_out(self) -> Iterator[None]:
        with telling_ways_out(self._experiment, self.runtime):
            yield

    def _check(self, loss: Any) -> None:
        value = float(loss)
        if not math.isfinite(value):
            raise NotFiniteError(
                f"{self._experiment.name}: a loss is {value}; try a smaller learning rate"
            )

    def _forget_peak(self) -> None:
        if self.runtime.device == "gpu":
            with suppress(tf.errors.OpError, ValueError):
                tf.config.experimental.reset_memory_stats("GPU:0")
        else:
            forget_peak_memory()

    def _peak(self) -> int | None:
        gpu = self._fit.gpu_memory()
        return gpu if gpu is not None else peak_memory_bytes() or None


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Python's garbage is collected before the block and not within it."""
    gc.collect()
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            gc.enable()
