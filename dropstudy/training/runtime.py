"""Decides device, precision, threads and XLA, and says why."""

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from dropstudy.config.runtime import PrecisionName, Runtime
from dropstudy.errors import RuntimeUnavailableError
from dropstudy.runs.environment import BFLOAT16_FLAGS, available_cores, processor_flags

BFLOAT16_COMPUTE_CAPABILITY = 8


@dataclass(frozen=True)
class RuntimeChoice:
    """What a training runs on.

    Attributes:
        device: ``cpu`` or ``gpu``.
        device_names: TensorFlow's names of the devices that share each batch.
        device_models: What the devices are.
        precision: Keras' policy name.
        precision_reason: Why that one.
        xla: Whether the training step is compiled by XLA.
        threads: Threads within one operation.
        deterministic: Whether operations that can vary are refused.
    """

    device: str
    device_names: tuple[str, ...]
    device_models: tuple[str, ...]
    precision: PrecisionName
    precision_reason: str
    xla: bool
    threads: int
    deterministic: bool


def configure_runtime(runtime: Runtime) -> RuntimeChoice:
    """Sets TensorFlow and Keras up for this process.

    Devices and threads can be set once in a process, before TensorFlow's first operation.

    Raises:
        RuntimeUnavailableError: The machine lacks the device, or TensorFlow has already
            started with other threads or devices.
    """
    if keras.backend.backend() != runtime.backend:
        raise RuntimeUnavailableError(
            f"runtime.backend: got {runtime.backend}, but Keras has started with "
            f"{keras.backend.backend()}; set KERAS_BACKEND={runtime.backend}"
        )
    gpus = tf.config.list_physical_devices("GPU")
    if runtime.device == "gpu" and not gpus:
        raise RuntimeUnavailableError(
            "runtime.device: got gpu, but TensorFlow finds none; give cpu or auto, or "
            "install the extra 'gpu' (pip install 'dropstudy[gpu]')"
        )
    uses_gpu = bool(gpus) and runtime.device != "cpu"
    threads = runtime.threads or available_cores()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        names = _set_up_gpus(gpus, runtime) if uses_gpu else _set_up_processors(runtime)
    except RuntimeError as error:
        raise RuntimeUnavailableError(
            f"runtime: TensorFlow has already started with other threads or devices: {error}"
        ) from None
    if runtime.deterministic:
        tf.config.experimental.enable_op_determinism()
    # TensorFlow's default would multiply float32 with the 10 bits of TF32 on newer GPUs.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    used_gpus = gpus[: runtime.replicas] if uses_gpu else []
    precision, reason = choose_precision(runtime, used_gpus)
    keras.config.set_dtype_policy(precision)
    return RuntimeChoice(
        device="gpu" if uses_gpu else "cpu",
        device_names=names,
        device_models=tuple(map(_gpu_model, used_gpus)),
        precision=precision,
        precision_reason=reason,
        xla=runtime.xla,
        threads=threads,
        deterministic=runtime.deterministic,
    )


def choose_precision(runtime: Runtime, gpus: list[Any]) -> tuple[PrecisionName, str]:
    """The precision to train in and the reason for it.

    Args:
        runtime: What the experiment asks for.
        gpus: TensorFlow's physical GPUs that will be used; none for the CPU.
    """
    if runtime.precision != "auto":
        return runtime.precision, "as configured"
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        capabilities = [detail.get("compute_capability", (0, 0)) for detail in details]
        if all(capability[0] >= BFLOAT16_COMPUTE_CAPABILITY for capability in capabilities):
            return "mixed_bfloat16", "the GPU multiplies bfloat16 (compute capability 8 or above)"
        return "float32", "the GPU does not multiply bfloat16"
    found = sorted(processor_flags() & BFLOAT16_FLAGS)
    if found:
        return "mixed_bfloat16", f"the processor multiplies bfloat16 ({', '.join(found)})"
    return "float32", "the processor has neither AVX512-BF16 nor AMX"


def make_strategy(choice: RuntimeChoice) -> tf.distribute.Strategy:
    """How a batch is spread over devices; for a single device, not at all."""
    if len(choice.device_names) == 1:
        return tf.distribute.get_strategy()
    # Without NCCL, which CPUs and mixed machines lack, reductions go through one device.
    reduce = tf.distribute.ReductionToOneDevice() if choice.device == "cpu" else None
    return tf.distribute.MirroredStrategy(list(choice.device_names), cross_device_ops=reduce)


def peak_gpu_memory_bytes(choice: RuntimeChoice) -> int | None:
    """The most memory that TensorFlow has held on the first GPU; None without one."""
    if choice.device != "gpu":
        return None
    return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])


def _set_up_gpus(gpus: list[Any], runtime: Runtime) -> tuple[str, ...]:
    if len(gpus) < runtime.replicas:
        raise RuntimeUnavailableError(
            f"runtime.replicas: got {runtime.replicas}; this machine has {len(gpus)} GPU"
        )
    used = gpus[: runtime.replicas]
    tf.config.set_visible_devices(used, "GPU")
    for gpu in used:
        if runtime.gpu_memory == "grow":
            tf.config.experimental.set_memory_growth(gpu, True)
        elif isinstance(runtime.gpu_memory, int):
            limit = tf.config.LogicalDeviceConfiguration(memory_limit=runtime.gpu_memory)
            tf.config.set_logical_device_configuration(gpu, [limit])
    return tuple(f"GPU:{index}" for index in range(runtime.replicas))


def _set_up_processors(runtime: Runtime) -> tuple[str, ...]:
    if tf.config.list_physical_devices("GPU"):
        tf.config.set_visible_devices([], "GPU")
    if runtime.replicas > 1:
        processor = tf.config.list_physical_devices("CPU")[0]
        parts = [tf.config.LogicalDeviceConfiguration()] * runtime.replicas
        tf.config.set_logical_device_configuration(processor, parts)
    return tuple(f"CPU:{index}" for index in range(runtime.replicas))


def _gpu_model(gpu: Any) -> str:
    details = tf.config.experimental.get_device_details(gpu)
    return str(details.get("device_name", gpu.name))
