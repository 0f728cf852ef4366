"""What the training runs on."""

from typing import Annotated, Literal

from dropstudy.config.setting import Allowed, Count, Setting

PrecisionName = Literal["float32", "mixed_float16", "mixed_bfloat16"]


class Runtime(Setting):
    """Device, precision and threads; nothing here is left to a framework's default."""

    backend: Literal["tensorflow"] = "tensorflow"
    device: Literal["auto", "cpu", "gpu"] = "auto"
    """``auto`` takes the GPUs where there are any."""
    replicas: Count = 1
    """Devices that share each batch (tf.distribute.MirroredStrategy)."""
    gpu_memory: Annotated[
        Literal["grow", "all"] | Count, Allowed("grow, all, or a whole number of MiB from 1 up")
    ] = "grow"
    """Take memory as needed, all at once, or at most this many MiB."""
    precision: Literal["auto", PrecisionName] = "auto"
    """``auto``: mixed_bfloat16 where the processor multiplies it in hardware."""
    xla: bool = False
    """Compile the whole training step with XLA, whose convolutions are slow on a CPU."""
    threads: Count | None = None
    """Threads within one operation; null: one for each core."""
    deterministic: bool = False
    """Refuse operations whose result can differ from run to run."""
