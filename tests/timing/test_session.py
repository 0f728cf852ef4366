import gc
from pathlib import Path

import numpy as np
import pytest

from dropstudy.analysis.timing import find_timing
from dropstudy.config import Experiment
from dropstudy.config.timing import Timing
from dropstudy.errors import ConfigError, NotFiniteError, RunDirectoryError
from dropstudy.runs.timings import TimingSession, Turn, read_session
from dropstudy.timing.session import time_arms
from dropstudy.timing.stepping import Material, Stepper
from tests.training.tiny import tiny_experiment

SHORT = Timing(repeats=2, steps=2, warmup=1)
DROPS = {
    "encoder": {"kind": "dropout", "rate": 0.2},
    "bottleneck": {"kind": "dropout", "rate": 0.2},
}


@pytest.fixture(scope="module")
def arms(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Experiment]]:
    folder = tmp_path_factory.mktemp("images")
    plain = tiny_experiment(folder)
    return [("none", plain), ("dropout", tiny_experiment(folder, dropout=DROPS))]


@pytest.fixture(scope="module")
def session(
    arms: list[tuple[str, Experiment]], tmp_path_factory: pytest.TempPathFactory
) -> TimingSession:
    return time_arms(arms, SHORT, tmp_path_factory.mktemp("timings") / "one", name="tiny")


def test_a_session_holds_every_turn_of_every_arm(session: TimingSession) -> None:
    order = [turn.arm for turn in session.turns]
    assert order == [
        *("none", "dropout", "none again", "none again", "dropout", "none"),
        *("dropout", "none again", "none", "none", "none again", "dropout"),
    ]
    assert all(len(turn.step_seconds) == 2 for turn in session.turns)
    assert session.is_complete
    assert session.environment["runtime"]["device"] == "cpu"
    assert read_session(session.path) == session


def test_an_arm_tells_what_it_drops_and_how_long_compiling_took(session: TimingSession) -> None:
    none, dropout, again = session.arms
    assert (none.layers, none.values, none.dropout) == (0, 0, "")
    # 4 maps of 16×16 in the encoder, 8 of 8×8 in the bottleneck.
    assert (dropout.layers, dropout.values) == (2, 4 * 16 * 16 + 8 * 8 * 8)
    assert (dropout.baseline, dropout.dropout, dropout.steps_per_epoch) == ("none", "dropout", 2)
    assert (again.baseline, again.again) == ("none", True)
    for arm in session.arms:
        steps = [second for turn in session.turns_of(arm.name) for second in turn.step_seconds]
        assert arm.first_step_seconds > float(np.median(steps))


def test_its_findings_are_about_its_arms(session: TimingSession) -> None:
    findings = find_timing(session)
    assert [arm.name for arm in findings.arms] == ["none", "dropout"]
    assert [contrast.arm for contrast in findings.contrasts] == ["dropout"]
    assert findings.noise.arm == "none again"


def test_turns_are_told_and_written_as_they_come(
    arms: list[tuple[str, Experiment]], tmp_path: Path
) -> None:
    told: list[tuple[str, int, int]] = []

    def leave_in_the_third(turn: Turn, done: int, total: int) -> None:
        told.append((turn.arm, done, total))
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        time_arms(arms[:1], SHORT, tmp_path, on_turn=leave_in_the_third)
    assert gc.isenabled()
    left = read_session(tmp_path)
    assert told == [("none", 1, 8), ("none again", 2, 8), ("none again", 3, 8)]
    assert [turn.arm for turn in left.turns] == ["none", "none again", "none again"]
    assert not left.is_complete
    with pytest.raises(RunDirectoryError, match="none is gone on with"):
        time_arms(arms[:1], SHORT, tmp_path)


def test_names_must_tell_arms_apart(arms: list[tuple[str, Experiment]], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="arms: got none; give at least one"):
        time_arms([], SHORT, tmp_path)
    with pytest.raises(ConfigError, match="arms: got none, none; "):
        time_arms([arms[0], arms[0]], SHORT, tmp_path)
    with pytest.raises(ConfigError, match="arms: got none, none again; "):
        time_arms([arms[0], ("none again", arms[1][1])], SHORT, tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_arm_trains_as_a_run_would(arms: list[tuple[str, Experiment]]) -> None:
    stepper = Stepper(arms[1][1], Material())
    before = [weight.numpy().copy() for weight in stepper.network.trainable_variables]
    stepper.first_step()
    stepper.take_turn(warmup=1, steps=2)
    after = [weight.numpy() for weight in stepper.network.trainable_variables]
    assert all(not np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    assert int(stepper.fit.optimizer.iterations) == 4


def test_a_loss_that_is_not_finite_ends_the_session(
    arms: list[tuple[str, Experiment]], tmp_path: Path
) -> None:
    wild = tiny_experiment(
        tmp_path, training={"optimizer": {"kind": "sgd", "learning_rate": 1e30}, "loss": "mse"}
    )
    stepper = Stepper(wild, Material())
    stepper.first_step()
    with pytest.raises(NotFiniteError, match="tiny: a loss is "):
        stepper.take_turn(warmup=3, steps=3)
