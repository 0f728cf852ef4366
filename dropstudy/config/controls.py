"""Arms that a study adds, so that what it says of dropout could not be said of something else."""

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any, assert_never

from dropstudy.config.dropout import GROUPS, NoDropout
from dropstudy.config.experiment import Experiment
from dropstudy.config.parameters import count_parameters
from dropstudy.config.study import Control


def make_control(control: Control, arm: Experiment, *, first: Experiment) -> Experiment | None:
    """What stands beside ``arm`` as its control; None where it needs none.

    Args:
        control: Which.
        arm: The arm's experiment.
        first: That of the study's first arm.
    """
    match control:
        case "rate_0":
            return _without_dropout(arm) if _kept_shares(arm) else None
        case "lr_matched":
            return _at_effective_rate(arm) if _kept_shares(arm) else None
        case "param_matched":
            return _of_equal_size(arm, first)
        case _:
            assert_never(control)


def _without_dropout(arm: Experiment) -> Experiment:
    return _replace(arm, "dropout", dict.fromkeys(GROUPS, NoDropout()))


def _at_effective_rate(arm: Experiment) -> Experiment:
    """No dropout, at the learning rate times the mean share kept over the dropout layers.

    Dropping values whose neighbours say nearly the same does little but scale the effective
    learning rate by the share kept (Tompson 2015, section 3.2): if that explains a gain, this
    control has it, too.
    """
    optimizer = arm.training.optimizer
    slower = optimizer.learning_rate * fmean(_kept_shares(arm))
    changed = optimizer.model_copy(update={"learning_rate": slower})
    return _replace(_without_dropout(arm), "training", {"optimizer": changed})


def _of_equal_size(arm: Experiment, first: Experiment) -> Experiment | None:
    """The arm with the number of filters that brings its parameters nearest to the first arm's."""

    def size(experiment: Experiment, filters: int | None = None) -> int:
        architecture = experiment.architecture
        if filters is not None:
            architecture = architecture.model_copy(update={"filters": filters})
        return count_parameters(architecture, channels=experiment.data.channel_count)

    wanted, filters = size(first), arm.architecture.filters
    if size(arm) == wanted:
        return None
    while size(arm, filters) < wanted:
        filters += 1
    while filters > 1 and size(arm, filters) > wanted:
        filters -= 1
    nearest = min((filters, filters + 1), key=lambda count: abs(size(arm, count) - wanted))
    if nearest == arm.architecture.filters:
        return None
    return _replace(arm, "architecture", {"filters": nearest})


def _kept_shares(arm: Experiment) -> list[float]:
    """The share that each dropout layer keeps, on average over the training."""
    factor = arm.dropout.schedule.mean_factor
    return [1 - rate * factor for rate in _rates(arm) if rate > 0]


def _rates(arm: Experiment) -> Iterator[float]:
    for group, setting in arm.dropout.by_group().items():
        for level in range(arm.architecture.levels(group)):
            if group != "skip" or arm.architecture.has_skip(level):
                yield setting.rate_at(level)


def _replace(arm: Experiment, section: str, changes: Mapping[str, Any]) -> Experiment:
    changed = getattr(arm, section).model_copy(update=changes)
    return arm.model_copy(update={section: changed})
