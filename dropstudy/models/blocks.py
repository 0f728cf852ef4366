"""What both kinds of network are built from."""

from typing import Any, assert_never

import keras
from keras import layers

from dropstudy.config.architecture import Architecture
from dropstudy.config.dropout import DropoutSetting, Kernel, NoDropout
from dropstudy.models.dropout import apply_dropout, can_activate
from dropstudy.models.schedules import RateSchedule
from dropstudy.seeds import derive_seed

LARGEST_GROUP_COUNT = 8


def apply_block(
    features: Any,
    filters: int,
    *,
    architecture: Architecture,
    dropout: DropoutSetting,
    kernel: Kernel,
    name: str,
    seed: int,
    level: int,
    schedule: RateSchedule | None = None,
) -> Any:
    """A block: some convolutions, with dropout after the first.

    Dropout stands inside the block, so that what an encoder block hands to its skip
    connection is touched by the group ``skip`` alone. ``drop_path`` drops the whole
    branch beside a residual block's shortcut.

    Args:
        features: A symbolic tensor, shape ``(batch, height, width, channels)``.
        filters: Feature maps that come out.
        architecture: Convolutions, activation, normalization, order.
        dropout: The group's setting.
        kernel: What computes it and the activations; the fast one does both in one pass
            where the dropout follows right after.
        name: The block's name, such as ``encoder_0``.
        seed: The experiment's seed.
        level: Which of the group's rates; 0 is the full resolution.
        schedule: How the dropout's rates change from step to step; None: they do not.
    """
    on_branch = dropout.kind == "drop_path"
    shortcut = features
    for index in range(architecture.convolutions):
        features = _convolve(features, filters, 3, name=f"{name}_conv_{index}", seed=seed)
        here = dropout if index == 0 and not on_branch else NoDropout()
        is_fused = _dropout_follows(architecture) and can_activate(here, kernel=kernel, level=level)
        for stage in architecture.order:
            match stage:
                case "normalization":
                    features = _normalize(features, architecture, name=f"{name}_norm_{index}")
                case "activation" if is_fused:
                    pass
                case "activation":
                    label = f"{name}_{architecture.activation}_{index}"
                    features = _activate(
                        features, architecture.activation, kernel=kernel, name=label
                    )
                case "dropout":
                    features = apply_dropout(
                        features,
                        here,
                        name=f"{name}_dropout",
                        seed=seed,
                        kernel=kernel,
                        level=level,
                        activation=architecture.activation if is_fused else None,
                        schedule=schedule,
                    )
                case _:
                    assert_never(stage)
    if architecture.block == "plain":
        return features
    if on_branch:
        features = apply_dropout(
            features,
            dropout,
            name=f"{name}_dropout",
            seed=seed,
            kernel=kernel,
            level=level,
            schedule=schedule,
        )
    if shortcut.shape[-1] != filters:
        shortcut = _convolve(shortcut, filters, 1, name=f"{name}_shortcut", seed=seed)
    return layers.Add(name=f"{name}_add")([shortcut, features])


def upsample(
    features: Any, filters: int, *, architecture: Architecture, name: str, seed: int
) -> Any:
    """Doubles height and width and leaves ``filters`` feature maps."""
    match architecture.upsampling:
        case "transpose":
            return layers.Conv2DTranspose(
                filters, 2, strides=2, kernel_initializer=_initializer(name, seed), name=name
            )(features)
        case "bilinear":
            features = layers.UpSampling2D(2, interpolation="bilinear", name=f"{name}_resize")(
                features
            )
            return _convolve(features, filters, 1, name=name, seed=seed)
        case _:
            assert_never(architecture.upsampling)


def _dropout_follows(architecture: Architecture) -> bool:
    """Whether dropout comes right after the activation."""
    order = architecture.order
    return order.index("dropout") == order.index("activation") + 1


def _convolve(features: Any, filters: int, side: int, *, name: str, seed: int) -> Any:
    return layers.Conv2D(
        filters,
        side,
        padding="same",
        kernel_initializer=_initializer(name, seed),
        name=name,
    )(features)


def _initializer(name: str, seed: int) -> keras.initializers.Initializer:
    """He 2015, from a stream of the layer's own: no other layer can shift it."""
    return keras.initializers.HeNormal(seed=derive_seed(seed, "kernel", name))


def _activate(features: Any, activation: str, *, kernel: Kernel, name: str) -> Any:
    if kernel == "fast" and activation == "leaky_relu":
        from dropstudy.models.fast_layers import FastLeakyRelu

        return FastLeakyRelu(name=name)(features)
    return layers.Activation(activation, name=name)(features)


def _normalize(features: Any, architecture: Architecture, *, name: str) -> Any:
    match architecture.normalization:
        case "none":
            return features
        case "batch":
            return layers.BatchNormalization(name=name)(features)
        case "group":
            channels = features.shape[-1]
            groups = next(n for n in range(LARGEST_GROUP_COUNT, 0, -1) if channels % n == 0)
            return layers.GroupNormalization(groups, name=name)(features)
        case _:
            assert_never(architecture.normalization)
