"""Whether the machine can train: its processor, its memory, its graphics cards."""

import platform
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from dropstudy.doctor.finding import Finding
from dropstudy.doctor.limits import core_limit, free_memory_bytes
from dropstudy.runs.environment import available_cores, processor_flags, processor_name

LITTLE_MEMORY_BYTES = 2_000_000_000
"""Below this a run of the shipped configs, which takes 1.4 GB, has little to spare."""
LEAST_MEMORY_BYTES = 750_000_000
"""TensorFlow and the smallest of trainings were seen to take 0.72 GB."""
NVIDIA_DRIVER = Path("/proc/driver/nvidia/gpus")


@dataclass(frozen=True)
class Gpu:
    """A GPU as TensorFlow sees it.

    Attributes:
        name: Its model.
        capability: NVIDIA's compute capability, major and minor.
    """

    name: str
    capability: tuple[int, int]


@dataclass(frozen=True)
class NvidiaDriver:
    """What NVIDIA's driver says.

    Attributes:
        gpus: Each one's model, and its memory where that is told.
        problem: Why the driver's own tool fails, if it does.
    """

    gpus: tuple[str, ...] = ()
    problem: str | None = None


def check_machine() -> list[Finding]:
    """Looks at the processor and at the memory."""
    flags = processor_flags() if platform.machine() in ("x86_64", "AMD64") else frozenset()
    processor = judge_processor(
        processor_name(), cores=available_cores(), limit=core_limit(), flags=flags
    )
    free = free_memory_bytes()
    return [processor] if free is None else [processor, judge_memory(free)]


def judge_processor(name: str, *, cores: int, limit: float, flags: Collection[str]) -> Finding:
    """Whether TensorFlow can run on a processor, and has threads that fit it.

    Args:
        name: The processor's own.
        cores: That the process may use.
        limit: How many cores' worth of time it gets.
        flags: Instruction sets of an x86 processor; empty where they are unknown.
    """
    found = f"{name}, {cores} core{'' if cores == 1 else 's'}"
    if flags and "avx" not in flags:
        return Finding(
            "processor",
            "fail",
            f"{found}, without AVX, which TensorFlow's packages need",
            "use a machine with AVX (any of Intel or AMD since 2012); in a virtual machine "
            "choose the processor type 'host'",
        )
    if limit < cores:
        threads = max(1, int(limit))
        return Finding(
            "processor",
            "warn",
            f"{found}, of which the container may use {limit:g}: more threads slow it down",
            f"dropstudy run FILE --set runtime.threads={threads}",
        )
    return Finding("processor", "ok", found)


def judge_memory(free_bytes: int) -> Finding:
    """Whether the memory that is left is enough for a training."""
    found = f"{free_bytes / 1e9:.1f} GB free"
    if free_bytes < LEAST_MEMORY_BYTES:
        return Finding(
            "memory",
            "fail",
            f"{found}; the smallest training takes 0.7 GB",
            "end other programs, or raise the container's limit (docker run --memory 4g)",
        )
    if free_bytes < LITTLE_MEMORY_BYTES:
        return Finding(
            "memory",
            "warn",
            f"{found}; the shipped UNets take 1.4 GB",
            "dropstudy run FILE --set training.batch_size=4",
        )
    return Finding("memory", "ok", found)


def find_nvidia_driver(driver: Path = NVIDIA_DRIVER) -> NvidiaDriver:
    """The GPUs that the system has, whatever TensorFlow makes of them.

    Args:
        driver: Where the driver tells of its GPUs, for want of its tool ``nvidia-smi``.
    """
    words = ("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    except FileNotFoundError:
        files = sorted(driver.glob("*/information"))
        return NvidiaDriver(tuple(_model(file.read_text(errors="replace")) for file in files))
    except (OSError, subprocess.TimeoutExpired) as error:
        return NvidiaDriver(problem=f"nvidia-smi fails: {error}")
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    if any(line.startswith("No devices") for line in lines):
        return NvidiaDriver()
    if done.returncode:
        said = (done.stderr.splitlines() or lines or [f"exit code {done.returncode}"])[0]
        return NvidiaDriver(problem=f"nvidia-smi fails: {said.strip()}")
    return NvidiaDriver(tuple(lines))


def judge_gpus(seen: Sequence[Gpu], driver: NvidiaDriver, *, chosen: str | None) -> Finding:
    """Whether TensorFlow sees the GPUs that the system has.

    Args:
        seen: By TensorFlow.
        driver: What the system has.
        chosen: The environment's ``CUDA_VISIBLE_DEVICES``.
    """
    if seen:
        texts = [
            f"{_with_memory(gpu.name, driver)}, compute capability "
            f"{gpu.capability[0]}.{gpu.capability[1]}"
            for gpu in seen
        ]
        return Finding("gpu", "ok", "; ".join(texts))
    if driver.problem:
        remedy = "install NVIDIA's driver anew and restart, until nvidia-smi lists the GPU"
        return Finding("gpu", "warn", driver.problem, remedy)
    if not driver.gpus:
        return Finding("gpu", "ok", "none; networks train on the processor")
    found = f"TensorFlow sees none, but there is {'; '.join(driver.gpus)}"
    if chosen is not None:
        found += f" (CUDA_VISIBLE_DEVICES is '{chosen}')"
        return Finding("gpu", "warn", found, "unset CUDA_VISIBLE_DEVICES")
    return Finding("gpu", "warn", found, "pip install 'dropstudy[gpu]'")


def _with_memory(name: str, driver: NvidiaDriver) -> str:
    return next((line for line in driver.gpus if line.startswith(f"{name},")), name)


def _model(information: str) -> str:
    lines = (line.partition(":") for line in information.splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == "Model"), "a GPU")
