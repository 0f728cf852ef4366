"""Lets arms take turns, each some training steps, and notes what every step took."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from math import prod
from pathlib import Path

from dropstudy.analysis.timing_pairs import find_baselines, name_dropout
from dropstudy.config import Experiment
from dropstudy.config.timing import Timing
from dropstudy.errors import ConfigError
from dropstudy.models.summary import find_dropout_sites
from dropstudy.runs.environment import describe_environment
from dropstudy.runs.timings import (
    TimedArm,
    TimingSession,
    Turn,
    append_turn,
    make_session_directory,
    now,
    read_session,
)
from dropstudy.timing.machine import OtherPrograms
from dropstudy.timing.order import group_arms, order_turns
from dropstudy.timing.stepping import Material, Stepper

AGAIN = "again"
"""What stands after a baseline's name where it is timed a second time."""
OnArm = Callable[[TimedArm, int, int], None]
"""Told of an arm that is compiled, of its number from 1, and of how many there are."""
OnTurn = Callable[[Turn, int, int], None]
"""Told of a turn, of its number from 1, and of how many there will be."""


def time_arms(
    arms: Sequence[tuple[str, Experiment]],
    timing: Timing,
    directory: Path,
    *,
    name: str = "timing",
    on_arm: OnArm = lambda *_: None,
    on_turn: OnTurn = lambda *_: None,
) -> TimingSession:
    """Times the arms' training steps in one process and notes them as it goes.

    Each arm has its own network, optimizer and compiled step, as a run of it would. It trains on
    a few batches of its own data, made beforehand, so that making them is not timed. Each arm
    that others are held against takes part a second time, with a network of its own: what the
    two differ by is noise. First every arm makes its first step, which compiles; then come the
    rounds (`order_turns`).

    Args:
        arms: Names and what is trained, each name once.
        timing: How many rounds, and how many steps in a turn.
        directory: Where it is noted; made if it is missing.
        name: What the session is called.
        on_arm: Called when an arm is compiled.
        on_turn: Called after each turn.

    Raises:
        ConfigError: No arms, or two of one name.
        RunDirectoryError: The directory holds a session already.
        DropstudyError: The images, the machine or the disk do not allow it, or a loss is not
            finite.
        KeyboardInterrupt: It was interrupted. The session stays as it is and is never gone on
            with, for its arms would no longer be timed side by side.
    """
    experiments = _plan(arms)
    make_session_directory(directory)
    session = TimingSession(
        path=directory,
        name=name,
        started=now(),
        finished="",
        repeats=timing.repeats,
        steps=timing.steps,
        warmup=timing.warmup,
        arms=tuple(arm for arm, _ in experiments),
        turns=(),
        environment=describe_environment(),
    )
    session.write()
    session, steppers = _compile(session, [own for _, own in experiments], on_arm)
    session.write()
    _take_turns(session, steppers, on_turn)
    replace(session, finished=now()).write()
    return read_session(directory)


def _plan(arms: Sequence[tuple[str, Experiment]]) -> list[tuple[TimedArm, Experiment]]:
    """All that is timed: at the end of each group, its baseline again."""
    experiments = dict(arms)
    names = [name for name, _ in arms]
    taken = {f"{name} {AGAIN}" for name in names} & set(names)
    if not arms or taken or len(experiments) < len(arms):
        raise ConfigError(
            f"arms: got {', '.join(names) or 'none'}; give at least one, no name twice, and none "
            f"that is another's with {AGAIN!r} after it"
        )
    settings = {name: own.model_dump(mode="json") for name, own in arms}
    baselines = find_baselines(settings)
    planned = []
    for group in group_arms(baselines):
        baseline = baselines[group[0]] or group[0]
        for source, again in [*((name, False) for name in group), (baseline, True)]:
            arm = TimedArm(
                name=f"{source} {AGAIN}" if again else source,
                baseline=source if again else baselines[source],
                again=again,
                steps_per_epoch=0,
                batch_size=experiments[source].training.batch_size,
                dropout=name_dropout(settings[source]),
                layers=0,
                values=0,
                settings=settings[source],
            )
            planned.append((arm, experiments[source]))
    return planned


def _compile(
    session: TimingSession, experiments: Sequence[Experiment], on_arm: OnArm
) -> tuple[TimingSession, dict[str, Stepper]]:
    """Has every arm make its first step; returns the session with what is known from then on."""
    material, steppers, arms = Material(), {}, []
    # What comes once in a process, such as starting its threads, is no arm's.
    Stepper(experiments[0], material).first_step()
    for planned, experiment in zip(session.arms, experiments, strict=True):
        stepper = Stepper(experiment, material)
        seconds = stepper.first_step()
        sites = find_dropout_sites(
            stepper.network,
            experiment.dropout,
            batch_size=1,
            size=experiment.data.patch_size,
        )
        arm = replace(
            planned,
            steps_per_epoch=stepper.fit.steps_per_epoch,
            layers=len(sites),
            values=sum(prod(site.feature_shape) for site in sites),
            first_step_seconds=seconds,
        )
        arms.append(arm)
        steppers[arm.name] = stepper
        on_arm(arm, len(arms), len(experiments))
    runtime = asdict(next(iter(steppers.values())).runtime)
    environment = {**session.environment, "runtime": runtime}
    return replace(session, arms=tuple(arms), environment=environment), steppers


def _take_turns(session: TimingSession, steppers: Mapping[str, Stepper], on_turn: OnTurn) -> None:
    baselines = {arm.name: arm.baseline for arm in session.arms}
    total, done = 2 * len(session.arms) * session.repeats, 0
    for number in range(1, session.repeats + 1):
        for place, name in enumerate(order_turns(baselines, number), 1):
            others = OtherPrograms()
            seconds, peak = steppers[name].take_turn(warmup=session.warmup, steps=session.steps)
            turn = Turn(name, number, place, seconds, peak, others.share())
            append_turn(session.path, turn)
            done += 1
            on_turn(turn, done, total)
