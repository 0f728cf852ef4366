"""How many numbers a network learns, counted without building it."""

from dropstudy.config.architecture import Architecture


def count_parameters(architecture: Architecture, *, channels: int) -> int:
    """The trainable parameters of the network that `dropstudy.models.build_network` builds.

    Args:
        architecture: Kind, depth, filters and blocks.
        channels: Of the image: 3 for RGB, 1 for grey.
    """
    depth = architecture.depth
    filters = [architecture.filters << level for level in range(depth + 1)]
    total = 0
    for level in range(depth + 1):
        total += _block(architecture, filters[level - 1] if level else channels, filters[level])
    for level in range(depth):
        kernel = 4 if architecture.upsampling == "transpose" else 1
        total += (kernel * filters[level + 1] + 1) * filters[level]
        joined = 2 if architecture.has_skip(level) else 1
        total += _block(architecture, joined * filters[level], filters[level])
    return total + (9 * filters[0] + 1) * channels


def _block(architecture: Architecture, given: int, filters: int) -> int:
    convolutions = architecture.convolutions
    total = (9 * given + 1) * filters + (convolutions - 1) * (9 * filters + 1) * filters
    if architecture.normalization != "none":
        total += convolutions * 2 * filters
    if architecture.block == "residual" and given != filters:
        total += (given + 1) * filters
    return total
