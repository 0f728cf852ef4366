from typing import Any, get_args

import keras
import numpy as np
import pytest

from dropstudy.config.training import Training
from dropstudy.training.optimizers import make_optimizer

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "sgd": keras.optimizers.SGD,
}


def _make(precision: Any = "float32", steps: int = 10, **settings: Any) -> Any:
    return make_optimizer(
        Training.model_validate(settings), steps_per_epoch=steps, precision=precision
    )


def _rate_at(optimizer: Any, step: float) -> float:
    optimizer.iterations.assign(int(step))
    return float(keras.ops.convert_to_numpy(optimizer.learning_rate))


def _kinds() -> list[str]:
    members = get_args(Training.model_fields["optimizer"].annotation)
    return [get_args(member.model_fields["kind"].annotation)[0] for member in members]


def _descend(optimizer: Any) -> Any:
    """Where ten steps with gradients of their own take three variables."""
    rng = np.random.default_rng(3)
    variables = [
        keras.Variable(rng.normal(size=shape), dtype="float32")
        for shape in ((), (5,), (3, 3, 2, 4))
    ]
    for _ in range(10):
        gradients = [rng.normal(size=variable.shape).astype("float32") for variable in variables]
        optimizer.apply(gradients, variables)
    slots = [variable for variable in optimizer.variables if variable.shape]
    return np.concatenate([np.ravel(variable.value) for variable in [*variables, *slots]])


@pytest.mark.parametrize("kind", _kinds())
def test_a_kind_is_keras_optimizer_of_that_name(kind: str) -> None:
    assert kind in OPTIMIZERS, f"say in OPTIMIZERS of {__file__} what '{kind}' is in Keras"
    optimizer = _make(optimizer={"kind": kind, "learning_rate": 0.125})

    if kind == "sgd":
        chosen = {"momentum": optimizer.momentum, "nesterov": True}
    else:
        chosen = {"weight_decay": optimizer.weight_decay}
    ours, theirs = (_descend(each) for each in (optimizer, OPTIMIZERS[kind](0.125, **chosen)))
    assert np.ptp(theirs) > 0.5
    np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-5)
    assert _rate_at(optimizer, 0) == _rate_at(optimizer, 1000) == 0.125


def test_settings_of_a_kind_are_handed_on() -> None:
    assert _make(optimizer={"kind": "adamw", "weight_decay": 0.5}).weight_decay == 0.5
    momentous = _make(optimizer={"kind": "sgd", "momentum": 0.75})
    plain = _make(optimizer={"kind": "sgd", "momentum": 0.0})

    assert (momentous.momentum, momentous.nesterov) == (0.75, True)
    assert (plain.momentum, plain.nesterov) == (0.0, False)


def test_cosine_warms_up_from_a_tenth_peaks_and_falls_to_its_final_share() -> None:
    optimizer = _make(
        epochs=4,
        optimizer={"kind": "adam", "learning_rate": 0.5},
        schedule={"kind": "cosine", "warmup_epochs": 1, "final_share": 0.2},
    )

    found = [_rate_at(optimizer, step) for step in (0, 5, 10, 25, 40, 99)]
    # The middle of the fall, 15 steps after its start, is the mean of peak and end.
    np.testing.assert_allclose(found, [0.05, 0.275, 0.5, 0.3, 0.1, 0.1], rtol=1e-5)


def test_cosine_without_warm_up_starts_at_its_peak() -> None:
    optimizer = _make(
        epochs=2, schedule={"kind": "cosine", "warmup_epochs": 0}, optimizer={"kind": "adam"}
    )

    found = [_rate_at(optimizer, step) for step in (0, 5, 10, 15, 20)]
    shares = [(1 + np.cos(np.pi * step / 20)) / 2 for step in (0, 5, 10, 15, 20)]
    np.testing.assert_allclose(found, 1e-3 * np.array(shares), atol=1e-9)


def test_a_part_of_an_epoch_warms_up() -> None:
    optimizer = _make(epochs=2, schedule={"kind": "cosine", "warmup_epochs": 0.5})

    assert _rate_at(optimizer, 5) == pytest.approx(1e-3)
    assert _rate_at(optimizer, 4) < 1e-3 > _rate_at(optimizer, 6)


@pytest.mark.parametrize(("epochs", "steps"), [(1, 1), (1, 4), (2, 3)])
def test_a_warm_up_longer_than_the_training_is_cut_to_fit(epochs: int, steps: int) -> None:
    optimizer = _make(steps=steps, epochs=epochs, schedule={"kind": "cosine", "warmup_epochs": 9})

    rates = [_rate_at(optimizer, step) for step in range(epochs * steps)]
    assert all(0 < rate <= 1.0001e-3 for rate in rates)
    assert rates == sorted(rates)


@pytest.mark.parametrize("size", [0.5, 3.0])
def test_gradients_longer_than_the_norm_are_shortened_together(size: float) -> None:
    optimizer = _make(
        gradient_clip_norm=1.0, optimizer={"kind": "sgd", "learning_rate": 1.0, "momentum": 0.0}
    )
    weights = [keras.Variable([0.0]), keras.Variable([0.0, 0.0])]
    optimizer.build(weights)
    optimizer.apply([np.array([0.6 * size]), np.array([0.8 * size, 0.0])], weights)

    moved = -np.concatenate([weight.numpy() for weight in weights])
    np.testing.assert_allclose(moved, np.array([0.6, 0.8, 0.0]) * min(size, 1.0), rtol=1e-6)


def test_no_clipping_unless_asked() -> None:
    assert _make().global_clipnorm is None


def test_float16_alone_scales_its_losses() -> None:
    scaling = _make("mixed_float16", optimizer={"kind": "sgd", "learning_rate": 0.25})

    assert isinstance(scaling, keras.optimizers.LossScaleOptimizer)
    assert isinstance(scaling.inner_optimizer, keras.optimizers.SGD)
    assert _rate_at(scaling, 0) == 0.25
    for precision in ("float32", "mixed_bfloat16"):
        assert isinstance(_make(precision), keras.optimizers.Adam)


def test_a_scaled_loss_moves_the_weights_as_an_unscaled_one_does() -> None:
    moved = []
    for precision in ("float32", "mixed_float16"):
        optimizer = _make(
            precision, optimizer={"kind": "sgd", "learning_rate": 0.5, "momentum": 0.0}
        )
        weight = keras.Variable([1.0, 2.0])
        optimizer.build([weight])
        slope = float(keras.ops.convert_to_numpy(optimizer.scale_loss(1.0)))
        assert (slope > 1) == (precision == "mixed_float16")
        optimizer.apply([np.array([slope, -slope], dtype=np.float32)], [weight])
        moved.append(weight.numpy())

    np.testing.assert_allclose(moved[0], [0.5, 2.5])
    np.testing.assert_allclose(moved[1], moved[0])
