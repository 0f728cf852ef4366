"""How the cost of a step and of its dropout grows with the network and its images."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from scripts.bench.experiments import PLACES, Subject, prepare_data
from scripts.bench.steps import KINDS, NONE, compile_step
from scripts.bench.turns import Turn, order_turns, take_turns

STEPS_PER_TURN = 3


@dataclass(frozen=True)
class Point:
    """One network.

    Attributes:
        what: What of it differs from the shipped UNet's.
        value: And how much it is here.
        subject: Makes it with any kind of dropout.
    """

    what: str
    value: str
    subject: Callable[..., Subject]


@dataclass(frozen=True)
class PointTimes:
    """What the steps of one network took, without dropout and with each kind."""

    what: str
    value: str
    turns: list[Turn]


def points() -> list[Point]:
    """The shipped UNet, and others that differ from it in one thing each."""

    def varied(what: str, key: str, values: list[int]) -> list[Point]:
        return [
            Point(what, str(value), partial(Subject, overrides=(f"{key}={value}",)))
            for value in values
        ]

    return [
        Point("as shipped", "64 pixels, 32 filters, batch 16", Subject),
        *varied("pixels a side", "data.patch_size", [32, 96, 128]),
        *varied("filters", "architecture.filters", [8, 16, 64]),
        *varied("batch", "training.batch_size", [4, 8, 32]),
        *(
            Point(
                "dropout in", ", ".join(PLACES[-count:]), partial(Subject, places=PLACES[-count:])
            )
            for count in range(1, len(PLACES))
        ),
    ]


def measure_point(point: Point, *, rounds: int) -> PointTimes:
    """Lets the network without dropout and with each kind of it take turns."""
    subjects = {NONE: point.subject(), **{kind: point.subject(kind=kind) for kind in KINDS}}
    experiments = {name: subject.experiment() for name, subject in subjects.items()}
    data = prepare_data(experiments[NONE])
    steps = {name: compile_step(experiment, data) for name, experiment in experiments.items()}
    turns: list[Turn] = []
    for number in range(rounds):
        order = order_turns(NONE, KINDS, number=number)
        turns += take_turns(steps, order, count=STEPS_PER_TURN)
    return PointTimes(point.what, point.value, turns)
