"""How the rates of dropout change from one training step to the next."""

from dataclasses import dataclass
from typing import Any, assert_never

from keras import ops

from dropstudy.config.dropout_schedule import (
    ConstantRate,
    CurriculumDropout,
    DropoutSchedule,
    EarlyDropout,
    LateDropout,
    LinearRamp,
    VaryingRate,
)

_LARGEST_RATE = 1 - 2.0**-24
"""The largest float32 below 1: a rate that rounds to 1 would divide by 0."""


@dataclass(frozen=True)
class RateSchedule:
    """What every rate is multiplied by, as a function of the training step alone.

    Attributes:
        setting: Which function.
        total_steps: Of the whole training.
    """

    setting: VaryingRate
    total_steps: int

    def factor(self, step: Any) -> Any:
        """The factor of a step, a scalar float32 from 0 to 1.

        Where a schedule says 0, it is 0 exactly. What is divided is as exact as a float32, so
        that a share such as 0.3 of ten steps ends with the third.

        Args:
            step: How many training steps were made before it, a scalar of whole numbers.
        """
        total, setting = self.total_steps, self.setting
        done = ops.cast(ops.minimum(step, total), "float32")
        match setting:
            case EarlyDropout():
                last = setting.until * total
                return ops.maximum(last - done, 0.0) / last
            case LateDropout():
                return ops.cast(done >= setting.start * total, "float32")
            case LinearRamp():
                return done / total
            case CurriculumDropout():
                return -ops.expm1(-setting.gamma / total * done)
            case _:
                assert_never(setting)


def make_rate_schedule(setting: DropoutSchedule, total_steps: int | None) -> RateSchedule | None:
    """The schedule of a training of that many steps; None where the rates stay as they are."""
    if isinstance(setting, ConstantRate) or total_steps is None:
        return None
    return RateSchedule(setting, total_steps)


def schedule_rate(rate: float, schedule: RateSchedule | None, *, step: Any) -> Any:
    """The rate at a step: itself where there is no schedule, else a scalar float32 below 1."""
    if schedule is None:
        return rate
    return ops.minimum(rate * schedule.factor(step), _LARGEST_RATE)
