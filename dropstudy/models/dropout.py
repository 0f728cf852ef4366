"""From a dropout setting to the Keras layer that does it."""

from typing import Any, assert_never

import keras

from dropstudy.config.dropout import DropBlock, DropoutSetting, NoDropout, RatedDropout
from dropstudy.models.dropblock import DropBlock2D
from dropstudy.seeds import derive_seed


def apply_dropout(
    features: Any, setting: DropoutSetting, *, name: str, seed: int, level: int = 0
) -> Any:
    """Puts ``features`` through the dropout that ``setting`` asks for at ``level``.

    At rate 0 there is no layer, whatever the kind: the network is the one without dropout.

    Args:
        features: A symbolic tensor, shape ``(batch, height, width, channels)``.
        setting: Kind and rates.
        name: The layer's name, which also chooses its stream of masks.
        seed: The experiment's seed.
        level: Which of the setting's rates; 0 is the full resolution.
    """
    rate = setting.rate_at(level)
    if isinstance(setting, NoDropout) or rate == 0:
        return features
    return dropout_layer(setting, rate, name=name, seed=derive_seed(seed, "dropout", name))(
        features
    )


def dropout_layer(
    setting: RatedDropout | DropBlock, rate: float, *, name: str, seed: int
) -> keras.layers.Layer:
    """The layer for one place.

    Its mask is a function of ``seed`` and of how many training steps it has made. What drops
    works in float32 in every precision, as Keras draws its chances in the features' own: of
    bfloat16 there are 128 between 0 and 1, and a rate of 0.02 would drop 0.0234.
    """
    match setting.kind:
        case "dropout":
            return keras.layers.Dropout(rate, seed=seed, name=name, dtype="float32")
        case "spatial":
            return keras.layers.SpatialDropout2D(rate, seed=seed, name=name, dtype="float32")
        case "gaussian":
            return keras.layers.GaussianDropout(rate, seed=seed, name=name)
        case "drop_path":
            return keras.layers.Dropout(
                rate, noise_shape=(None, 1, 1, 1), seed=seed, name=name, dtype="float32"
            )
        case "dropblock":
            return DropBlock2D(rate, block_size=setting.block_size, seed=seed, name=name)
        case _:
            assert_never(setting.kind)
