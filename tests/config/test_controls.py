import pytest

from dropstudy.config.controls import make_control
from dropstudy.config.experiment import Experiment
from dropstudy.config.parameters import count_parameters
from tests.config.experiments import make_experiment

SKIPS = {"skip": {"kind": "spatial", "rate": [0.1, 0.3]}, "head": {"kind": "dropout", "rate": 0.5}}


def _unet(**sections: object) -> Experiment:
    architecture = {"kind": "unet", "depth": 2, "filters": 8}
    return make_experiment(**{"architecture": architecture, "dropout": SKIPS, **sections})


def test_an_arm_of_rate_0_differs_in_dropout_alone() -> None:
    arm = _unet()
    control = make_control("rate_0", arm, first=arm)
    assert control is not None
    assert {setting.kind for setting in control.dropout.by_group().values()} == {"none"}
    assert control.model_copy(update={"dropout": arm.dropout}) == arm


def test_the_matched_learning_rate_is_that_times_the_mean_share_kept() -> None:
    arm = _unet(training={"optimizer": {"kind": "adamw", "learning_rate": 0.01}})
    control = make_control("lr_matched", arm, first=arm)
    assert control is not None
    kept = ((1 - 0.1) + (1 - 0.3) + (1 - 0.5)) / 3
    assert control.training.optimizer.learning_rate == pytest.approx(0.01 * kept)
    assert {setting.kind for setting in control.dropout.by_group().values()} == {"none"}


def test_what_a_schedule_drops_counts_on_average() -> None:
    arm = _unet(dropout={"head": {"kind": "dropout", "rate": 0.5}, "schedule": {"kind": "linear"}})
    control = make_control("lr_matched", arm, first=arm)
    assert control is not None
    rate = arm.training.optimizer.learning_rate
    assert control.training.optimizer.learning_rate == pytest.approx(rate * 0.75)


def test_a_skip_that_is_not_there_keeps_nothing() -> None:
    skips_at_1 = {"kind": "unet", "depth": 2, "filters": 8, "skips": [1]}
    at_all = {**SKIPS, "skip": {"kind": "spatial", "rate": 0.3}}
    arm = _unet(architecture=skips_at_1, dropout=at_all)
    control = make_control("lr_matched", arm, first=arm)
    assert control is not None
    before = arm.training.optimizer.learning_rate
    assert control.training.optimizer.learning_rate == pytest.approx(
        before * ((1 - 0.3) + (1 - 0.5)) / 2
    )


def test_an_arm_without_dropout_needs_no_control_of_it() -> None:
    arm = _unet(dropout={"skip": {"kind": "dropout", "rate": 0.0}})
    assert make_control("rate_0", arm, first=arm) is None
    assert make_control("lr_matched", arm, first=arm) is None


@pytest.mark.parametrize(("kind", "filters"), [("autoencoder", 4), ("autoencoder", 40)])
def test_no_other_number_of_filters_comes_nearer_to_the_first_arms_parameters(
    kind: str, filters: int
) -> None:
    first = _unet()
    arm = _unet(architecture={"kind": kind, "depth": 2, "filters": filters}, dropout={})
    control = make_control("param_matched", arm, first=first)
    assert control is not None

    def distance(count: int) -> int:
        architecture = arm.architecture.model_copy(update={"filters": count})
        wanted = count_parameters(first.architecture, channels=3)
        return abs(count_parameters(architecture, channels=3) - wanted)

    assert control.architecture.filters == min(range(1, 60), key=distance)
    assert control.model_copy(update={"architecture": arm.architecture}) == arm


def test_an_arm_with_as_many_parameters_needs_no_control_of_them() -> None:
    first = _unet()
    assert make_control("param_matched", _unet(dropout={}), first=first) is None
