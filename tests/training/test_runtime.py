from pathlib import Path

import keras
import pytest
import tensorflow as tf

from dropstudy.config.runtime import PrecisionName, Runtime
from dropstudy.errors import RuntimeUnavailableError
from dropstudy.runs.environment import available_cores
from dropstudy.training.runtime import choose_precision, configure_runtime, make_strategy

CPUINFO = Path("/proc/cpuinfo")
WITHOUT_GPU = pytest.mark.skipif(
    bool(tf.config.list_physical_devices("GPU")), reason="this machine has a GPU"
)


@pytest.fixture
def started() -> None:
    """TensorFlow has run an operation, so that its devices and threads stand."""
    tf.constant(1)


@pytest.mark.skipif(not CPUINFO.exists(), reason="only Linux tells its processor's features")
def test_auto_takes_bfloat16_exactly_where_the_processor_multiplies_it() -> None:
    words = set(CPUINFO.read_text().split())
    precision, reason = choose_precision(Runtime(), [])

    if words & {"avx512_bf16", "amx_bf16"}:
        assert precision == "mixed_bfloat16"
        assert "the processor multiplies bfloat16" in reason
        assert any(feature in reason for feature in words & {"avx512_bf16", "amx_bf16"})
    else:
        assert precision == "float32"
        assert "neither AVX512-BF16 nor AMX" in reason


@pytest.mark.parametrize("precision", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_a_precision_that_is_asked_for_is_taken_and_set(
    precision: PrecisionName, started: None
) -> None:
    choice = configure_runtime(Runtime(precision=precision, device="cpu"))

    assert (choice.precision, choice.precision_reason) == (precision, "as configured")
    assert keras.config.dtype_policy().name == precision


def test_what_is_chosen_is_reported(started: None) -> None:
    choice = configure_runtime(Runtime(device="cpu"))

    assert (choice.device, choice.device_names) == ("cpu", ("CPU:0",))
    assert (
        choice.threads
        == available_cores()
        == tf.config.threading.get_intra_op_parallelism_threads()
    )
    assert choice.xla is False


@WITHOUT_GPU
def test_a_gpu_that_is_not_there_is_refused_with_a_remedy() -> None:
    with pytest.raises(
        RuntimeUnavailableError, match=r"runtime\.device: got gpu.*finds none; give cpu or auto"
    ):
        configure_runtime(Runtime(device="gpu"))


@WITHOUT_GPU
def test_auto_falls_back_to_the_cpu(started: None) -> None:
    assert configure_runtime(Runtime()).device == "cpu"


@pytest.mark.parametrize("runtime", [Runtime(threads=available_cores() + 1), Runtime(replicas=2)])
def test_what_cannot_change_once_tensorflow_has_started_is_refused(
    runtime: Runtime, started: None
) -> None:
    configure_runtime(Runtime(device="cpu"))

    with pytest.raises(RuntimeUnavailableError, match="already started with other threads"):
        configure_runtime(runtime.model_copy(update={"device": "cpu"}))


def test_one_device_needs_no_strategy(started: None) -> None:
    strategy = make_strategy(configure_runtime(Runtime(device="cpu")))

    assert strategy.num_replicas_in_sync == 1
    assert not isinstance(strategy, tf.distribute.MirroredStrategy)
