"""Cuts an image into overlapping tiles whose restored insides make up the whole again."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dropstudy.config.architecture import Architecture
from dropstudy.errors import ConfigError
from dropstudy.imaging.arrays import Floats

TILE_SIDE = 1024
"""Side of a tile unless told otherwise; a network of 32 filters takes about 0.9 GB for it."""


@dataclass(frozen=True)
class Tiling:
    """How images are cut for one network.

    Attributes:
        side: Longest side that is restored at once, in pixels; None for whole images.
        overlap: Pixels that a tile sees beyond the part that is kept of it.
        multiple: What sides and places of tiles are multiples of, so that the network
            pools the same pixels in a tile as in the whole image.
        is_exact: Whether tiles give what the whole image would; not where the network
            normalises by means over all that it is given.
    """

    side: int | None
    overlap: int
    multiple: int
    is_exact: bool

    def cuts(self, height: int, width: int) -> bool:
        """Whether an image of this size is restored in several tiles."""
        return self.side is not None and max(height, width) > self.side


@dataclass(frozen=True)
class Span:
    """A tile's place along one axis.

    Attributes:
        start: Where the tile starts.
        stop: Where it ends.
        kept_start: Where what is kept of its output starts.
        kept_stop: Where that ends.
    """

    start: int
    stop: int
    kept_start: int
    kept_stop: int


def plan_tiling(architecture: Architecture, side: int | None = None) -> Tiling:
    """The tiling for a network.

    Args:
        architecture: Of the network.
        side: Side of a tile in pixels, cut down to a multiple of
            ``architecture.size_multiple``; 0 to restore every image whole; None for
            TILE_SIDE, or more where the network sees far.

    Raises:
        ConfigError: A tile would hold nothing besides its overlap.
    """
    multiple = architecture.size_multiple
    overlap = -(-reach(architecture) // multiple) * multiple
    least = 2 * overlap + multiple
    if side is None:
        side = max(TILE_SIDE, 2 * least)
    elif side and side < least:
        raise ConfigError(
            f"--tile: got {side}; this network sees {overlap} pixels to each side: give at "
            f"least {least}, or 0 for whole images"
        )
    is_exact = architecture.normalization != "group"
    return Tiling(side // multiple * multiple or None, overlap, multiple, is_exact)


def reach(architecture: Architecture) -> int:
    """How many pixels beyond a square its restoration depends on.

    The square's edges lie on multiples of ``architecture.size_multiple``. Exact: followed
    back from the output through every convolution, upsampling and pooling. The path through
    the bottleneck reaches farthest, and so is the one that counts.
    """
    convolutions = architecture.convolutions
    first, last = -1, architecture.size_multiple  # one beyond, for the last convolution
    for _ in range(architecture.depth):
        first, last = first - convolutions, last + convolutions
        if architecture.upsampling == "transpose":
            first, last = first // 2, last // 2
        else:  # between the centres of two pixels
            first, last = (first - 1) // 2, (last + 1) // 2
    first, last = first - convolutions, last + convolutions
    for _ in range(architecture.depth):
        first, last = 2 * first - convolutions, 2 * last + 1 + convolutions
    return max(-first, last - (architecture.size_multiple - 1))


def restore_in_tiles(
    degraded: Floats, network: Callable[[Floats], Floats], *, tiling: Tiling
) -> Floats:
    """Restores an image of any size.

    Sides that are no multiples are continued by reflection, at the bottom and at the right,
    and cut back afterwards. At the edges of the image a tile ends as the image does.

    Args:
        degraded: Shape ``(height, width, channels)``, at least one pixel.
        network: From an image to one shaped alike.
        tiling: How to cut.
    """
    height, width = degraded.shape[:2]
    margins = [(0, -size % tiling.multiple) for size in (height, width)]
    padded = np.pad(degraded, (*margins, (0, 0)), mode="reflect")
    if not tiling.cuts(height, width):
        return network(padded)[:height, :width]
    restored = np.empty_like(padded)
    rows, columns = (divide_axis(size, tiling) for size in padded.shape[:2])
    for row in rows:
        for column in columns:
            tile = network(padded[row.start : row.stop, column.start : column.stop])
            restored[row.kept_start : row.kept_stop, column.kept_start : column.kept_stop] = tile[
                row.kept_start - row.start : row.kept_stop - row.start,
                column.kept_start - column.start : column.kept_stop - column.start,
            ]
    return restored[:height, :width]


def divide_axis(size: int, tiling: Tiling) -> list[Span]:
    """The tiles along an axis: all of one size, of which each pixel is kept once.

    Args:
        size: The axis' length, a multiple of ``tiling.multiple``.
        tiling: How to cut.
    """
    if tiling.side is None or size <= tiling.side:
        return [Span(0, size, 0, size)]
    spans = [Span(0, tiling.side, 0, tiling.side - tiling.overlap)]
    while spans[-1].kept_stop < size:
        kept_start = spans[-1].kept_stop
        start = min(kept_start - tiling.overlap, size - tiling.side)
        stop = start + tiling.side
        spans.append(Span(start, stop, kept_start, size if stop == size else stop - tiling.overlap))
    return spans
