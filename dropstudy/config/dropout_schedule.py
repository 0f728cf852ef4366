"""How the rates of all dropout change as the training goes on."""

from math import expm1
from typing import Annotated, Literal

from pydantic import Field

from dropstudy.config.setting import Allowed, Positive, Setting, Share


class ConstantRate(Setting):
    """The rates as they are, throughout."""

    kind: Literal["constant"] = "constant"

    @property
    def mean_factor(self) -> float:
        """How large the rates are on average, as a share of their full value."""
        return 1.0

    @property
    def final_factor(self) -> float:
        """How large the rates are in the end, as a share of their full value."""
        return 1.0


class EarlyDropout(Setting):
    """The rates fall linearly to 0 and stay there (Liu 2023): against underfitting."""

    kind: Literal["early"]
    until: Share = 0.5
    """Share of the training after which nothing is dropped."""

    @property
    def mean_factor(self) -> float:
        """How large the rates are on average, as a share of their full value."""
        return self.until / 2

    @property
    def final_factor(self) -> float:
        """How large the rates are in the end, as a share of their full value."""
        return 0.0


class LateDropout(Setting):
    """Nothing is dropped at first, then at the full rates (Liu 2023): against overfitting."""

    kind: Literal["late"]
    start: Annotated[float, Field(gt=0, lt=1), Allowed("a fraction above 0, below 1")] = 0.5
    """Share of the training before which nothing is dropped."""

    @property
    def mean_factor(self) -> float:
        """How large the rates are on average, as a share of their full value."""
        return 1 - self.start

    @property
    def final_factor(self) -> float:
        """How large the rates are in the end, as a share of their full value."""
        return 1.0


class LinearRamp(Setting):
    """The rates rise linearly from 0 to their full value, as DropBlock's (Ghiasi 2018)."""

    kind: Literal["linear"]

    @property
    def mean_factor(self) -> float:
        """How large the rates are on average, as a share of their full value."""
        return 0.5

    @property
    def final_factor(self) -> float:
        """How large the rates are in the end, as a share of their full value."""
        return 1.0


class CurriculumDropout(Setting):
    """The rates rise from 0 towards their full value, ever more slowly (Morerio 2017)."""

    kind: Literal["curriculum"]
    gamma: Positive = 10.0
    """At the share t of the training the rates are 1 − exp(−gamma·t) of their full value."""

    @property
    def mean_factor(self) -> float:
        """How large the rates are on average, as a share of their full value."""
        return 1 + expm1(-self.gamma) / self.gamma

    @property
    def final_factor(self) -> float:
        """How large the rates are in the end, as a share of their full value."""
        return -expm1(-self.gamma)


VaryingRate = EarlyDropout | LateDropout | LinearRamp | CurriculumDropout
DropoutSchedule = Annotated[ConstantRate | VaryingRate, Field(discriminator="kind")]
