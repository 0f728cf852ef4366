"""Times the loader of training batches: patches a second for each kind of task.

    python scripts/bench_input.py [--threads 1 2] [--repeats 5] [--step-rate N] [--json FILE]

Batches are those of the shipped UNet: 16 patches of 64x64 pixels, cut from the bundled
photographs, cropped, flipped and turned at random. Kinds and threads take turns, so that a
slow minute of the machine slows all of them. Columns, for each number of threads: patches
a second (median), their ratio to what a training step uses up, and the processor time of a
patch in microseconds (lowest, as other programs can only add to it); last, the share of the
machine's processor time that the loader takes while it feeds that step.

The rate of the training step, in patches a second, is measured before and after, on a
batch that lies ready, and the higher one taken, unless ``--step-rate`` gives it.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import get_args

from dropstudy.config import load_experiment
from dropstudy.config.data import Photos
from dropstudy.config.task import Blur, Jpeg, TaskSetting
from dropstudy.imaging.patches import PatchSampler
from dropstudy.imaging.sources import Picture, load_split
from dropstudy.runs.environment import available_cores
from dropstudy.training.framework import quiet_framework
from dropstudy.training.prefetching import Prefetcher, count_batch_threads

UNET = Path(__file__).parent.parent / "configs" / "unet_plain.yaml"
DATA = Photos(kind="photos", patch_size=64)
BATCH_SIZE = 16
BATCHES = 30
STEPS = 20


@dataclass(frozen=True)
class InputRate:
    """What the loader makes of one kind of task with so many threads.

    Attributes:
        kind: Of the task.
        threads: That make batches.
        patches_per_second: Of each repetition.
        processor_seconds: Of a patch, in each repetition, summed over the threads.
    """

    kind: str
    threads: int
    patches_per_second: list[float]
    processor_seconds: list[float]


def main() -> None:
    """Measures every kind and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, count_batch_threads()])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--step-rate", type=float, help="patches a second that training uses")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    measure_step = (lambda: arguments.step_rate) if arguments.step_rate else start_training()
    step_rate = measure_step()
    rates = measure_input(arguments.threads, arguments.repeats)
    step_rate = max(step_rate, measure_step())
    print(f"a training step uses {step_rate:.0f} patches a second\n")
    print(_table(rates, step_rate))
    if arguments.json:
        found = {"step_rate": step_rate, "input": [asdict(rate) for rate in rates]}
        arguments.json.write_text(json.dumps(found, indent=2))


def measure_input(threads: Sequence[int], repeats: int = 5) -> list[InputRate]:
    """The rates of every kind of task with each number of threads, which take turns."""
    rates = [InputRate(kind, count, [], []) for kind in _tasks() for count in threads]
    pictures = load_split(DATA).training
    samplers = {kind: _sampler(pictures, task) for kind, task in _tasks().items()}
    for sampler in samplers.values():
        sampler.batch(1, 0, BATCH_SIZE)
    for _ in range(repeats):
        for rate in rates:
            _measure(samplers[rate.kind], rate)
    return rates


def start_training() -> Callable[[], float]:
    """Compiles the shipped UNet's training step.

    Returns:
        What measures the patches a second that the step uses, its input lying ready.
    """
    with quiet_framework("tensorflow"):
        from dropstudy.training.assembly import assemble_fit
        from dropstudy.training.preparation import PreparedData, prepare_images
        from dropstudy.training.runtime import configure_runtime

        experiment = load_experiment(UNET)
        runtime = configure_runtime(experiment.runtime)
        split = load_split(experiment.data)
        data = PreparedData(split, prepare_images(experiment, split))
        fit = assemble_fit(experiment, data=data, runtime=runtime)
        batch = fit.sampler.batch(1, 0, BATCH_SIZE)
        float(fit.train_step(batch))

    def measure() -> float:
        seconds = []
        for _ in range(STEPS):
            start = time.perf_counter()
            float(fit.train_step(batch))
            seconds.append(time.perf_counter() - start)
        return BATCH_SIZE / median(seconds)

    return measure


def _tasks() -> dict[str, TaskSetting]:
    """Every kind that a config may name, read off the union itself, at its defaults."""
    two = Blur(kind="blur"), Jpeg(kind="jpeg")
    needed = {"compose": {"steps": two}, "one_of": {"choices": two}}
    tasks = {}
    for setting in get_args(get_args(TaskSetting)[0]):
        kind = get_args(setting.model_fields["kind"].annotation)[0]
        tasks[kind] = setting(kind=kind, **needed.get(kind, {}))
    return tasks


def _sampler(pictures: tuple[Picture, ...], task: TaskSetting) -> PatchSampler:
    if task.kind == "given":
        pictures = tuple(replace(picture, degraded=picture.clean) for picture in pictures)
    return PatchSampler(pictures, DATA, task=task, seed=0)


def _measure(sampler: PatchSampler, rate: InputRate) -> None:
    start, processor_start = time.perf_counter(), time.process_time()
    with Prefetcher(
        sampler,
        batch_size=BATCH_SIZE,
        steps_per_epoch=BATCHES,
        epochs=range(1, 2),
        threads=rate.threads,
    ) as batches:
        for _ in range(BATCHES):
            batches.next()
    patches = BATCHES * BATCH_SIZE
    rate.patches_per_second.append(patches / (time.perf_counter() - start))
    rate.processor_seconds.append((time.process_time() - processor_start) / patches)


def _table(rates: list[InputRate], step_rate: float) -> str:
    heading = f"{'task':12} {'threads':>7} {'patches/s':>10} {'x training':>11} {'us/patch':>9}"
    lines = [f"{heading} {'share of training':>18}"]
    for rate in rates:
        made, processor = median(rate.patches_per_second), min(rate.processor_seconds)
        share = processor * step_rate / available_cores()
        lines.append(
            f"{rate.kind:12} {rate.threads:7} {made:10.0f} {made / step_rate:11.1f} "
            f"{processor * 1e6:9.0f} {share:18.1%}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
