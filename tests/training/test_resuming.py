import csv
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import pytest

from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.reading import Run
from dropstudy.runs.records import RunResult
from dropstudy.verification.sameness import find_difference
from tests.training.resuming import (
    ImpatientInterruption,
    Leaver,
    new_directory,
    newest,
    outcome,
    read_rows,
    resume,
    stateful_experiment,
    train,
)
from tests.training.tiny import Witness, run, tiny_experiment

PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Session:
    """One of the processes, so to speak, that a run was made by."""

    result: RunResult
    witness: Leaver
    seconds: float
    ended: float
    newest: str


@dataclass(frozen=True)
class Chain:
    """A run that was left wherever a run can be left."""

    directory: RunDirectory
    sessions: list[Session]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("resuming")


@pytest.fixture(scope="module")
def undisturbed(folder: Path) -> RunDirectory:
    return run(folder, stateful_experiment(folder))[1]


# How often each session looks whether it shall leave until it does; after each step, before the
# validation, after its image, after the epoch, and after all epochs.
LOOKS = {
    "after the first step": 1,
    "after the epoch's last step": 1,
    "within the validation": 2,
    "between two epochs": 3,
    "after a step of the second epoch": 1,
    "after the last epoch": 4,
    "before the final scores": 1,
}
STAGES = {"before the first step": "building the network", "amid": "scoring the test images"}


@pytest.fixture(scope="module")
def chain(folder: Path) -> Chain:
    experiment = stateful_experiment(folder)
    directory, sessions = new_directory(folder, experiment), list[Session]()

    def add(*, looks: int = 10**9, leave_at: str = "") -> None:
        witness, started = Leaver(leave_at=leave_at), time.perf_counter()
        interruption = ImpatientInterruption(looks)
        if sessions:
            result = resume(directory, witness=witness, interruption=interruption)
        else:
            result = train(directory, experiment, witness, interruption=interruption)
        ended = time.perf_counter()
        sessions.append(Session(result, witness, ended - started, ended, newest(directory)))

    add(leave_at=STAGES["before the first step"])
    for looks in LOOKS.values():
        add(looks=looks)
    time.sleep(PAUSE_SECONDS)
    add(leave_at=STAGES["amid"])
    add()
    return Chain(directory, sessions)


def test_a_run_left_wherever_it_can_be_left_ends_as_if_it_never_had_been(
    chain: Chain, undisturbed: RunDirectory
) -> None:
    found, expected = outcome(chain.directory), outcome(undisturbed)

    for part, values in expected.items():
        assert found[part] == values, part
    assert expected["status"] == "finished"
    assert find_difference(undisturbed, chain.directory) is None


def test_it_was_left_everywhere(chain: Chain) -> None:
    assert [session.newest for session in chain.sessions] == [
        "",
        "epoch-0001-step-000001",
        *["epoch-0001-step-000002"] * 2,
        "epoch-0002-step-000000",
        "epoch-0002-step-000001",
        *["epoch-0003-step-000000"] * 4,
    ]
    statuses = [session.result.status for session in chain.sessions]
    assert statuses == ["interrupted"] * (len(statuses) - 1) + ["finished"]


def test_no_step_was_made_twice_and_none_left_out(chain: Chain) -> None:
    steps = [step for session in chain.sessions for step in session.witness.steps]

    assert steps == [(epoch, step) for epoch in (1, 2) for step in (1, 2)]


def test_no_epoch_is_noted_twice(chain: Chain) -> None:
    rows = read_rows(chain.directory)
    assert [row["epoch"] for row in rows] == [1, 2]
    with chain.directory.epochs_table.open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    assert [row["epoch"] for row in table] == ["1", "2"]
    for row, cells in zip(rows, table, strict=True):
        assert {key: str(value) for key, value in row.items() if value is not None} == {
            key: cell for key, cell in cells.items() if cell
        }


def test_each_resume_is_noted_with_its_place(chain: Chain) -> None:
    resumes = json.loads(chain.directory.environment.read_text())["resumes"]
    places = [(entry["epoch"], entry["step"]) for entry in resumes]

    assert places == [(1, 0), (1, 1), (1, 2), (1, 2), (2, 0), (2, 1), *[(3, 0)] * 3]
    assert [session.result.resumes for session in chain.sessions] == list(range(len(resumes) + 1))
    assert Run(chain.directory).result["resumes"] == len(resumes)
    assert [resume.epoch for resume in Run(chain.directory).resumes] == [e for e, _ in places]


def test_the_seconds_of_a_pause_are_in_no_epoch(chain: Chain) -> None:
    left, second = chain.sessions[5], chain.sessions[6]
    assert left.newest == "epoch-0002-step-000001"
    [step] = second.witness.step_times
    pause, active = step - left.ended, second.witness.times[0] - step
    [first, last] = Run(chain.directory).epochs

    assert pause > 0.3, "building and compiling take longer"
    worked = left.witness.step_times[-1] - (left.ended - left.seconds)
    assert 0 < last.total_seconds < worked + active + pause / 2
    assert last.total_seconds > second.result.epochs[1].train_seconds > 0
    assert first == chain.sessions[-1].result.epochs[0]


def test_the_first_step_of_a_resumed_epoch_holds_no_compilation(chain: Chain) -> None:
    first, last = Run(chain.directory).epochs

    assert last.first_step_seconds < first.first_step_seconds / 3


def test_the_runs_seconds_add_up_without_the_pauses(chain: Chain) -> None:
    totals = [session.result.total_seconds for session in chain.sessions]
    all_sessions = sum(session.seconds for session in chain.sessions)
    in_epochs = sum(record.total_seconds for record in Run(chain.directory).epochs)

    assert in_epochs < totals[-1] <= all_sessions
    assert totals[1] < totals[2] < totals[5] < totals[7], "each goes on from the one before"


WORSENING: dict[str, Any] = {
    "epochs": 9,
    "steps_per_epoch": 1,
    "loss": "mse",
    "optimizer": {"kind": "sgd", "learning_rate": 1e3, "momentum": 0.0},
    "early_stopping": {"patience": 2, "minimum_gain": 1e-6},
}
"""The gradient of the head's bias is 2/3 of its error: each step makes that 666 times larger."""


@pytest.mark.parametrize("restore_best", [True, False])
def test_patience_and_the_best_epoch_outlive_a_resume(folder: Path, restore_best: bool) -> None:
    training = {**WORSENING, "restore_best": restore_best}
    experiment = tiny_experiment(folder, training=training)
    _, whole = run(folder, experiment)
    left, directory = run(folder, experiment, Witness(interrupt_after=2))
    assert (left.status, len(left.epochs)) == ("interrupted", 2)
    witness = Witness()
    resume(directory, witness=witness)

    assert [row["epoch"] for row in read_rows(directory)] == [1, 2, 3]
    assert witness.bests == []
    found, expected = outcome(directory), outcome(whole)
    for part, values in expected.items():
        assert found[part] == values, part
    assert expected["best"][1] == 1


def test_more_epochs_are_as_if_they_had_been_asked_for(folder: Path) -> None:
    constant = tiny_experiment(folder, dropout={"head": {"kind": "gaussian", "rate": 0.3}})
    longer = constant.model_copy(
        update={"training": constant.training.model_copy(update={"epochs": 3})}
    )
    _, whole = run(folder, longer)
    first, directory = run(folder, constant)
    assert first.status == "finished"
    result = resume(directory, "training.epochs=3", witness=Leaver(leave_at=STAGES["amid"]))
    assert result.status == "interrupted"
    assert Run(directory).images == [], "the scores are of the network that it ended with before"
    result = resume(directory)

    found, expected = outcome(directory), outcome(whole)
    for part, values in expected.items():
        assert found[part] == values, part
    assert result.epochs[:2] == first.epochs
    assert Run(directory).settings == Run(whole).settings
    [change] = Run(directory).changes
    assert (change.key, change.old, change.new) == ("training.epochs", 2, 3)


@pytest.mark.parametrize("kernel", ["fast", "keras"])
def test_rates_that_change_go_on_where_they_were(folder: Path, kernel: str) -> None:
    dropout: dict[str, Any] = {
        "encoder": {"kind": "spatial", "rate": 0.3},
        "head": {"kind": "dropout", "rate": 0.5},
        "kernel": kernel,
    }
    experiments = [
        tiny_experiment(folder, dropout={**dropout, "schedule": schedule})
        for schedule in ({"kind": "constant"}, {"kind": "early", "until": 0.75})
    ]
    constant, whole = (run(folder, experiment)[1] for experiment in experiments)
    directory = new_directory(folder, experiments[1])
    train(directory, experiments[1], interruption=ImpatientInterruption(1))
    assert newest(directory) == "epoch-0001-step-000001"
    resume(directory, interruption=ImpatientInterruption(5))
    assert newest(directory) == "epoch-0002-step-000001"
    resume(directory)

    found, expected = outcome(directory), outcome(whole)
    for part, values in expected.items():
        assert found[part] == values, part
    assert outcome(constant)["model"] != expected["model"]


def test_what_a_scheduled_run_saves_is_of_keras_own_layers_at_constant_rates(folder: Path) -> None:
    for kernel in ("fast", "keras"):
        dropout: dict[str, Any] = {
            "encoder": {"kind": "spatial", "rate": 0.3},
            "schedule": {"kind": "linear"},
            "kernel": kernel,
        }
        _, directory = run(folder, tiny_experiment(folder, dropout=dropout))
        layer = keras.models.load_model(directory.model).get_layer("encoder_0_dropout")
        assert type(layer) is keras.layers.SpatialDropout2D
        assert layer.rate == 0.3
