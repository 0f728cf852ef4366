"""Times dropstudy's training beside the loop that a user would write by hand.

The hand-written loop is Keras' own ``fit`` on arrays of patches that were degraded
beforehand; dropstudy cuts, augments and degrades patches while it trains. Both train the
same network, on the same patches in batches of the same size, in the same precision, and
both validate the same pixels after each epoch. They take turns, in the order A B B A, so
that a slow minute of the machine slows both down; a ratio compares neighbours in time.

    python scripts/bench_training.py [--rounds 3] [--precision auto] [--json FILE]

Columns: images a second of dropstudy and of ``fit`` (medians over epochs, the training
part and the whole epoch with validation), their ratio with its lowest and highest value,
the wall time of dropstudy's epochs over the seconds that it recorded for them, and what
saving a checkpoint and the best network takes, in ms and as a share of an epoch. What
``fit`` prepares before its first epoch is not counted; dropstudy's whole epoch includes
scoring every image by PSNR and SSIM, which ``fit`` does not do. Rows take no turns with one
another: do not divide one by another.
"""

import argparse
import json
import os
import tempfile
import time
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from dropstudy.config import load_experiment
from dropstudy.config.experiment import Experiment
from dropstudy.imaging.sources import load_split
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.records import EpochRecord
from dropstudy.training.assembly import assemble_fit, build_experiment_network
from dropstudy.training.checkpointing import Checkpointer
from dropstudy.training.fitting import Fit, Hooks, Progress, fit_network
from dropstudy.training.optimizers import make_optimizer
from dropstudy.training.preparation import PreparedData, ScoredImages, prepare_images
from dropstudy.training.runtime import configure_runtime

CONFIGS = Path(__file__).parent.parent / "configs"
RATE = 0.1
KINDS = ("none", "dropout", "spatial")


@dataclass(frozen=True)
class Epoch:
    """Seconds of one epoch: its training, all of it, and what dropstudy recorded for it."""

    train: float
    whole: float
    recorded: float


@dataclass(frozen=True)
class Row:
    """What was measured for one kind of dropout."""

    kind: str
    precision: str
    images: int
    ours: list[Epoch]
    by_hand: list[Epoch]
    step_seconds: float
    checkpoint_seconds: list[float]

    def ratios(self, part: str) -> list[float]:
        """How many times faster dropstudy was, for each pair of neighbouring epochs."""
        pairs = zip(self.ours, self.by_hand, strict=True)
        return [getattr(hand, part) / getattr(our, part) for our, hand in pairs]


def main() -> None:
    """Measures every kind and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="A B B A turns for each kind")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--steps", type=int, default=51, help="training steps in an epoch")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = []
    print(_heading())
    for kind in KINDS:
        rows.append(
            measure(make_experiment(kind, arguments.precision, arguments.steps), arguments.rounds)
        )
        print(_line(rows[-1]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2))


def make_experiment(kind: str, precision: str, steps: int) -> Experiment:
    """The shipped UNet with dropout of ``kind`` in every block and on every skip."""
    overrides = [f"runtime.precision={precision}", f"training.steps_per_epoch={steps}"]
    if kind != "none":
        groups = ("encoder", "bottleneck", "decoder", "skip")
        overrides += [f"dropout.{group}={{kind: {kind}, rate: {RATE}}}" for group in groups]
    return load_experiment(CONFIGS / "unet_plain.yaml", overrides)


def measure(experiment: Experiment, rounds: int) -> Row:
    """Lets the two loops take turns, after an epoch each that compiles."""
    runtime = configure_runtime(experiment.runtime)
    split = load_split(experiment.data)
    images = prepare_images(experiment, split)
    fit = assemble_fit(experiment, data=PreparedData(split, images), runtime=runtime)
    step_seconds: list[float] = []
    run_ours = _our_epoch(fit, step_seconds)
    run_by_hand = _epoch_by_hand(experiment, fit, images, runtime.precision)
    save = _checkpoint(experiment, fit, runtime.precision)
    ours: list[Epoch] = []
    by_hand: list[Epoch] = []
    saves: list[float] = []
    run_ours(), run_by_hand(1)
    step_seconds.clear()
    for _ in range(rounds):
        ours.append(run_ours())
        saves.append(save())
        by_hand += run_by_hand(2)
        ours.append(run_ours())
        saves.append(save())
    kind = experiment.dropout.skip.kind
    count = fit.steps_per_epoch * experiment.training.batch_size
    return Row(kind, runtime.precision, count, ours, by_hand, median(step_seconds), saves)


def _our_epoch(fit: Fit, step_seconds: list[float]) -> Callable[[], Epoch]:
    one_epoch = replace(fit, training=fit.training.model_copy(update={"epochs": 1}))

    def run() -> Epoch:
        records: list[EpochRecord] = []
        hooks = Hooks(
            on_step=lambda *_: None,
            on_validated=lambda *_: None,
            on_epoch=lambda record, _: records.append(record),
        )
        start = time.perf_counter()
        fit_network(one_epoch, hooks, Progress())
        wall = time.perf_counter() - start
        step_seconds.append(records[0].step_seconds)
        return Epoch(records[0].train_seconds, wall, records[0].total_seconds)

    return run


def _checkpoint(experiment: Experiment, fit: Fit, precision: str) -> Callable[[], float]:
    """Saves what a run saves at the end of an epoch that is its best."""
    folder = tempfile.TemporaryDirectory(prefix="dropstudy-bench-")
    directory = RunDirectory.create(Path(folder.name), experiment.name)
    checkpointer = Checkpointer(experiment, directory, fit, precision, time.perf_counter)
    progress = Progress()

    def save() -> float:
        start = time.perf_counter()
        checkpointer.keep_best(progress.epoch)
        progress.epoch += 1
        checkpointer.save(progress)
        return time.perf_counter() - start

    weakref.finalize(save, folder.cleanup)
    return save


def _epoch_by_hand(
    experiment: Experiment, fit: Fit, images: ScoredImages, precision: Any
) -> Callable[[int], list[Epoch]]:
    """Keras' ``fit``, as the README of Keras shows it, on arrays."""
    training, size = experiment.training, experiment.data.patch_size
    batches = [
        fit.sampler.batch(1, step, training.batch_size) for step in range(fit.steps_per_epoch)
    ]
    degraded = np.concatenate([batch.degraded for batch in batches])
    clean = np.concatenate([batch.clean for batch in batches])
    scored = [*images.validation, *images.training]
    validation = tuple(
        np.concatenate([_cut(getattr(image, part), size) for image in scored])
        for part in ("degraded", "clean")
    )
    network = build_experiment_network(experiment)
    optimizer = make_optimizer(training, steps_per_epoch=fit.steps_per_epoch, precision=precision)
    network.compile(optimizer=optimizer, loss="mae", jit_compile=False)
    timer = _EpochTimer()

    def run(epochs: int) -> list[Epoch]:
        network.fit(
            degraded,
            clean,
            batch_size=training.batch_size,
            epochs=epochs,
            validation_data=validation,
            validation_batch_size=training.batch_size,
            callbacks=[timer],
            verbose=0,
        )
        return timer.epochs[-epochs:]

    return run


class _EpochTimer(keras.callbacks.Callback):  # type: ignore[misc]
    """Notes each epoch of a ``fit``; what ``fit`` prepares before the first is not counted."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[Epoch] = []
        self._start = self._trained = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._trained = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        whole = time.perf_counter() - self._start
        self.epochs.append(Epoch(self._trained - self._start, whole, whole))


def _cut(image: Any, size: int) -> Any:
    height, width = (side // size * size for side in image.shape[:2])
    rows = np.split(image[:height, :width], height // size)
    return np.stack([patch for row in rows for patch in np.split(row, width // size, axis=1)])


def _heading() -> str:
    return (
        f"{'dropout':9} {'precision':15} {'step ms':>8}   {'train img/s: ours':>17} {'fit':>6}  "
        f"{'ratio':>17}   {'whole: ours':>11} {'fit':>6}  {'ratio':>17}   {'wall/recorded':>13}   "
        f"{'checkpoint ms':>13} {'of epoch':>9}"
    )


def _line(row: Row) -> str:
    cells = [f"{row.kind:9} {row.precision:15} {row.step_seconds * 1e3:8.1f}  "]
    for part, width in (("train", 17), ("whole", 11)):
        ours = row.images / median(getattr(epoch, part) for epoch in row.ours)
        hand = row.images / median(getattr(epoch, part) for epoch in row.by_hand)
        ratios = sorted(row.ratios(part))
        spread = f"{median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
        cells.append(f"{ours:{width}.1f} {hand:6.1f}  {spread:>17}  ")
    wall = max(epoch.whole / epoch.recorded for epoch in row.ours)
    cells.append(f"{wall:13.4f}  ")
    save, whole = median(row.checkpoint_seconds), median(epoch.whole for epoch in row.ours)
    cells.append(f"{save * 1e3:13.1f} {save / whole:9.2%}")
    return " ".join(cells)


if __name__ == "__main__":
    main()
