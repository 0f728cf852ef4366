from collections.abc import Iterator
from typing import Any, get_args

import keras
import numpy as np
import pytest
import tensorflow as tf

from dropstudy.config.architecture import Architecture
from dropstudy.config.dropout import Dropout
from dropstudy.config.runtime import PrecisionName
from dropstudy.config.training import LossName, Training
from dropstudy.imaging.patches import Batch
from dropstudy.models import build_network
from dropstudy.training.losses import make_loss
from dropstudy.training.optimizers import make_optimizer
from dropstudy.training.steps import TrainStep, make_evaluation, make_train_step
from tests.training.tiny import waves

BATCH = Batch(degraded=1 - waves(4), clean=waves(4))
SGD = {"optimizer": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.0}}


def _network(dropout: dict[str, Any] | None = None, **architecture: Any) -> keras.Model:
    tiny = {"kind": "unet", "depth": 1, "filters": 4, "convolutions": 1}
    return build_network(
        Architecture(**{**tiny, **architecture}),
        Dropout.model_validate(dropout or {}),
        channels=3,
        seed=0,
    )


def _step(
    network: keras.Model,
    *,
    training: dict[str, Any] | None = None,
    loss: LossName = "mse",
    precision: PrecisionName = "float32",
    xla: bool = False,
) -> TrainStep:
    settings = Training.model_validate(training or SGD)
    optimizer = make_optimizer(settings, steps_per_epoch=2, precision=precision)
    optimizer.build(network.trainable_variables)
    return make_train_step(
        network,
        optimizer,
        make_loss(loss, patch_size=16),
        strategy=tf.distribute.get_strategy(),
        xla=xla,
    )


def test_a_step_returns_the_loss_before_it_and_goes_down_its_gradient() -> None:
    network, twin = _network(), _network()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(twin(BATCH.degraded) - BATCH.clean))
    gradients = tape.gradient(loss, twin.trainable_variables)

    assert float(_step(network)(BATCH)) == pytest.approx(float(loss), rel=1e-5)
    for moved, start, gradient in zip(
        network.trainable_variables, twin.trainable_variables, gradients, strict=True
    ):
        np.testing.assert_allclose(moved, start - 0.1 * gradient, atol=1e-6, err_msg=moved.path)


def test_a_step_trains_with_dropout_on_and_evaluation_has_it_off() -> None:
    dropout = {"head": {"kind": "dropout", "rate": 0.9}}
    network, plain = _network(dropout), _network()
    image = BATCH.degraded[0]
    restored, loss = make_evaluation(network, make_loss("mse", patch_size=16))(
        image, BATCH.clean[0]
    )

    expected = np.asarray(plain(image[np.newaxis]))[0]
    np.testing.assert_allclose(restored, expected, atol=1e-6)
    assert loss == pytest.approx(float(np.mean((expected - BATCH.clean[0]) ** 2)), rel=1e-5)
    assert float(_step(network)(BATCH)) != pytest.approx(float(_step(plain)(BATCH)), rel=1e-3)


def test_evaluation_takes_images_of_every_size_and_compiles_once() -> None:
    network = _network()
    traces = []

    def loss(restored: Any, clean: Any) -> Any:
        traces.append(restored.shape)
        return tf.reduce_mean(tf.abs(restored - clean), axis=(1, 2, 3))

    evaluate = make_evaluation(network, loss)
    for height, width in ((16, 16), (8, 24), (32, 16)):
        image = np.full((height, width, 3), 0.5, dtype=np.float32)
        restored, value = evaluate(image, image)
        assert restored.shape == image.shape
        assert value == pytest.approx(float(np.mean(np.abs(restored - image))), rel=1e-5)
    assert len(traces) == 1


def test_evaluation_leaves_weights_and_running_statistics_alone() -> None:
    network = _network({"encoder": {"kind": "dropout", "rate": 0.5}}, normalization="batch")
    before = network.get_weights()
    make_evaluation(network, make_loss("mae", patch_size=16))(BATCH.degraded[0], BATCH.clean[0])

    for weight, start in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, start)


def test_xla_changes_no_result() -> None:
    plain, compiled = (_step(_network(), xla=xla) for xla in (False, True))
    for _ in range(2):
        assert float(compiled(BATCH)) == pytest.approx(float(plain(BATCH)), rel=1e-4)


def _choices(section: type[Any], name: str) -> list[Any]:
    """All that a Literal setting may be."""
    return list(get_args(section.model_fields[name].annotation))


def _variants() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Architectures and steps that together have each choice at least once."""
    names = ("activation", "normalization", "upsampling", "block", "kind")
    choices = {name: _choices(Architecture, name) for name in names}
    losses: list[LossName] = list(get_args(LossName))
    precisions: list[PrecisionName] = list(reversed(get_args(PrecisionName)))
    optimizers = ["sgd", "adam", "adamw"]
    for index in range(max(len(losses), *map(len, choices.values()))):
        architecture = {name: found[index % len(found)] for name, found in choices.items()}
        step = {
            "loss": losses[index % len(losses)],
            "precision": precisions[index % len(precisions)],
            "training": {"optimizer": {"kind": optimizers[index % len(optimizers)]}},
        }
        yield architecture, step


@pytest.mark.parametrize(("architecture", "how"), list(_variants()))
def test_every_choice_of_network_loss_optimizer_and_precision_trains(
    architecture: dict[str, Any], how: dict[str, Any]
) -> None:
    keras.config.set_dtype_policy(how["precision"])
    network = _network(**architecture)
    before = network.get_weights()
    step = _step(network, **how)

    assert np.isfinite(float(step(BATCH)))
    assert all(np.all(np.isfinite(weight)) for weight in network.get_weights())
    assert any(
        np.any(weight != start) for weight, start in zip(network.get_weights(), before, strict=True)
    )


def test_training_lowers_the_loss() -> None:
    step = _step(_network(residual=True), training={"optimizer": {"kind": "adam"}})
    losses = [float(step(BATCH)) for _ in range(30)]

    assert losses[-1] < 0.8 * losses[0]
