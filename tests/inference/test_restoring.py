from pathlib import Path

import keras
import numpy as np
import pytest

from dropstudy.config import Experiment
from dropstudy.errors import RunDirectoryError
from dropstudy.inference.restoring import open_restorer
from dropstudy.inference.tiling import plan_tiling
from tests.training.tiny import run, tiny_experiment, waves


def test_a_network_restores_images_of_any_size_alike_whole_and_in_tiles(
    experiment: Experiment, model: Path
) -> None:
    image = waves(1, side=75)[0, :51]
    whole, tiled = (
        open_restorer(model, experiment, tiling=plan_tiling(experiment.architecture, side)).restore(
            image
        )
        for side in (0, 32)
    )
    assert whole.shape == image.shape
    assert whole.dtype == np.float32
    assert np.abs(whole - image).max() > 0.01
    assert np.allclose(tiled, whole, rtol=0, atol=1e-5)


def test_a_network_computes_as_it_was_trained_or_as_told(tmp_path: Path) -> None:
    experiment = tiny_experiment(tmp_path, runtime={"precision": "mixed_bfloat16"})
    model = run(tmp_path, experiment)[1].model
    tiling = plan_tiling(experiment.architecture)
    own = open_restorer(model, experiment, tiling=tiling)
    exact = open_restorer(model, experiment, tiling=tiling, precision="float32")
    assert (own.precision, exact.precision) == ("mixed_bfloat16", "float32")
    image = waves(1)[0]
    difference = np.abs(own.restore(image) - exact.restore(image)).max()
    assert 0 < difference < 0.02  # bfloat16 has 8 bits of mantissa


def test_a_network_with_dropblock_can_be_opened(tmp_path: Path) -> None:
    block = {"kind": "dropblock", "rate": 0.3, "block_size": 3}
    experiment = tiny_experiment(tmp_path, dropout={"bottleneck": block})
    model = run(tmp_path, experiment)[1].model
    restorer = open_restorer(model, experiment, tiling=plan_tiling(experiment.architecture))
    image = waves(1)[0]
    assert np.array_equal(restorer.restore(image), restorer.restore(image))


def test_a_run_trained_on_gpus_can_be_used_without(experiment: Experiment, model: Path) -> None:
    gpus = experiment.runtime.model_copy(update={"device": "gpu", "replicas": 2, "threads": 64})
    moved = experiment.model_copy(update={"runtime": gpus})
    restorer = open_restorer(model, moved, tiling=plan_tiling(moved.architecture))
    assert restorer.restore(waves(1)[0]).shape == (16, 16, 3)


def _open(model: Path, experiment: Experiment) -> None:
    open_restorer(model, experiment, tiling=plan_tiling(experiment.architecture))


def test_a_missing_model_is_named(experiment: Experiment, tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match=r"model\.keras: there is no such file; a run has"):
        _open(tmp_path / "model.keras", experiment)


@pytest.mark.parametrize("kept", [0, 100, 5000])
def test_a_damaged_model_is_named(
    experiment: Experiment, model: Path, tmp_path: Path, kept: int
) -> None:
    damaged = tmp_path / "model.keras"
    damaged.write_bytes(model.read_bytes()[:kept])
    with pytest.raises(RunDirectoryError, match=r"model\.keras: cannot be loaded as a Keras model"):
        _open(damaged, experiment)


def test_a_model_that_would_run_code_of_its_own_is_refused(
    experiment: Experiment, tmp_path: Path
) -> None:
    image = keras.Input((None, None, 3))
    unsafe = keras.Model(image, keras.layers.Lambda(lambda x: x)(image))
    unsafe.save(tmp_path / "model.keras")
    with pytest.raises(
        RunDirectoryError, match=r"model\.keras: refused: it names a Lambda layer, which"
    ):
        _open(tmp_path / "model.keras", experiment)


def test_a_model_for_other_channels_is_refused(
    experiment: Experiment, model: Path, tmp_path: Path
) -> None:
    data = experiment.data.model_copy(update={"channels": "grey"})
    grey = experiment.model_copy(update={"data": data})
    with pytest.raises(RunDirectoryError, match=r"model\.keras: is a model from .*3\).*1 channel "):
        _open(model, grey)


def test_a_model_of_another_architecture_cannot_change_its_precision(
    experiment: Experiment, model: Path
) -> None:
    larger = experiment.architecture.model_copy(update={"filters": 6})
    other = experiment.model_copy(update={"architecture": larger})
    with pytest.raises(RunDirectoryError, match=r"is not the network of the run's config\.yaml"):
        open_restorer(model, other, tiling=plan_tiling(larger), precision="float32")
