"""Rates that change from step to step: the published formulas, and what layers make of them."""

import json
import subprocess
import sys
from math import exp
from typing import Any, get_args

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from pydantic import TypeAdapter
from scipy import stats

from dropstudy.config.architecture import Architecture
from dropstudy.config.dropout import Dropout, DropoutSetting, Kernel, RatedDropout
from dropstudy.config.dropout_schedule import CurriculumDropout, DropoutSchedule
from dropstudy.models import build_network
from dropstudy.models.dropblock import expected_share_dropped
from dropstudy.models.dropout import dropout_layer
from dropstudy.models.schedules import RateSchedule, make_rate_schedule, schedule_rate
from tests.models.kinds import KERNELS, KINDS

TOTAL = 10
RATE = 0.4
BLOCK = 3
SHAPE = (512, 6, 5, 4)
"""As many values as are worth compiling for, but for kinds that draw few words."""
SHARED = {"spatial": (1, 2), "drop_path": (1, 2, 3)}

FACTORS: dict[str, tuple[dict[str, Any], list[float]]] = {
    # By hand: 1 − t/0.4 for t = 0, 0.1, 0.2, 0.3, and 0 from 0.4 on.
    "early": ({"until": 0.4}, [1, 0.75, 0.5, 0.25, *[0] * 7]),
    "late": ({"start": 0.3}, [*[0] * 3, *[1] * 8]),
    "linear": ({}, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]),
    # 1 − exp(−0.5·n): from tables of the exponential.
    "curriculum": (
        {"gamma": 5.0},
        [
            *(0, 0.393469, 0.632121, 0.776870, 0.864665, 0.917915),
            *(0.950213, 0.969803, 0.981684, 0.988891, 0.993262),
        ],
    ),
}
"""What each schedule multiplies the rates by in steps 0 to 10 of 10."""


def _schedule(kind: str, total: int = TOTAL, **options: Any) -> RateSchedule:
    chosen = {"kind": kind, **(options or FACTORS[kind][0])}
    schedule = make_rate_schedule(TypeAdapter(DropoutSchedule).validate_python(chosen), total)
    assert schedule is not None
    return schedule


def _layer(
    kind: str, schedule: RateSchedule | None, *, kernel: Kernel = "fast", rate: float = RATE
) -> keras.layers.Layer:
    options = {"block_size": BLOCK} if kind == "dropblock" else {}
    chosen = {"kind": kind, "rate": rate, **options}
    setting = TypeAdapter(DropoutSetting).validate_python(chosen)
    assert isinstance(setting, RatedDropout)
    return dropout_layer(
        setting, rate, name="encoder_0_dropout", seed=5, kernel=kernel, schedule=schedule
    )


def _steps(layer: keras.layers.Layer, count: int = TOTAL) -> NDArray[np.float32]:
    """What each training step multiplies every value by, in a graph traced once."""
    step = tf.function(lambda: layer(tf.ones(SHAPE), training=True), autograph=False)
    masks = np.stack([step().numpy() for _ in range(count)])
    assert step.experimental_get_tracing_count() == 1
    return masks


def test_every_schedule_of_the_config_has_its_numbers() -> None:
    members = get_args(get_args(DropoutSchedule)[0])
    kinds = {kind for own in members for kind in get_args(own.model_fields["kind"].annotation)}
    assert kinds == {"constant", *FACTORS}


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("kind", FACTORS)
def test_rates_follow_the_published_formulas(kind: str, compiled: bool) -> None:
    schedule = _schedule(kind)
    factor = tf.function(schedule.factor, jit_compile=compiled, autograph=False)
    found = [float(factor(tf.constant(step, tf.int64))) for step in range(TOTAL + 1)]

    expected = FACTORS[kind][1]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert [value == 0 for value in found] == [value == 0 for value in expected]


def test_by_default_they_are_as_published() -> None:
    halves: dict[str, Any] = {"early": {"until": 0.5}, "late": {"start": 0.5}}
    for kind in FACTORS:
        setting: Any = TypeAdapter(DropoutSchedule).validate_python({"kind": kind})
        assert all(getattr(setting, key) == half for key, half in halves.get(kind, {}).items())
    # Morerio 2017: γ = 10/T, so that after a tenth of the training 1 − 1/e is reached.
    curriculum = RateSchedule(CurriculumDropout(kind="curriculum"), 1000)
    assert float(curriculum.factor(tf.constant(100))) == pytest.approx(1 - exp(-1), rel=1e-6)


@pytest.mark.parametrize("share", [0.1, 0.29, 1 / 3, 0.7])
@pytest.mark.parametrize("total", [3, 100, 1000, 123_457])
def test_early_ends_and_late_begins_with_the_first_step_at_the_share(
    share: float, total: int
) -> None:
    first = next(step for step in range(total + 1) if step >= round(share * total, 6))
    early, late = _schedule("early", total, until=share), _schedule("late", total, start=share)

    around = tf.constant([max(first - 1, 0), first], tf.int64)
    assert [float(early.factor(step)) > 0 for step in around] == [True, False]
    assert [float(late.factor(step)) for step in around] == [0, 1]


def test_after_its_end_a_schedule_stays_where_it_was() -> None:
    for kind in FACTORS:
        schedule = _schedule(kind)
        later, end = (float(schedule.factor(tf.constant(step))) for step in (10 * TOTAL, TOTAL))
        assert later == end, kind


def test_a_rate_that_rounds_to_one_stays_below_it() -> None:
    rate = schedule_rate(1 - 1e-12, _schedule("late"), step=tf.constant(9))
    assert float(rate) == 1 - 2.0**-24


def test_constant_rates_have_no_schedule_and_no_other_layer() -> None:
    constant = TypeAdapter(DropoutSchedule).validate_python({"kind": "constant"})
    early = TypeAdapter(DropoutSchedule).validate_python({"kind": "early"})
    assert make_rate_schedule(constant, 10) is None
    assert make_rate_schedule(early, None) is None
    assert schedule_rate(0.3, None, step=tf.constant(4)) == 0.3


@pytest.mark.parametrize("schedule", FACTORS)
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_each_step_drops_at_its_own_rate(kind: str, kernel: Kernel, schedule: str) -> None:
    masks = _steps(_layer(kind, _schedule(schedule), kernel=kernel))

    for mask, factor in zip(masks, FACTORS[schedule][1], strict=False):
        if factor == 0:
            np.testing.assert_array_equal(mask, 1)
        elif kind == "gaussian":
            variance = RATE * factor / (1 - RATE * factor)
            low, high = stats.chi2.interval(1 - 1e-6, mask.size)
            assert low < np.square(mask - 1, dtype=np.float64).sum() / variance < high
        elif kind == "dropblock":
            share = expected_share_dropped(*SHAPE[1:3], RATE * factor, BLOCK)
            shares = (mask == 0).mean(axis=(1, 2))
            assert abs(shares.mean() - share) < 5 * shares.std() / np.sqrt(shares.size)
        else:
            shared = SHARED.get(kind, ())
            units = mask[tuple(slice(1) if axis in shared else slice(None) for axis in range(4))]
            low, high = stats.binom.interval(1 - 1e-6, units.size, RATE * factor)
            assert low <= (units == 0).sum() <= high
            np.testing.assert_allclose(units[units > 0], 1 / (1 - RATE * factor), rtol=1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_at_its_full_rate_a_layer_does_what_one_without_a_schedule_does(
    kind: str, kernel: Kernel
) -> None:
    rate = 0.375  # a float32
    scheduled = _steps(_layer(kind, _schedule("late"), kernel=kernel, rate=rate))
    constant = _steps(_layer(kind, None, kernel=kernel, rate=rate))

    assert np.all(scheduled[:3] == 1)
    # The seed counts on while nothing is dropped, so that the masks are those of the same steps.
    np.testing.assert_allclose(scheduled[3:], constant[3:], rtol=1e-6, atol=1e-6)
    assert np.any(constant[:3] != 1, axis=(1, 2, 3, 4)).all()


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_the_steps_own_mask(kind: str, kernel: Kernel) -> None:
    features = tf.random.stateless_normal((8, 6, 5, 4), seed=(1, 2))
    layer, twin = (_layer(kind, _schedule("linear"), kernel=kernel) for _ in range(2))
    for _ in range(4):
        with tf.GradientTape() as tape:
            tape.watch(features)
            dropped = layer(features, training=True)
        mask = twin(tf.ones((8, 6, 5, 4)), training=True)
        np.testing.assert_allclose(dropped, features * mask, rtol=1e-5)
        np.testing.assert_allclose(tape.gradient(dropped, features), mask, rtol=1e-5)
    assert np.any(mask != 1)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_rate_of_zero_leaves_short_numbers_as_they_are(
    kind: str, kernel: Kernel, dtype: str
) -> None:
    keras.config.set_dtype_policy(dtype)
    features = tf.cast(tf.random.stateless_normal((8, 6, 5, 4), seed=(1, 2)), dtype[6:])
    layer = _layer(kind, _schedule("late"), kernel=kernel)

    kept = tf.cast(layer(features, training=True), "float32")

    np.testing.assert_array_equal(kept, tf.cast(features, "float32"))


@pytest.mark.parametrize("kernel", KERNELS)
def test_inference_is_the_identity_and_takes_no_step(kernel: Kernel) -> None:
    layer = _layer("dropout", _schedule("early"), kernel=kernel)
    ones = tf.ones((2, 6, 5, 4))

    np.testing.assert_array_equal(layer(ones, training=False), ones)
    assert layer.seed_generator.state.numpy().tolist() == [5, 0]


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_layers_count_goes_up_by_one_a_step_with_its_gradient(kernel: Kernel) -> None:
    network = _network(kernel)
    layers = [layer for layer in network.layers if layer.name.endswith("_dropout")]
    assert len(layers) == 6

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def step() -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(network(tf.ones((2, 8, 8, 3)), training=True))
        return tape.gradient(loss, network.trainable_variables)

    for made in range(1, 4):
        step()
        assert {int(layer.seed_generator.state[1]) for layer in layers} == {made}


@pytest.mark.parametrize("kernel", KERNELS)
def test_all_layers_of_a_network_follow_the_schedule(kernel: Kernel) -> None:
    images = tf.random.stateless_uniform((2, 8, 8, 3), seed=(1, 2))
    scheduled, constant = _network(kernel), _network(kernel, total_steps=None)
    [plain] = (build_network(_TINY, Dropout(), channels=3, seed=0),)

    for step in range(4):
        found = scheduled(images, training=True)
        dropped = constant(images, training=True)
        np.testing.assert_allclose(found, plain(images) if step < 2 else dropped, atol=1e-5)
        assert np.abs(dropped - plain(images)).max() > 1e-3


_TINY = Architecture(kind="unet", depth=1, filters=4, convolutions=1, block="residual")


def _network(kernel: Kernel, *, total_steps: int | None = 4) -> keras.Model:
    kinds = ["gaussian", "dropblock", "drop_path", "dropout", "spatial", "dropout"]
    groups = ("input", "encoder", "bottleneck", "decoder", "skip", "head")
    settings = {
        group: {"kind": kind, "rate": 0.375} for group, kind in zip(groups, kinds, strict=True)
    }
    chosen = {**settings, "schedule": {"kind": "late"}, "kernel": kernel}
    dropout = Dropout.model_validate(chosen)
    return build_network(_TINY, dropout, channels=3, seed=0, size=8, total_steps=total_steps)


_ON_REPLICAS = """
import json
import tensorflow as tf
from dropstudy.config.runtime import Runtime
from dropstudy.models.schedules import make_rate_schedule
from dropstudy.config.dropout_schedule import LinearRamp
from dropstudy.models.fast_layers import FastDropout
from dropstudy.training.runtime import configure_runtime, make_strategy

strategy = make_strategy(configure_runtime(Runtime(device="cpu", replicas=2, precision="float32")))
with strategy.scope():
    schedule = make_rate_schedule(LinearRamp(kind="linear"), 4)
    layer = FastDropout(0.5, schedule=schedule, seed=1, name="x")
step = tf.function(lambda: strategy.run(lambda: layer(tf.ones((4, 8, 8, 8)), training=True)))
parts = [strategy.experimental_local_results(step()) for _ in range(4)]
print(json.dumps([[float(tf.reduce_max(part)) for part in step] for step in parts]))
"""


def test_each_replica_makes_the_same_step() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ON_REPLICAS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

    # What is kept is multiplied by 1/(1 − 0.5·n/4).
    expected = [[1.0] * 2, [8 / 7] * 2, [4 / 3] * 2, [8 / 5] * 2]
    np.testing.assert_allclose(json.loads(done.stdout.splitlines()[-1]), expected, rtol=1e-6)
