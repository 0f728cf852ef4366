"""What network restores the image."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from dropstudy.config.dropout import Group
from dropstudy.config.setting import Allowed, Count, CountOrZero, Setting

BlockStage = Literal["normalization", "activation", "dropout"]
BlockOrder = Annotated[
    tuple[BlockStage, BlockStage, BlockStage],
    Strict(False),
    Allowed("normalization, activation and dropout, each once, in the order wanted"),
]


class Architecture(Setting):
    """An encoder and a decoder; a ``unet`` joins their levels by skip connections."""

    kind: Literal["autoencoder", "unet"]
    depth: Annotated[int, Field(ge=1, le=6), Allowed("a whole number from 1 to 6")] = 3
    """How many times the resolution is halved."""
    filters: Count = 32
    """Feature maps at full resolution; each level down has twice as many."""
    convolutions: Annotated[int, Field(ge=1, le=8), Allowed("a whole number from 1 to 8")] = 2
    """3×3 convolutions in each block."""
    block: Literal["plain", "residual"] = "plain"
    """``residual`` adds a block's input to its output (He 2016)."""
    activation: Literal["relu", "leaky_relu", "elu", "silu", "gelu"] = "relu"
    normalization: Literal["none", "batch", "group"] = "none"
    order: BlockOrder = ("normalization", "activation", "dropout")
    """What follows a convolution, in which order."""
    upsampling: Literal["transpose", "bilinear"] = "transpose"
    """2×2 transposed convolution, or bilinear interpolation and a 1×1 convolution."""
    residual: bool = False
    """Whether the network's output is added to the degraded image."""
    skips: Annotated[tuple[CountOrZero, ...], Strict(False)] | None = None
    """Levels of a ``unet`` that have a skip connection, 0 for the full resolution; null: all."""

    @property
    def size_multiple(self) -> int:
        """What an image's height and width must be multiples of."""
        return int(2**self.depth)

    def has_skip(self, level: int) -> bool:
        """Whether a skip connection joins encoder and decoder at ``level``."""
        return self.kind == "unet" and (self.skips is None or level in self.skips)

    def levels(self, group: Group) -> int:
        """How many rates ``group`` takes, one for each level; 0 where it has no place."""
        match group:
            case "input" | "bottleneck" | "head":
                return 1
            case "encoder" | "decoder":
                return self.depth
            case "skip":
                return self.depth if any(map(self.has_skip, range(self.depth))) else 0
