"""The networks: an encoder and a decoder, with skip connections or without."""

from typing import Any

import keras
from keras import layers

from dropstudy.config.architecture import Architecture
from dropstudy.config.dropout import Dropout, Group
from dropstudy.models.blocks import apply_block, upsample
from dropstudy.models.dropout import apply_dropout
from dropstudy.models.schedules import make_rate_schedule
from dropstudy.seeds import derive_seed


def build_network(
    architecture: Architecture,
    dropout: Dropout,
    *,
    channels: int,
    seed: int,
    size: int | None = None,
    total_steps: int | None = None,
) -> keras.Model:
    """Builds the network that an experiment describes.

    Two networks that differ only in dropout start from identical weights. With a residual
    output the last convolution starts at zero, and so the network at the identity.

    Args:
        architecture: Kind, depth, filters and blocks.
        dropout: What each group of places drops.
        channels: Of the image: 3 for RGB, 1 for grey.
        seed: Of initial weights and of dropout masks.
        size: Side of the square images, in pixels; None: any multiple of
            ``architecture.size_multiple``.
        total_steps: Of the training, by which the dropout's schedule counts; None: the rates
            stay as they are.

    Returns:
        A model from degraded to restored images, both ``(batch, height, width, channels)``;
        the output is float32 whatever the precision.
    """
    schedule = make_rate_schedule(dropout.schedule, total_steps)

    def block(features: Any, group: Group, level: int, name: str) -> Any:
        return apply_block(
            features,
            architecture.filters * 2**level,
            architecture=architecture,
            dropout=getattr(dropout, group),
            kernel=dropout.kernel,
            name=name,
            seed=seed,
            level=0 if group == "bottleneck" else level,
            schedule=schedule,
        )

    def drop(features: Any, group: Group, name: str, level: int = 0) -> Any:
        setting = getattr(dropout, group)
        return apply_dropout(
            features,
            setting,
            name=name,
            seed=seed,
            kernel=dropout.kernel,
            level=level,
            schedule=schedule,
        )

    # Else a user's own keras.json decides them.
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    degraded = keras.Input((size, size, channels), name="degraded")
    features = drop(degraded, "input", "input_dropout")
    skips = []
    for level in range(architecture.depth):
        features = block(features, "encoder", level, f"encoder_{level}")
        skips.append(features)
        features = layers.MaxPooling2D(name=f"encoder_{level}_pool")(features)
    features = block(features, "bottleneck", architecture.depth, "bottleneck")
    for level in reversed(range(architecture.depth)):
        filters = architecture.filters * 2**level
        name = f"decoder_{level}"
        features = upsample(
            features, filters, architecture=architecture, name=f"{name}_up", seed=seed
        )
        if architecture.has_skip(level):
            skip = drop(skips[level], "skip", f"skip_{level}_dropout", level)
            features = layers.Concatenate(name=f"{name}_join")([skip, features])
        features = block(features, "decoder", level, name)
    features = drop(features, "head", "head_dropout")
    restored = layers.Conv2D(
        channels,
        3,
        padding="same",
        kernel_initializer="zeros"
        if architecture.residual
        else keras.initializers.GlorotUniform(seed=derive_seed(seed, "kernel", "head")),
        dtype="float32",
        name="head",
    )(features)
    if architecture.residual:
        restored = layers.Add(dtype="float32", name="residual")([degraded, restored])
    return keras.Model(degraded, restored, name=architecture.kind)
