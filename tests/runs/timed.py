"""Timing sessions as they lie on disk, without anything that has been timed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dropstudy.config import load_experiment
from dropstudy.runs.timings import (
    TimedArm,
    TimingSession,
    Turn,
    append_turn,
    make_session_directory,
)
from tests.config.experiments import CONFIGS

Seconds = Callable[[str, int, int], float]
"""Of a step, from the arm, the round and the turn's number in the whole session."""


def timed_arm(name: str, baseline: str = "none", **changes: object) -> TimedArm:
    arm = TimedArm(
        name=name,
        baseline=baseline,
        again=name.endswith("again"),
        steps_per_epoch=10,
        batch_size=4,
        dropout="",
        layers=0,
        values=0,
        settings=load_experiment(CONFIGS / "smoke.yaml").model_dump(mode="json"),
        first_step_seconds=1.5,
    )
    return replace(arm, **changes)  # type: ignore[arg-type]


def write_session(
    path: Path,
    seconds: Seconds | Mapping[str, float],
    *,
    names: Sequence[str] = ("none", "dropout"),
    repeats: int = 5,
    finished: str = "2026-01-02T03:05:00+00:00",
    arms: Sequence[TimedArm] | None = None,
    others_share: float = 0.0,
) -> TimingSession:
    """A session of ``names`` against the first of them, there and back in each round."""
    if arms is None:
        arms = [timed_arm(name, "" if name == names[0] else names[0]) for name in names]
        arms = [*arms, timed_arm(f"{names[0]} again", names[0])]
    session = TimingSession(
        path=path,
        name="smoke",
        started="2026-01-02T03:04:05+00:00",
        finished=finished,
        repeats=repeats,
        steps=3,
        warmup=1,
        arms=tuple(arms),
        turns=(),
        environment={"cores": 2},
    )
    make_session_directory(path)
    session.write()
    there = [arm.name for arm in arms]
    turns: list[Turn] = []
    for number in range(1, repeats + 1):
        for place, name in enumerate([*there, *reversed(there)], 1):
            step = (
                seconds(name, number, len(turns))
                if callable(seconds)
                else seconds[name.removesuffix(" again")]
            )
            turn = Turn(name, number, place, (step, step, 5 * step), 2**20, others_share)
            turns.append(turn)
            append_turn(path, turn)
    return replace(session, turns=tuple(turns))
