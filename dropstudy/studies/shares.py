"""What a machine has for processes that train at the same time, and the share of each."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, TypeVar

from dropstudy.config.runtime import Runtime
from dropstudy.errors import StudyError
from dropstudy.runs.environment import RUNS_BESIDE

VISIBLE_GPUS = "CUDA_VISIBLE_DEVICES"
"""The variable that tells CUDA which GPUs a process may use."""
LIST_GPUS = ("nvidia-smi", "-L")
PATIENCE_SECONDS = 20.0
"""A driver that does not answer by then has no GPUs."""
Thing = TypeVar("Thing")
_GPU = re.compile(r"GPU \d+: .*\(UUID: (GPU-[^)\s]+)\)")
_PART = re.compile(r"\s+MIG .*\(UUID: (MIG-[^)\s]+)\)")


@dataclass(frozen=True)
class Share:
    """A part of the machine.

    Attributes:
        cores: Which alone it has; none: all.
        gpus: As ``CUDA_VISIBLE_DEVICES`` calls them; none: as this process has them.
        beside: How many other shares there are.
    """

    cores: tuple[int, ...] = ()
    gpus: tuple[str, ...] = ()
    beside: int = 0

    def start(self, module: str, *, errors: IO[str]) -> "subprocess.Popen[str]":
        """A new process that runs a module on this share; it hears and tells lines of text.

        Args:
            module: Its name; it takes its cores as arguments.
            errors: Where its standard error goes.
        """
        environment = {**os.environ, RUNS_BESIDE: str(self.beside)}
        if self.gpus:
            environment[VISIBLE_GPUS] = ",".join(self.gpus)
        return subprocess.Popen(
            # Not from the working folder, whose files could pass for modules.
            [sys.executable, "-P", "-m", module, *map(str, self.cores)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for the study, which then ends its workers
        )


def share_machine(workers: int, runtimes: Sequence[Runtime]) -> list[Share]:
    """A share of the machine for each of some workers.

    Each has cores of its own and, where there are as many, GPUs of its own. More workers than
    GPUs take turns: the first GPU is also the one of the first worker too many.

    Args:
        workers: How many.
        runtimes: Of all that they may train.

    Raises:
        StudyError: They need more GPUs than there are.
    """
    gpus = find_gpus(runtimes)
    _check_gpus(workers, gpus, runtimes)
    own = _split(gpus, workers) if len(gpus) >= workers else [[gpu] for gpu in gpus]
    return [
        Share(tuple(cores), tuple(own[number % len(own)]) if own else (), workers - 1)
        for number, cores in enumerate(share_cores(workers))
    ]


def share_cores(workers: int) -> list[list[int]]:
    """The cores that this process may use, in that many shares; none where no one can say."""
    if not hasattr(os, "sched_getaffinity"):
        return [[] for _ in range(workers)]
    return _split(sorted(os.sched_getaffinity(0)), workers)


def count_gpu_workers(runtimes: Sequence[Runtime]) -> int:
    """How many runs can train with GPUs of their own; 0 where none is to train on one."""
    return len(find_gpus(runtimes)) // _gpus_of_a_run(runtimes)


def find_gpus(runtimes: Sequence[Runtime]) -> list[str]:
    """What ``CUDA_VISIBLE_DEVICES`` calls each GPU that this process may use.

    None where all that is trained asks for the CPU, and where the driver's own tool is missing
    or fails. A GPU that is cut into parts (MIG) stands for its parts.

    Args:
        runtimes: Of all that is trained.
    """
    chosen = os.environ.get(VISIBLE_GPUS)
    if chosen == "" or all(runtime.device == "cpu" for runtime in runtimes):
        return []
    gpus = _list_gpus()
    if chosen is None:
        return [name for names in gpus for name in names]
    found = []
    for name in map(str.strip, chosen.split(",")):
        if not _is_there(name, gpus):  # CUDA, too, goes no further
            break
        found.append(name)
    return found


def _is_there(name: str, gpus: Sequence[Sequence[str]]) -> bool:
    """Whether a word of ``CUDA_VISIBLE_DEVICES``, a number or how a name begins, is a GPU."""
    if name.isdigit():
        return int(name) < len(gpus)
    return name.startswith(("GPU-", "MIG-")) and any(
        known.startswith(name) for names in gpus for known in names
    )


def _list_gpus() -> list[list[str]]:
    """The names of each GPU's parts, or its own where it is not cut into parts."""
    try:
        done = subprocess.run(
            LIST_GPUS, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    gpus: list[tuple[str, list[str]]] = []
    for line in done.stdout.splitlines():
        if gpu := _GPU.match(line):
            gpus.append((gpu[1], []))
        elif gpus and (part := _PART.match(line)):
            gpus[-1][1].append(part[1])
    return [parts or [name] for name, parts in gpus]


def _gpus_of_a_run(runtimes: Sequence[Runtime]) -> int:
    return max((own.replicas for own in runtimes if own.device != "cpu"), default=1)


def _check_gpus(workers: int, gpus: Sequence[str], runtimes: Sequence[Runtime]) -> None:
    each = _gpus_of_a_run(runtimes)
    if not gpus or workers * each <= len(gpus):
        return
    if each > 1:
        raise StudyError(
            f"--jobs {workers}: runs with runtime.replicas: {each} need {workers * each} GPUs "
            f"at a time; there are {len(gpus)}; give --jobs {max(1, len(gpus) // each)}"
        )
    if any(own.gpu_memory == "all" for own in runtimes):
        raise StudyError(
            f"--jobs {workers}: {len(gpus)} GPUs are there, and with runtime.gpu_memory: all no "
            f"two runs fit on one; give --jobs {len(gpus)}, or gpu_memory: grow"
        )


def _split(things: Sequence[Thing], shares: int) -> list[list[Thing]]:
    """Neighbours stay together, and no share has two more than another."""
    bounds = [len(things) * number // shares for number in range(shares + 1)]
    return [list(things[low:high]) for low, high in pairwise(bounds)]
