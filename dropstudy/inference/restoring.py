"""Opens a run's trained network and restores images with it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import dropstudy.models  # noqa: F401 - registers the layers that a saved network may have
from dropstudy.config import Experiment
from dropstudy.config.runtime import PrecisionName, Runtime
from dropstudy.errors import RunDirectoryError, RuntimeUnavailableError
from dropstudy.imaging.arrays import Floats
from dropstudy.inference.model_files import check_model_file
from dropstudy.inference.tiling import Tiling, restore_in_tiles
from dropstudy.training.assembly import build_experiment_network
from dropstudy.training.runtime import configure_runtime

_CAUSE = "Exception encountered: "


@dataclass(frozen=True)
class Restorer:
    """A trained network, ready for images of any size.

    Attributes:
        network: From an image to the restored one, both sides multiples of
            ``tiling.multiple``; dropout off.
        tiling: How large images are cut.
        precision: Keras' name of the policy that the network computes in.
        device: ``cpu`` or ``gpu``.
    """

    network: Callable[[Floats], Floats]
    tiling: Tiling
    precision: str
    device: str

    def restore(self, degraded: Floats) -> Floats:
        """Restores one image, shape ``(height, width, channels)``, range about [0, 1].

        Raises:
            RuntimeUnavailableError: The device has too little memory.
        """
        try:
            return restore_in_tiles(degraded, self.network, tiling=self.tiling)
        except tf.errors.ResourceExhaustedError:
            raise RuntimeUnavailableError(
                f"too little memory on the {self.device} for an image of {degraded.shape[1]}×"
                f"{degraded.shape[0]} in tiles of {self.tiling.side or 'any size'}; give a "
                "smaller --tile"
            ) from None


def open_restorer(
    model: Path, experiment: Experiment, *, tiling: Tiling, precision: PrecisionName | None = None
) -> Restorer:
    """Loads the network of a run.

    It runs on one device, a GPU where there is one unless the experiment asks for the CPU.

    Args:
        model: The run's ``model.keras``.
        experiment: What the run trained.
        tiling: How to cut large images.
        precision: What to compute in; None for the precision that the network was trained
            in, which is the one that the run's own scores are of.

    Raises:
        RunDirectoryError: The model is missing, damaged, or not the experiment's.
        RuntimeUnavailableError: TensorFlow has already started in another way.
    """
    wanted = experiment.runtime
    runtime = Runtime(
        backend=wanted.backend,
        device="cpu" if wanted.device == "cpu" else "auto",
        gpu_memory=wanted.gpu_memory,
        precision=precision or wanted.precision,
        deterministic=wanted.deterministic,
    )
    choice = configure_runtime(runtime)
    network = load_network(model, experiment)
    if precision is not None:
        network = _rebuild(network, model, experiment)
    return Restorer(
        network=compile_network(network),
        tiling=tiling,
        precision=_precision_of(network),
        device=choice.device,
    )


def load_network(model: Path, experiment: Experiment) -> keras.Model:
    """The trained network of a run, in the precision that it was trained in.

    Raises:
        RunDirectoryError: The model is missing, damaged, or not the experiment's.
    """
    network = _load(model)
    _check(network, model, experiment)
    return network


def compile_network(network: keras.Model) -> Callable[[Floats], Floats]:
    """The network as a function from image to image, traced once for all sizes."""
    signature = [tf.TensorSpec((1, None, None, network.input_shape[-1]))]

    @tf.function(input_signature=signature, jit_compile=False)
    def infer(degraded: tf.Tensor) -> tf.Tensor:
        return network(degraded, training=False)[0]

    def restore(degraded: Floats) -> Floats:
        restored: Floats = infer(np.asarray(degraded, dtype=np.float32)[np.newaxis]).numpy()
        return restored

    return restore


def _load(model: Path) -> keras.Model:
    check_model_file(model)
    try:
        loaded = keras.models.load_model(model, compile=False, safe_mode=True)
    except Exception as error:  # what Keras may raise of a damaged file has no end
        raise RunDirectoryError(
            f"{model}: cannot be loaded as a Keras model: {_reason(error)[:300]}"
        ) from error
    if not all(np.isfinite(weights).all() for weights in loaded.get_weights()):
        raise RunDirectoryError(f"{model}: damaged: it has weights that are no finite numbers")
    return loaded


def _reason(error: Exception) -> str:
    """The one sentence that says it, where Keras says much."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    said = lines[0]
    if said.startswith("A total of") and len(lines) > 1:  # objects could not be loaded; then: why
        said = lines[1]
    for line in lines:
        said = line.removeprefix(_CAUSE) if line.startswith(_CAUSE) else said
    return said.partition("}} ")[2].partition(". ")[0] or said.partition(". ")[0]


def _check(network: keras.Model, model: Path, experiment: Experiment) -> None:
    channels = experiment.data.channel_count
    wanted = (None, None, None, channels)
    shapes = (getattr(network, "input_shape", None), getattr(network, "output_shape", None))
    if shapes != (wanted, wanted):
        raise RunDirectoryError(
            f"{model}: is a model from {shapes[0]} to {shapes[1]}; the run's config.yaml says "
            f"images of {channels} channel{'s' if channels > 1 else ''} "
            f"(data.channels: {experiment.data.channels}), of any size"
        )


def _rebuild(network: keras.Model, model: Path, experiment: Experiment) -> keras.Model:
    """The same weights in the precision that is Keras' default now."""
    rebuilt = build_experiment_network(experiment)
    try:
        rebuilt.set_weights(network.get_weights())
    except ValueError:
        raise RunDirectoryError(f"{model}: is not the network of the run's config.yaml") from None
    return rebuilt


def _precision_of(network: keras.Model) -> str:
    """The policy of its convolutions; the last one and the addition are float32 in any."""
    policies = [layer.dtype_policy.name for layer in network.layers if layer.weights]
    return next((name for name in policies if name != "float32"), "float32")
