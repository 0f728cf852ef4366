import re

import pytest

from dropstudy.config import load_experiment
from dropstudy.config.recovery import Recovery
from dropstudy.errors import ConfigError
from tests.config.experiments import CONFIGS


def test_by_default_a_kill_costs_two_minutes_at_most_and_faults_stop_a_run() -> None:
    recovery = Recovery()

    assert (recovery.every_seconds, recovery.every_steps, recovery.keep) == (120.0, None, 2)
    assert (recovery.out_of_memory, recovery.not_finite) == ("stop", "stop")


def test_a_run_may_save_at_the_end_of_its_epochs_alone() -> None:
    experiment = load_experiment(CONFIGS / "smoke.yaml", ["recovery.every_seconds=null"])

    assert (experiment.recovery.every_seconds, experiment.recovery.every_steps) == (None, None)


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ("every_seconds=0", "a number above 0"),
        ("every_steps=0", "a whole number from 1 up"),
        ("keep=0", "a whole number from 1 up"),
        ("keep=1.5", "a whole number from 1 up"),
        ("out_of_memory=ignore", "halve_batch"),
        ("not_finite=bfloat16", "float32"),
        ("every_epochs=1", "recovery"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(change: str, allowed: str) -> None:
    key = re.escape(f"recovery.{change.split('=')[0]}")
    with pytest.raises(ConfigError, match=rf"{key}.*{allowed}"):
        load_experiment(CONFIGS / "smoke.yaml", [f"recovery.{change}"])
