"""Which dropout stands where: a kind and its rates for each group of places."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from dropstudy.config.dropout_schedule import ConstantRate, DropoutSchedule
from dropstudy.config.setting import Count, OneOrPerLevel, Rate, Setting

Group = Literal["input", "encoder", "bottleneck", "decoder", "skip", "head"]
GROUPS: tuple[Group, ...] = get_args(Group)
Kernel = Literal["fast", "keras"]


class NoDropout(Setting):
    """Nothing is dropped: no layer is added."""

    kind: Literal["none"] = "none"

    def rate_at(self, level: int) -> float:  # noqa: ARG002 - as every dropout setting
        """The share dropped at ``level``: always 0."""
        return 0.0


class RatedDropout(Setting):
    """A dropout whose only number is its rate.

    ``dropout`` drops single values (Srivastava 2014), ``spatial`` whole feature maps
    (Tompson 2015), ``drop_path`` a sample's whole branch (Huang 2016), which is a skip
    connection or, with ``architecture.block: residual``, a block; ``gaussian``
    multiplies by noise of mean 1 and variance rate/(1 − rate) (Srivastava 2014).
    """

    kind: Literal["dropout", "spatial", "gaussian", "drop_path"]
    rate: OneOrPerLevel[Rate]
    """One rate for all levels, or a list of one for each, full resolution first."""

    def rate_at(self, level: int) -> float:
        """The rate at ``level``, where level 0 is the full resolution."""
        return self.rate[level] if isinstance(self.rate, tuple) else self.rate


class DropBlock(RatedDropout):
    """Drops square blocks of each feature map (Ghiasi 2018)."""

    kind: Literal["dropblock"]  # type: ignore[assignment]
    block_size: Count = 7
    """Side of a block in values of the feature map; cut down where the map is smaller."""


DropoutSetting = Annotated[NoDropout | RatedDropout | DropBlock, Field(discriminator="kind")]


class Dropout(Setting):
    """The dropout of every group of places in the network, and what computes it."""

    input: DropoutSetting = NoDropout()
    """On the degraded image itself."""
    encoder: DropoutSetting = NoDropout()
    """In each encoder block, after its first convolution."""
    bottleneck: DropoutSetting = NoDropout()
    """In the deepest block, after its first convolution."""
    decoder: DropoutSetting = NoDropout()
    """In each decoder block, after its first convolution."""
    skip: DropoutSetting = NoDropout()
    """On each skip connection of a UNet."""
    head: DropoutSetting = NoDropout()
    """Right before the last convolution."""
    schedule: DropoutSchedule = ConstantRate()
    """What all rates are multiplied by as the training goes on."""
    kernel: Kernel = "fast"
    """What computes dropout and activations: ``fast`` does both in one pass, and activations
    within convolutions; ``keras``: Keras' layers, the reference."""

    def by_group(self) -> dict[Group, NoDropout | RatedDropout | DropBlock]:
        """Each group's setting, in the order in which an image meets the groups."""
        return {group: getattr(self, group) for group in GROUPS}
