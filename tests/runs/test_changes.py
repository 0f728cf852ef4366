import pytest

from dropstudy.config import load_experiment
from dropstudy.errors import ConfigError
from dropstudy.runs.changes import Change, find_changes, may_change, refuse_changes
from dropstudy.runs.settings import flatten
from tests.config.experiments import CONFIGS

FREE = {
    "training.epochs",
    "training.seconds",
    "training.early_stopping.patience",
    *(f"runtime.{name}" for name in ("device", "threads", "gpu_memory")),
    *(f"samples.{name}" for name in ("count", "every", "size", "images")),
    *(f"recovery.{name}" for name in ("every_seconds", "every_steps", "keep")),
    *("recovery.out_of_memory", "recovery.not_finite", "tags", "notes"),
}
"""All that decides neither the numbers of a run nor what it is called."""


def test_only_what_leaves_the_numbers_alone_may_change() -> None:
    stopping = "training.early_stopping={monitor: val_psnr, patience: 3}"
    experiment = load_experiment(CONFIGS / "smoke.yaml", [stopping])
    keys = flatten(experiment.model_dump(mode="json"))

    assert {key for key in keys if may_change(key)} == FREE
    assert len(keys) > 40


@pytest.mark.parametrize("key", ["runtime", "training", "recover", "samples_too", "tag", ""])
def test_a_name_that_only_begins_alike_may_not(key: str) -> None:
    assert not may_change(key)


def test_changes_are_found_with_both_values() -> None:
    old = {"seed": 0, "training": {"epochs": 2, "loss": "mae"}, "gone": [1], "same": None}
    new = {"seed": 0, "training": {"epochs": 4, "loss": "mse"}, "new": {"x": 1}, "none": None}

    assert find_changes(old, new, reason="on resume") == [
        Change("training.epochs", 2, 4, "on resume"),
        Change("training.loss", "mae", "mse", "on resume"),
        Change("new.x", None, 1, "on resume"),
        Change("gone", [1], None, "on resume"),
    ]


def test_nothing_has_changed_between_equal_settings() -> None:
    assert find_changes({"a": {"b": [1, 2]}}, {"a": {"b": [1, 2]}}, reason="") == []


def test_a_refusal_has_a_line_for_each_wrong_change_and_none_for_the_others() -> None:
    changes = [
        Change("seed", 0, 1, ""),
        Change("training.epochs", 2, 4, ""),
        Change("dropout.skip.rate", 0.1, 0.2, ""),
    ]
    with pytest.raises(ConfigError) as raised:
        refuse_changes(changes)

    wanted = "a run cannot change this as it goes on: start a new one"
    assert str(raised.value).splitlines() == [
        f"seed: is 1, the run began with 0; {wanted}",
        f"dropout.skip.rate: is 0.2, the run began with 0.1; {wanted}",
    ]
    refuse_changes(changes[1:2])
