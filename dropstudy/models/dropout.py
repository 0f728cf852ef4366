"""From a dropout setting to the Keras layer that does it."""

from typing import TYPE_CHECKING, Any, assert_never

import keras

from dropstudy.config.dropout import (
    DropBlock,
    DropoutSetting,
    Kernel,
    NoDropout,
    RatedDropout,
)
from dropstudy.models.dropblock import DropBlock2D
from dropstudy.models.scheduled_layers import ScheduledDropout
from dropstudy.models.schedules import RateSchedule
from dropstudy.seeds import derive_seed

if TYPE_CHECKING:
    from dropstudy.models.kernels import Noise


def apply_dropout(
    features: Any,
    setting: DropoutSetting,
    *,
    name: str,
    seed: int,
    kernel: Kernel,
    level: int = 0,
    activation: str | None = None,
    schedule: RateSchedule | None = None,
) -> Any:
    """Puts ``features`` through the dropout that ``setting`` asks for at ``level``.

    At rate 0 there is no layer, whatever the kind: the network is the one without dropout.

    Args:
        features: A symbolic tensor, shape ``(batch, height, width, channels)``.
        setting: Kind and rates.
        name: The layer's name, which also chooses its stream of masks.
        seed: The experiment's seed.
        kernel: What does the arithmetic.
        level: Which of the setting's rates; 0 is the full resolution.
        activation: What the layer does to the features first; only where ``can_activate``.
        schedule: How the rate changes from step to step; None: it does not.
    """
    rate = setting.rate_at(level)
    if isinstance(setting, NoDropout) or rate == 0:
        return features
    own_seed = derive_seed(seed, "dropout", name)
    layer = dropout_layer(
        setting,
        rate,
        name=name,
        seed=own_seed,
        kernel=kernel,
        activation=activation,
        schedule=schedule,
    )
    return layer(features)


def dropout_layer(
    setting: RatedDropout | DropBlock,
    rate: float,
    *,
    name: str,
    seed: int,
    kernel: Kernel,
    activation: str | None = None,
    schedule: RateSchedule | None = None,
) -> keras.layers.Layer:
    """The layer for one place; its mask is a function of ``seed`` and of its training steps.

    Args:
        setting: Its kind, and what else that has.
        rate: At this place.
        name: The layer's name.
        seed: Of the layer's stream of masks.
        kernel: ``fast``: our own; ``keras``: Keras' layers, without an activation.
        activation: What the layer does first; only where ``can_activate``.
        schedule: How the rate changes from step to step; None: it does not.
    """
    if kernel == "fast":
        return _fast_layer(
            setting, rate, name=name, seed=seed, activation=activation, schedule=schedule
        )
    if schedule is not None:
        return _scheduled_layer(setting, rate, name=name, seed=seed, schedule=schedule)
    return _reference_layer(setting, rate, name=name, seed=seed)


def can_activate(setting: DropoutSetting, *, kernel: Kernel, level: int) -> bool:
    """Whether the dropout's layer can do the activation before it in the same pass."""
    return kernel == "fast" and setting.kind != "dropblock" and setting.rate_at(level) > 0


def _fast_layer(
    setting: RatedDropout | DropBlock,
    rate: float,
    *,
    name: str,
    seed: int,
    activation: str | None,
    schedule: RateSchedule | None,
) -> keras.layers.Layer:
    # TensorFlow's alone: another backend can run the reference.
    from dropstudy.models.fast_layers import FastDropBlock2D, FastDropout

    def multiply(noise: "Noise", *shared_axes: int) -> keras.layers.Layer:
        return FastDropout(
            rate,
            noise=noise,
            shared_axes=shared_axes,
            activation=activation,
            schedule=schedule,
            seed=seed,
            name=name,
        )

    match setting.kind:
        case "dropout":
            return multiply("bernoulli")
        case "spatial":
            return multiply("bernoulli", 1, 2)
        case "gaussian":
            return multiply("gaussian")
        case "drop_path":
            return multiply("bernoulli", 1, 2, 3)
        case "dropblock":
            return FastDropBlock2D(
                rate, block_size=setting.block_size, schedule=schedule, seed=seed, name=name
            )
        case _:
            assert_never(setting.kind)


def _scheduled_layer(
    setting: RatedDropout | DropBlock,
    rate: float,
    *,
    name: str,
    seed: int,
    schedule: RateSchedule,
) -> keras.layers.Layer:
    """The reference where the rate changes, which that of Keras' layers cannot."""

    def multiply(*shared_axes: int, gaussian: bool = False) -> keras.layers.Layer:
        return ScheduledDropout(
            rate,
            schedule=schedule,
            gaussian=gaussian,
            shared_axes=shared_axes,
            seed=seed,
            name=name,
        )

    match setting.kind:
        case "dropout":
            return multiply()
        case "spatial":
            return multiply(1, 2)
        case "gaussian":
            return multiply(gaussian=True)
        case "drop_path":
            return multiply(1, 2, 3)
        case "dropblock":
            return DropBlock2D(
                rate, block_size=setting.block_size, schedule=schedule, seed=seed, name=name
            )
        case _:
            assert_never(setting.kind)


def _reference_layer(
    setting: RatedDropout | DropBlock, rate: float, *, name: str, seed: int
) -> keras.layers.Layer:
    """Works in float32 in every precision, as Keras draws its chances in the features' own.

    Of bfloat16 there are 128 between 0 and 1, and a rate of 0.02 would drop 0.0234.
    """
    match setting.kind:
        case "dropout":
            return keras.layers.Dropout(rate, seed=seed, name=name, dtype="float32")
        case "spatial":
            return keras.layers.SpatialDropout2D(rate, seed=seed, name=name, dtype="float32")
        case "gaussian":
            return keras.layers.GaussianDropout(rate, seed=seed, name=name, dtype="float32")
        case "drop_path":
            return keras.layers.Dropout(
                rate, noise_shape=(None, 1, 1, 1), seed=seed, name=name, dtype="float32"
            )
        case "dropblock":
            return DropBlock2D(rate, block_size=setting.block_size, seed=seed, name=name)
        case _:
            assert_never(setting.kind)
