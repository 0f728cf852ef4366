from typing import Any

import pytest
from pydantic import ValidationError

from dropstudy.config.dropout import GROUPS, DropBlock, Dropout, NoDropout, RatedDropout


def test_one_rate_holds_at_every_level() -> None:
    setting = RatedDropout(kind="spatial", rate=0.2)
    assert [setting.rate_at(level) for level in range(4)] == [0.2, 0.2, 0.2, 0.2]


def test_a_list_of_rates_gives_each_level_its_own_full_resolution_first() -> None:
    setting = DropBlock(kind="dropblock", rate=(0.02, 0.05, 0.1))
    assert [setting.rate_at(level) for level in range(3)] == [0.02, 0.05, 0.1]


def test_no_dropout_drops_nothing_at_any_level() -> None:
    assert [NoDropout().rate_at(level) for level in range(3)] == [0, 0, 0]


def test_all_groups_are_without_dropout_unless_told_and_come_in_the_order_of_the_data() -> None:
    groups = Dropout(skip=RatedDropout(kind="dropout", rate=0.1)).by_group()
    assert list(groups) == ["input", "encoder", "bottleneck", "decoder", "skip", "head"]
    assert tuple(groups) == GROUPS
    assert [group for group, setting in groups.items() if setting.kind != "none"] == ["skip"]


@pytest.mark.parametrize("rate", [1, 1.0, 1.5, -0.1, float("nan"), float("inf"), True, "0.1"])
def test_a_rate_is_a_fraction_below_one(rate: object) -> None:
    with pytest.raises(ValidationError, match="a fraction from 0 up to, not including, 1"):
        RatedDropout.model_validate({"kind": "spatial", "rate": rate})
    with pytest.raises(ValidationError, match="a fraction from 0 up to, not including, 1"):
        RatedDropout.model_validate({"kind": "spatial", "rate": [0.1, rate]})


@pytest.mark.parametrize("rate", [0, 0.0, 0.999])
def test_a_rate_may_be_zero_but_not_one(rate: float) -> None:
    assert RatedDropout(kind="gaussian", rate=rate).rate_at(0) == rate


def test_settings_are_frozen() -> None:
    setting = RatedDropout(kind="spatial", rate=0.2)
    with pytest.raises(ValidationError, match="frozen"):
        setting.rate = 0.3  # type: ignore[misc]


def test_rates_are_constant_unless_told() -> None:
    assert Dropout().schedule.kind == "constant"
    assert "schedule" not in GROUPS


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ({"kind": "early", "until": 0}, "a fraction above 0, up to 1"),
        ({"kind": "early", "until": 1.1}, "a fraction above 0, up to 1"),
        ({"kind": "late", "start": 0}, "a fraction above 0, below 1"),
        ({"kind": "late", "start": 1}, "a fraction above 0, below 1"),
        ({"kind": "curriculum", "gamma": 0}, "a number above 0"),
        ({"kind": "linear", "until": 0.5}, "Extra inputs are not permitted"),
        ({"kind": "step"}, "'constant', 'early', 'late', 'linear', 'curriculum'"),
    ],
)
def test_a_schedule_begins_and_ends_within_the_training(
    schedule: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Dropout.model_validate({"schedule": schedule})


def test_early_dropout_may_last_to_the_end() -> None:
    schedule = Dropout.model_validate({"schedule": {"kind": "early", "until": 1}}).schedule
    assert schedule.model_dump() == {"kind": "early", "until": 1}
