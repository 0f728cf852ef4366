from pathlib import Path

import pytest

from dropstudy.config import Experiment
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.records import RunResult
from tests.models.conftest import restored_policy, started_tensorflow
from tests.training.tiny import run, tiny_experiment

__all__ = ["restored_policy", "started_tensorflow"]


@pytest.fixture(scope="package")
def trained(
    tmp_path_factory: pytest.TempPathFactory, started_tensorflow: None
) -> tuple[Experiment, RunResult, RunDirectory]:
    """A run of the smallest experiment."""
    folder = tmp_path_factory.mktemp("trained")
    experiment = tiny_experiment(folder)
    return (experiment, *run(folder, experiment))


@pytest.fixture
def experiment(trained: tuple[Experiment, RunResult, RunDirectory]) -> Experiment:
    return trained[0]


@pytest.fixture
def result(trained: tuple[Experiment, RunResult, RunDirectory]) -> RunResult:
    return trained[1]


@pytest.fixture
def model(trained: tuple[Experiment, RunResult, RunDirectory]) -> Path:
    return trained[2].model
