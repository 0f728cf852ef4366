"""Training steps of networks that differ in dropout alone, in turns."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

from dropstudy.config import Experiment
from dropstudy.models.summary import count_multiply_adds
from dropstudy.training.assembly import assemble_fit, build_experiment_network
from dropstudy.training.preparation import PreparedData
from dropstudy.training.runtime import configure_runtime
from scripts.bench.experiments import Subject
from scripts.bench.limits import SIDE, best_product_rate
from scripts.bench.turns import Turn, order_turns, take_turns

NONE = "none"
AGAIN = "none again"
KINDS = ("dropout", "spatial")
WARM_UP_STEPS = 3
STEPS_PER_TURN = 4

TimedStep = Callable[[], float]
"""Makes one training step and returns its seconds."""


@dataclass(frozen=True)
class StepTimes:
    """What the steps took in one precision.

    Attributes:
        precision: Keras' policy name.
        multiply_adds: Of one training step without dropout.
        turns: Of every round.
        product_rates: Multiply-adds a second of plain matrix products, beside each round.
    """

    precision: str
    multiply_adds: int
    turns: list[list[Turn]] = field(default_factory=list)
    product_rates: list[float] = field(default_factory=list)

    @property
    def shares_of_limit(self) -> list[float]:
        """Of each round: the rate of the step without dropout over that of the products."""
        return [
            self.multiply_adds
            / median(turn.typical for turn in turns if turn.name == NONE)
            / product_rate
            for turns, product_rate in zip(self.turns, self.product_rates, strict=True)
        ]


def step_arms(subject: Callable[..., Subject], *, keras: bool) -> dict[str, Subject]:
    """What takes turns by name: without dropout twice, each kind, and each by Keras' layers."""
    arms = {NONE: subject(), AGAIN: subject()}
    arms |= {kind: subject(kind=kind) for kind in KINDS}
    if keras:
        arms |= {f"{kind} by Keras": subject(kind=kind, kernel="keras") for kind in (NONE, *KINDS)}
    return arms


def measure_steps(
    precisions: Sequence[str],
    data: PreparedData,
    *,
    rounds: int,
    subject: Callable[..., Subject] = Subject,
    keras: bool = True,
    product_side: int = SIDE,
    say: Callable[[str], None] = lambda _: None,
) -> list[StepTimes]:
    """Compiles all arms in all precisions, then lets them take turns.

    Args:
        precisions: Keras' policy names.
        data: The images.
        rounds: In each of which an arm has one turn, and the one without dropout is beside it.
        subject: Makes what is timed.
        keras: Whether the reference layers of Keras take turns too.
        product_side: Of the matrices whose products show what the machine can do.
        say: Told what happens.
    """
    arms = {name: step_arms(partial(subject, precision=name), keras=keras) for name in precisions}
    steps = {
        name: {arm: compile_step(subject.experiment(), data) for arm, subject in of_one.items()}
        for name, of_one in arms.items()
    }
    times = [
        StepTimes(name, count_step_multiply_adds(of_one[NONE].experiment()))
        for name, of_one in arms.items()
    ]
    say(f"compiled {sum(map(len, steps.values()))} training steps")
    for number in range(rounds):
        for found in times:
            found.turns.append(_one_round(steps[found.precision], number))
            rate = best_product_rate(found.precision, side=product_side)
            found.product_rates.append(rate)
        say(f"round {number + 1} of {rounds} of training steps")
    return times


def compile_step(experiment: Experiment, data: PreparedData) -> TimedStep:
    """A training step on a batch that lies ready, traced and warm."""
    # The policy holds while the network is built and traced; it keeps it from then on.
    runtime = configure_runtime(experiment.runtime)
    fit = assemble_fit(experiment, data=data, runtime=runtime)
    batch = fit.sampler.batch(1, 0, experiment.training.batch_size)

    def step() -> float:
        start = time.perf_counter()
        float(fit.train_step(batch))
        return time.perf_counter() - start

    for _ in range(WARM_UP_STEPS):
        step()
    return step


def count_step_multiply_adds(experiment: Experiment) -> int:
    """Of one training step: forward, by weights, and by inputs but for the first layer's.

    The degraded image needs no gradient, so that the first convolution goes back once.
    """
    network: Any = build_experiment_network(experiment, size=experiment.data.patch_size)
    first = next(layer for layer in network.layers if hasattr(layer, "kernel"))
    _, height, width, _ = first.output.shape
    of_first = height * width * first.kernel.shape.num_elements()
    return experiment.training.batch_size * (3 * count_multiply_adds(network) - int(of_first))


def _one_round(steps: Mapping[str, TimedStep], number: int) -> list[Turn]:
    others = [name for name in steps if name != NONE]
    return take_turns(steps, order_turns(NONE, others, number=number), count=STEPS_PER_TURN)
