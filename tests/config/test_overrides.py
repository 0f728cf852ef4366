from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from dropstudy.config import load_experiment
from dropstudy.errors import ConfigError
from tests.config.experiments import SHORT, write_config


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("name=123", "123"),
        ("name=1e5", "1e5"),
        ("name=true", "true"),
        ("notes=null", "null"),
        ("notes=", ""),
        ("notes=a: b", "a: b"),
        ("notes=run #3", "run #3"),
        ("notes=[draft] of x = 1", "[draft] of x = 1"),
        ("tags=[a, b]", ("a", "b")),
        ("training.epochs=7", 7),
        ("training.optimizer.learning_rate=1e-3", 0.001),
        ("training.restore_best=false", False),
        ("training.loss=mse", "mse"),
        ("training.steps_per_epoch=null", None),
        ("training.early_stopping.patience=3", 3),
        ("runtime.gpu_memory=512", 512),
        ("runtime.gpu_memory=all", "all"),
        ("dropout.encoder.rate=[0.1, 0.2]", (0.1, 0.2)),
        ("dropout.encoder.rate=0", 0.0),
        (" seed = 4", 4),
    ],
)
def test_a_value_is_read_as_the_schema_wants_it(smoke_yaml: Path, change: str, value: Any) -> None:
    experiment = load_experiment(smoke_yaml, [change])
    keys = change.partition("=")[0].strip().split(".")
    set_value: Any = reduce(getattr, keys, experiment)
    assert set_value == value
    assert type(set_value) is type(value)


def test_a_folder_may_have_any_name(smoke_yaml: Path) -> None:
    for folder in ("@home", "a: b #1", "*.d", "12", "~"):
        changes = ["data={kind: folder, path: x}", f"data.path={folder}"]
        data = load_experiment(smoke_yaml, changes).data
        assert data.kind == "folder"
        assert data.path == folder


def test_sections_that_a_file_leaves_out_are_made(tmp_path: Path) -> None:
    path = write_config(tmp_path, SHORT)
    changes = ["dropout.skip.kind=spatial", "dropout.skip.rate=0.3", "samples.count=0"]
    experiment = load_experiment(path, changes)
    assert experiment.dropout.skip.rate_at(0) == 0.3
    assert experiment.samples.count == 0


def test_a_section_that_is_null_is_made(tmp_path: Path) -> None:
    path = write_config(tmp_path, SHORT + "training: {early_stopping: null}\n")
    stopping = load_experiment(path, ["training.early_stopping.patience=2"]).training.early_stopping
    assert stopping is not None
    assert stopping.patience == 2


def test_an_experiment_can_be_made_of_overrides_alone(tmp_path: Path) -> None:
    path = write_config(tmp_path, "")
    changes = [line.replace(": ", "=", 1) for line in SHORT.splitlines()]
    assert load_experiment(path, changes) == load_experiment(write_config(tmp_path, SHORT))


def test_a_later_override_wins(smoke_yaml: Path) -> None:
    changes = ["training={epochs: 5, batch_size: 8}", "training.epochs=9", "seed=1", "seed=2"]
    experiment = load_experiment(smoke_yaml, changes)
    assert (experiment.training.epochs, experiment.training.batch_size) == (9, 8)
    assert experiment.seed == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("trainig.epochs=3", "trainig: unknown key, did you mean 'training'?; allowed: name, seed"),
        (
            "training.epoch=3",
            "training.epoch: unknown key, did you mean 'epochs'?; allowed: epochs",
        ),
        ("dropout.encodr.rate=0.1", "dropout.encodr: unknown key, did you mean 'encoder'?"),
        ("dropout.encoder.rate=[0.1, 1.0]", "dropout.encoder.rate[1]: got 1.0; give a fraction"),
        ("training.epochs=", "training.epochs: got null; give a whole number from 1 up"),
        ("training.loss=5", "training.loss: got "),
        ("runtime.gpu_memory=0", "runtime.gpu_memory: got 0; give "),
        ("training.loss={a: 1, a: 2}", "given twice"),
        ("training.epochs", "give KEY=VALUE, such as training.epochs=3"),
        ("=3", "give KEY=VALUE, such as training.epochs=3"),
        ("training..epochs=3", "give KEY=VALUE, such as training.epochs=3"),
        (
            "training.epochs.first=3",
            "training.epochs.first leads through a value that is no mapping",
        ),
        ("training.epochs=[1", "not YAML: "),
        ("training.epochs=@", "not YAML: "),
    ],
)
def test_a_problem_that_an_override_brings_is_located_at_the_option(
    smoke_yaml: Path, change: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_experiment(smoke_yaml, [change])
    assert str(caught.value).startswith(f"--set {change}")
    assert message in str(caught.value)


def test_what_an_override_mends_is_no_problem(tmp_path: Path) -> None:
    path = write_config(tmp_path, SHORT + "training: {epochs: 0}\n")
    assert load_experiment(path, ["training.epochs=2"]).training.epochs == 2
