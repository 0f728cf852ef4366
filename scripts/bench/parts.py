"""The parts of the benchmark: each measures, and gives rows and raw numbers."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from dropstudy.training.assembly import build_experiment_network
from dropstudy.training.prefetching import count_batch_threads
from scripts.bench.epochs import ALL, ESSENTIAL, measure_epochs
from scripts.bench.experiments import BFLOAT16, FLOAT32, Subject, prepare_data
from scripts.bench.limits import measure_convolutions
from scripts.bench.rows import (
    epoch_rows,
    input_rows,
    limit_rows,
    scaling_lines,
    startup_rows,
    step_rows,
)
from scripts.bench.scaling import measure_point, points
from scripts.bench.steps import NONE, measure_steps
from scripts.bench.table import Row
from scripts.bench.turns import typical_seconds
from scripts.bench_input import measure_input, start_training
from scripts.bench_startup import measure_startup

CONVOLUTION_ROUNDS = 5
Say = Callable[[str], None]


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        step_rounds: In each, every kind of dropout has a turn in every precision.
        epoch_rounds: In each, every training has a turn of one epoch, or two.
        input_repeats: Of each kind of task.
        startup_rounds: Of commands.
        scaling_rounds: Of each network.
        is_whole: Whether also what has no target takes turns.
    """

    step_rounds: int = 10
    epoch_rounds: int = 2
    input_repeats: int = 3
    startup_rounds: int = 3
    scaling_rounds: int = 3
    is_whole: bool = True


WHOLE = Effort()
QUICK = Effort(
    step_rounds=3,
    epoch_rounds=1,
    input_repeats=1,
    startup_rounds=1,
    scaling_rounds=1,
    is_whole=False,
)


@dataclass
class Findings:
    """What has been measured.

    Attributes:
        tables: Rows by the title they stand under.
        scaling: The lines of a table of its own.
        raw: All numbers, as JSON has them.
        images_per_second: What the fastest training step uses; None: not measured.
    """

    tables: dict[str, list[Row]] = field(default_factory=dict)
    scaling: list[tuple[str, ...]] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)
    images_per_second: float | None = None


def measure(
    wanted: Collection[str], effort: Effort, *, overrides: Sequence[str], say: Say
) -> Findings:
    """Measures the parts that are wanted.

    Args:
        wanted: Their names.
        effort: How much of each.
        overrides: Settings of the network that is timed, such as ``architecture.filters=8``.
        say: Told what happens.
    """
    subject, found = partial(Subject, overrides=tuple(overrides)), Findings()
    if "steps" in wanted:
        add_steps(found, subject, effort, say)
    if "input" in wanted:
        add_input(found, effort)
    if "startup" in wanted:
        add_startup(found, effort)
    if "epochs" in wanted:
        add_epochs(found, subject, effort, say)
    if "scaling" in wanted:
        add_scaling(found, rounds=effort.scaling_rounds, say=say)
    return found


def add_steps(found: Findings, subject: Callable[..., Subject], effort: Effort, say: Say) -> None:
    """Steps with and without dropout in both precisions, and the machine's limit."""
    plain = subject().experiment()
    data = prepare_data(plain)
    times = measure_steps(
        (FLOAT32, BFLOAT16),
        data,
        rounds=effort.step_rounds,
        subject=subject,
        keras=effort.is_whole,
        say=say,
    )
    network = build_experiment_network(plain, size=plain.data.patch_size)
    batch_size = plain.training.batch_size
    limits = [
        measure_convolutions(
            network, of_one.precision, batch_size=batch_size, rounds=CONVOLUTION_ROUNDS
        )
        for of_one in times
    ]
    found.tables["Training steps, dropout in every block and skip"] = [
        row for of_one in times for row in step_rows(of_one)
    ]
    found.tables["The machine's limit"] = [
        row for pair in zip(times, limits, strict=True) for row in limit_rows(*pair)
    ]
    found.raw["steps"] = [asdict(of_one) for of_one in times]
    found.raw["convolutions"] = [asdict(limit) for limit in limits]
    fastest = min(
        typical_seconds([turn for turns in of_one.turns for turn in turns], NONE)
        for of_one in times
    )
    found.images_per_second = batch_size / fastest


def add_epochs(found: Findings, subject: Callable[..., Subject], effort: Effort, say: Say) -> None:
    """Whole epochs beside a hand-written Keras loop and PyTorch."""
    order = ALL if effort.is_whole else ESSENTIAL
    times = measure_epochs(order, rounds=effort.epoch_rounds, subject=subject, say=say)
    programs = f"dropstudy and PyTorch {times.pytorch}" if times.pytorch else "dropstudy"
    title = (
        f"Images a second, whole epochs of {times.images} patches, {programs} in {times.precision}"
    )
    found.tables[title] = epoch_rows(times)
    found.raw["epochs"] = asdict(times)


def add_input(found: Findings, effort: Effort) -> None:
    """The loader beside what a training step uses."""
    if found.images_per_second is None:
        found.images_per_second = start_training()()
    rates = measure_input([count_batch_threads()], effort.input_repeats)
    found.tables["Input, the three slowest kinds of task"] = input_rows(
        rates, found.images_per_second
    )
    found.raw["input"] = [asdict(rate) for rate in rates]


def add_startup(found: Findings, effort: Effort) -> None:
    """Commands beside a plain import of TensorFlow, each in a process of its own."""
    times = measure_startup(effort.startup_rounds)
    found.tables["Start-up"] = startup_rows(times)
    found.raw["startup"] = asdict(times)


def add_scaling(found: Findings, *, rounds: int, say: Say) -> None:
    """How cost grows with the network and its images."""
    times = []
    for point in points():
        times.append(measure_point(point, rounds=rounds))
        say(f"{point.what} {point.value}")
    found.scaling = scaling_lines(times)
    found.raw["scaling"] = [asdict(of_one) for of_one in times]
