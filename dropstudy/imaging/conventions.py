"""What is done to two images before they are compared, and what that is called."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from dropstudy.errors import DataError
from dropstudy.imaging.arrays import to_bytes

Levels: TypeAlias = NDArray[np.float64]
"""Values in levels of 255, shape ``(height, width, channels)``."""

ConventionName = Literal["rgb-8bit", "paper-denoise", "paper-sr"]


@dataclass(frozen=True)
class Convention:
    """How two images are brought to the values that are compared.

    Attributes:
        name: What a table says beside the number.
        rounded: Whether both are clipped to [0, 1] and rounded to 8 bits.
        luma: Whether only BT.601 luma (16–235) of colours counts.
        border: Pixels left out along each edge.
    """

    name: str
    rounded: bool = True
    luma: bool = False
    border: int = 0

    @property
    def description(self) -> str:
        """The convention in words, for those who do not know its name."""
        edge = f"{self.border} pixel{'' if self.border == 1 else 's'} of each edge left out"
        return ", ".join(
            (
                "clipped and rounded to 8 bits" if self.rounded else "neither clipped nor rounded",
                "BT.601 luma (16–235) alone" if self.luma else "all channels",
                edge if self.border else "no edge left out",
            )
        )


RGB_8BIT = Convention("rgb-8bit")
PAPER_DENOISE = Convention("paper-denoise", rounded=False)


def find_convention(name: ConventionName, border: int | None = None) -> Convention:
    """The convention of a name.

    Args:
        name: ``rgb-8bit``, ``paper-denoise``, or ``paper-sr``: super-resolution's luma.
        border: Pixels to leave out along each edge; none if not given.

    Raises:
        DataError: ``paper-sr`` without a border: papers leave out as many pixels as the scale.
    """
    match name:
        case "rgb-8bit" | "paper-denoise":
            return Convention(name, rounded=name == "rgb-8bit", border=border or 0)
        case "paper-sr":
            if border is None:
                raise DataError(
                    "paper-sr: no border given; give the factor by which the images "
                    "were enlarged, for instance --border 4, or --border 0 to keep the edges"
                )
            return Convention(name, luma=True, border=border)
        case _:
            assert_never(name)


def to_levels(image: NDArray[Any], convention: Convention) -> Levels:
    """The values of ``image`` that a convention compares.

    Luma keeps the depth of its pixels, as MATLAB's ``rgb2ycbcr`` and KAIR's do: 8 bits have a
    luma rounded to 8 bits, floats one of floats. (BasicSR never rounds it.) What is grey
    already is taken as it is.

    Args:
        image: Shape ``(height, width, channels)``: bytes, or floats of range about [0, 1].
        convention: Which.

    Raises:
        DataError: The border leaves nothing of the image.
    """
    border = convention.border
    if min(image.shape[:2]) <= 2 * border:
        raise DataError(
            f"an image of {image.shape[1]}×{image.shape[0]} has nothing left "
            f"within a border of {border} pixels"
        )
    if border:
        image = image[border:-border, border:-border]
    if convention.rounded or image.dtype == np.uint8:
        levels = to_bytes(image).astype(np.float64)
    else:
        levels = image.astype(np.float64) * 255
    if convention.luma and image.shape[-1] == 3:
        levels = luma(levels)
        return np.round(levels) if convention.rounded else levels
    return levels


def luma(levels: Levels) -> Levels:
    """BT.601 luma of colours, range 16 to 235, shape ``(height, width, 1)``."""
    weights = np.array([65.481, 128.553, 24.966]) / 255
    return np.asarray(levels @ weights + 16)[..., np.newaxis]
