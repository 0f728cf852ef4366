"""Losses that are no numbers: who says so, what float32 mends, what loss scaling prevents."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropstudy.config import Experiment, load_experiment
from dropstudy.errors import NotFiniteError
from dropstudy.runs.checkpoints import Checkpoint, load_checkpoint
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.store import load_run
from tests.cli.calls import call
from tests.faults.acting import attempt, go_on, new_directory, noted, rows
from tests.training.tiny import Witness, tiny_experiment

SCALE = "loss_scale/dynamic_scale"
FIRST_SCALE = 2.0**15
"""Keras' own."""


def _overshooting(folder: Path, rate: float, **changes: dict[str, Any]) -> Experiment:
    """The first step of 1,000 makes weights that overflow float16, and not yet float32."""
    optimizer = {"kind": "sgd", "learning_rate": rate, "momentum": 0.0}
    training = {"epochs": 1, "loss": "mse", "optimizer": optimizer}
    sections: dict[str, dict[str, Any]] = {
        "training": training,
        "runtime": {"precision": "mixed_float16"},
    }
    for name, change in changes.items():
        sections[name] = sections.get(name, {}) | change
    return tiny_experiment(folder, **sections)


def test_a_loss_that_is_no_number_stops_the_run_and_tells_where_and_what_to_try(
    tmp_path: Path,
) -> None:
    experiment = _overshooting(tmp_path, 1e3)
    directory = new_directory(tmp_path / "runs", experiment)
    message = (
        "epoch 1, step 2: the training loss is nan; try a smaller learning rate or "
        "training.gradient_clip_norm, or runtime.precision=float32; "
        "recovery.not_finite=float32 starts over in it by itself"
    )
    with pytest.raises(NotFiniteError, match=f"^{re.escape(message)}$"):
        attempt(experiment, directory)
    assert load_run(directory.path).result["error"] == message
    assert "changes" not in noted(directory)


@pytest.fixture(scope="module")
def fallen_back(
    started_tensorflow: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[RunDirectory, Witness]:
    """A run that began in mixed_float16 and started over in float32."""
    folder, witness = tmp_path_factory.mktemp("fallen"), Witness()
    experiment = _overshooting(folder, 1e3, recovery={"not_finite": "float32"})
    directory = new_directory(folder / "runs", experiment)
    assert attempt(experiment, directory, witness).status == "finished"
    return directory, witness


def test_the_fall_back_to_float32_is_told_and_noted(
    fallen_back: tuple[RunDirectory, Witness], capsys: pytest.CaptureFixture[str]
) -> None:
    directory, witness = fallen_back
    reason = "epoch 1, step 2: the training loss is nan"
    assert witness.notes == [f"{reason}; starting over with runtime.precision=float32"]
    [change] = noted(directory)["changes"]
    assert change.pop("at")
    assert change == {
        "key": "runtime.precision",
        "old": "mixed_float16",
        "new": "float32",
        "reason": reason,
    }
    assert load_experiment(directory.config).runtime.precision == "float32"
    assert load_run(directory.path).settings["runtime"]["precision"] == "float32"
    shown = call(capsys, "show", directory.path).stdout
    assert f"runtime.precision mixed_float16 → float32 ({reason})" in shown


def test_a_run_that_fell_back_is_the_run_that_began_in_float32(
    fallen_back: tuple[RunDirectory, Witness], tmp_path: Path
) -> None:
    directory, _ = fallen_back
    experiment = _overshooting(tmp_path, 1e3, runtime={"precision": "float32"})
    begun = new_directory(tmp_path / "runs", experiment)
    attempt(experiment, begun)
    assert rows(directory) == rows(begun)


def test_where_float32_is_no_help_either_the_run_stops(tmp_path: Path) -> None:
    experiment = _overshooting(
        tmp_path, 1e4, recovery={"not_finite": "float32"}, training={"steps_per_epoch": 6}
    )
    witness = Witness()
    directory = new_directory(tmp_path / "runs", experiment)
    with pytest.raises(NotFiniteError, match=r"try a smaller learning rate or \S+_clip_norm$"):
        attempt(experiment, directory, witness)
    assert len(witness.notes) == len(noted(directory)["changes"]) == 1
    assert load_run(directory.path).status == "failed"


def test_gradients_that_overflow_lower_the_loss_scale_and_leave_the_weights(
    tmp_path: Path,
) -> None:
    # After the first step of 100 every gradient is too large for float16 at any scale.
    experiment = _overshooting(tmp_path, 100.0, training={"epochs": 4})
    whole = new_directory(tmp_path / "whole", experiment)
    attempt(experiment, whole)
    state = _newest(whole).state
    assert state[SCALE] == FIRST_SCALE / 2 ** (4 * 2 - 1), "7 of 8 steps are passed over"
    assert all(np.isfinite(tensor).all() for tensor in state.values())

    parted = new_directory(tmp_path / "parted", experiment)
    attempt(experiment, parted, Witness(interrupt_after=2))
    assert _newest(parted).state[SCALE] == FIRST_SCALE / 2 ** (2 * 2 - 1)
    go_on(parted)
    assert _newest(parted).state[SCALE] == state[SCALE]
    assert rows(parted) == rows(whole)


def _newest(directory: RunDirectory) -> Checkpoint:
    found, _ = load_checkpoint(directory)
    assert found is not None
    return found
