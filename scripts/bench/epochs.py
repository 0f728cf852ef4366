"""Whole epochs of dropstudy, of a hand-written Keras ``fit`` and of PyTorch, in turns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from dropstudy.config import Experiment
from dropstudy.training.runtime import configure_runtime
from scripts.bench.experiments import FLOAT32, Subject, prepare_arrays, prepare_data
from scripts.bench.keras_fit import start_fit
from scripts.bench.ours import measure_checkpoint, start_run
from scripts.bench.pytorch import PyTorchTraining, is_installed
from scripts.bench.trainings import Epoch, Training
from scripts.bench.turns import Turn

Program = Literal["dropstudy", "fit", "fit, same precision", "PyTorch"]
Part = Literal["train", "whole"]
CHECKPOINTS = 3


@dataclass(frozen=True)
class Trainee:
    """Which program trains with which dropout."""

    program: Program
    kind: str

    def __str__(self) -> str:
        return f"{self.program}: {self.kind}"


ALL = (
    Trainee("fit", "dropout"),
    Trainee("dropstudy", "dropout"),
    Trainee("PyTorch", "dropout"),
    Trainee("dropstudy", "dropout"),
    Trainee("fit, same precision", "dropout"),
    Trainee("PyTorch", "none"),
    Trainee("dropstudy", "none"),
    Trainee("fit", "none"),
    Trainee("fit", "spatial"),
    Trainee("dropstudy", "spatial"),
)
"""The turns of a round, in which those that are compared are neighbours."""
ESSENTIAL = (
    Trainee("fit", "dropout"),
    Trainee("dropstudy", "dropout"),
    Trainee("PyTorch", "dropout"),
    Trainee("dropstudy", "dropout"),
    Trainee("fit, same precision", "dropout"),
    Trainee("PyTorch", "none"),
    Trainee("dropstudy", "none"),
)


@dataclass(frozen=True)
class EpochTimes:
    """What all epochs took, in the order in which they were trained.

    Attributes:
        images: Training patches in an epoch, alike for all.
        precision: Of dropstudy by its own choice, and of PyTorch.
        epochs: Whose each was, and its seconds.
        checkpoint_seconds: To save what dropstudy saves at the end of an epoch.
        pytorch: Its version; None: it is not installed.
    """

    images: int
    precision: str
    epochs: list[tuple[str, Epoch]]
    checkpoint_seconds: list[float]
    pytorch: str | None

    def turns(self, part: Part) -> list[Turn]:
        """The seconds of that part of each epoch."""
        return [Turn(name, (getattr(epoch, part),)) for name, epoch in self.epochs]

    def rate(self, trainee: Trainee, part: Part = "whole") -> float:
        """Images a second, by the median epoch."""
        seconds = (turn.typical for turn in self.turns(part) if turn.name == str(trainee))
        return self.images / median(seconds)

    def wall_over_recorded(self, kind: str) -> float | None:
        """The wall time of all of dropstudy's epochs over what it recorded for them."""
        name = str(Trainee("dropstudy", kind))
        own = [epoch for other, epoch in self.epochs if other == name]
        if not own:
            return None
        return sum(epoch.whole for epoch in own) / sum(epoch.recorded for epoch in own)


def _refuse_other_architectures(experiment: Experiment) -> None:
    """The rivals are written by hand; they follow the sizes of the shipped UNet alone."""
    sizes = {"depth", "filters", "convolutions"}
    shipped = Subject().experiment().architecture.model_dump(exclude=sizes)
    if experiment.architecture.model_dump(exclude=sizes) != shipped:
        raise SystemExit(
            f"epochs: of the architecture, --set can change {', '.join(sorted(sizes))}"
        )


def measure_epochs(
    order: Sequence[Trainee],
    *,
    rounds: int,
    subject: Callable[..., Subject] = Subject,
    say: Callable[[str], None] = lambda _: None,
) -> EpochTimes:
    """Lets all that ``order`` names take turns, there and back again in alternate rounds.

    Args:
        order: Of the first round.
        rounds: How many there are.
        subject: Makes what dropstudy trains.
        say: Told what happens.
    """
    order = [trainee for trainee in order if trainee.program != "PyTorch" or is_installed()]
    plain = subject().experiment()
    _refuse_other_architectures(plain)
    data = prepare_data(plain)
    arrays = prepare_arrays(plain, data)
    precision = configure_runtime(plain.runtime).precision

    def start(trainee: Trainee) -> Training:
        experiment = subject(kind=trainee.kind).experiment()
        match trainee.program:
            case "dropstudy":
                return start_run(experiment, data)
            case "PyTorch":
                return PyTorchTraining(experiment, arrays, kind=trainee.kind, precision=precision)
            case _:
                return start_fit(
                    experiment.architecture,
                    experiment.training,
                    arrays,
                    kind=trainee.kind,
                    precision=FLOAT32 if trainee.program == "fit" else precision,
                )

    trainings: dict[Trainee, Training] = {}
    epochs = []
    try:
        for trainee in dict.fromkeys(order):
            trainings[trainee] = start(trainee)
            trainings[trainee].warm_up()
        for number in range(rounds):
            for trainee in order[:: -1 if number % 2 else 1]:
                epochs.append((str(trainee), trainings[trainee].next_epoch()))
                say(f"{trainee} {epochs[-1][1].whole:.2f} s")
        versions = [
            training.version
            for training in trainings.values()
            if isinstance(training, PyTorchTraining)
        ]
    finally:
        for training in trainings.values():
            training.close()
    checkpoint = measure_checkpoint(
        subject(kind=order[0].kind).experiment(), data, repeats=CHECKPOINTS
    )
    return EpochTimes(
        images=len(arrays.clean),
        precision=precision,
        epochs=epochs,
        checkpoint_seconds=checkpoint,
        pytorch=versions[0] if versions else None,
    )
