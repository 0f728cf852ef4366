from typing import Any

import pytest

from dropstudy.config.architecture import Architecture
from dropstudy.config.dropout import Dropout
from dropstudy.config.parameters import count_parameters
from dropstudy.models import build_network

BUILT: dict[str, dict[str, Any]] = {
    "unet": {"kind": "unet"},
    "autoencoder": {"kind": "autoencoder"},
    "skips": {"kind": "unet", "skips": (1,)},
    "deep": {"kind": "unet", "depth": 4},
    "long": {"kind": "unet", "convolutions": 3},
    "residual": {"kind": "unet", "block": "residual"},
    "batch": {"kind": "autoencoder", "normalization": "batch"},
    "group": {"kind": "unet", "normalization": "group", "block": "residual"},
    "bilinear": {"kind": "unet", "upsampling": "bilinear"},
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("settings", BUILT.values(), ids=BUILT)
def test_as_many_parameters_are_counted_as_keras_trains(
    settings: dict[str, Any], channels: int
) -> None:
    architecture = Architecture(**{"depth": 2, "filters": 3, **settings})
    network = build_network(architecture, Dropout(), channels=channels, seed=0)
    trained = sum(int(weight.shape.num_elements()) for weight in network.trainable_weights)
    assert count_parameters(architecture, channels=channels) == trained
