import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dropstudy.config.architecture import Architecture
from dropstudy.config.dropout import Dropout
from dropstudy.models import build_network

LOAD = """
import json, sys
import keras, numpy as np

folder = sys.argv[1]
images = np.load(f"{folder}/images.npy")
found = {}

network = keras.models.load_model(f"{folder}/builtin.keras")
np.save(f"{folder}/builtin.npy", network(images))
network(images, training=True)
found["imported"] = any(name.startswith("dropstudy") for name in sys.modules)

try:
    keras.models.load_model(f"{folder}/dropblock.keras")
except Exception as error:
    found["unregistered"] = str(error)

import dropstudy.models

network = keras.models.load_model(f"{folder}/dropblock.keras")
np.save(f"{folder}/dropblock.npy", network(images))
layer = network.get_layer("encoder_0_dropout")
found["dropblock"] = [layer.rate, layer.block_size, layer.seed]
print(json.dumps(found))
"""
BUILTIN = {
    "input": {"kind": "gaussian", "rate": 0.1},
    "encoder": {"kind": "spatial", "rate": [0.1, 0.2]},
    "bottleneck": {"kind": "dropout", "rate": 0.3},
    "skip": {"kind": "drop_path", "rate": 0.4},
}
WITH_BLOCKS = {**BUILTIN, "encoder": {"kind": "dropblock", "rate": 0.1, "block_size": 3}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two saved networks, images, and what a new process restored of them."""
    folder = tmp_path_factory.mktemp("saved")
    images = tf.random.stateless_uniform((2, 16, 16, 3), seed=(1, 2))
    np.save(folder / "images.npy", images)
    architecture = Architecture(
        kind="unet", depth=2, filters=4, normalization="group", upsampling="bilinear"
    )
    for name, groups in (("builtin", BUILTIN), ("dropblock", WITH_BLOCKS)):
        dropout = Dropout.model_validate({**groups, "kernel": "keras"})
        network = build_network(architecture, dropout, channels=3, seed=7)
        network.save(folder / f"{name}.keras")
        np.save(folder / f"{name}_expected.npy", network(images))
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (folder / "found.json").write_text(done.stdout.splitlines()[-1], encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["builtin", "dropblock"])
def test_a_saved_network_restores_the_same_pixels_in_another_process(
    folder: Path, name: str
) -> None:
    restored, expected = np.load(folder / f"{name}.npy"), np.load(folder / f"{name}_expected.npy")

    np.testing.assert_allclose(restored, expected, atol=1e-6)


def test_keras_own_dropouts_load_without_dropstudy(folder: Path) -> None:
    assert json.loads((folder / "found.json").read_text())["imported"] is False


def test_dropblock_needs_dropstudy_models_imported_and_then_keeps_its_settings(
    folder: Path,
) -> None:
    found = json.loads((folder / "found.json").read_text())

    assert "DropBlock2D" in found["unregistered"]
    rate, block_size, seed = found["dropblock"]
    assert (rate, block_size) == (0.1, 3)
    assert isinstance(seed, int)
