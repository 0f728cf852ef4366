from typing import Any

from dropstudy.analysis.timing_pairs import find_baselines, name_dropout
from dropstudy.config import load_experiment
from tests.config.experiments import CONFIGS

DROPS = "dropout.skip={kind: dropout, rate: 0.2}"


def settings(*changes: str) -> dict[str, Any]:
    return load_experiment(CONFIGS / "unet_plain.yaml", changes).model_dump(mode="json")


def test_an_arm_is_held_against_the_one_that_lacks_its_dropout_alone() -> None:
    arms = {
        "none": settings(),
        "dropout": settings(DROPS),
        "small": settings("architecture.filters=8"),
        "small dropout": settings("architecture.filters=8", DROPS),
        "keras": settings("dropout.kernel=keras"),
        "keras dropout": settings("dropout.kernel=keras", DROPS),
    }
    assert find_baselines(arms) == {
        "none": "",
        "dropout": "none",
        "small": "",
        "small dropout": "small",
        "keras": "",
        "keras dropout": "keras",
    }


def test_dropout_of_rate_0_is_none() -> None:
    zero = settings("dropout.skip={kind: spatial, rate: 0}")
    assert find_baselines({"zero": zero, "dropout": settings(DROPS)}) == {
        "zero": "",
        "dropout": "zero",
    }
    assert name_dropout(zero) == ""


def test_an_arm_without_a_partner_is_held_against_the_first() -> None:
    arms = {"none": settings(), "other": settings("architecture.filters=8", DROPS)}
    arms["plain"] = settings("architecture.filters=16")
    assert find_baselines(arms) == {"none": "", "other": "none", "plain": "none"}


def test_a_single_arm_is_a_baseline() -> None:
    assert find_baselines({"alone": settings(DROPS)}) == {"alone": ""}


def test_an_arms_dropout_is_named_by_its_kinds_and_by_another_kernel() -> None:
    spatial = "dropout.encoder={kind: spatial, rate: 0.1}"
    assert name_dropout(settings(DROPS)) == "dropout"
    assert name_dropout(settings(DROPS, spatial)) == "spatial + dropout"
    assert name_dropout(settings(DROPS, "dropout.kernel=keras")) == "dropout (keras)"


def test_a_schedule_of_the_rates_is_no_dropout() -> None:
    assert name_dropout(settings("dropout.schedule={kind: linear}")) == ""
