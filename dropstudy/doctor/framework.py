"""Has TensorFlow tried out in another process, and tells why that ended before its time."""

import json
import os
import platform
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from dropstudy.doctor.finding import Finding
from dropstudy.doctor.installation import find_requirement
from dropstudy.doctor.machine import find_nvidia_driver

TRIAL = "dropstudy.doctor.trial"
TRIED = ("tensorflow", "gpu", "precision", "training", "determinism")
"""What the trial finds out, in its order."""
LONGEST_SECONDS = 180
_ERROR = re.compile(r"^(?:\w+\.)*(\w*(?:Error|Exception|Interrupt)): ?(.*)$", re.M)
_FULL = re.compile(r"ResourceExhausted|MemoryError|OUT_OF_MEMORY|\bOOM\b")


def check_framework(*, longest_seconds: float = LONGEST_SECONDS) -> list[Finding]:
    """Tries out TensorFlow, the devices, the precisions and a training step.

    Args:
        longest_seconds: After which the trial is given up.
    """
    try:
        return _try_out(longest_seconds)
    except OSError as error:
        found = f"cannot be tried for want of a place for temporary files: {error}"
        remedy = "export TMPDIR=DIR, with a DIR on a disk that has space"
        return [Finding(TRIED[0], "fail", found, remedy)]


def explain_end(stage: str, code: int | None, said: str, *, has_gpu: bool) -> tuple[str, str]:
    """What ended a trial before its time, and what to do about it.

    Args:
        stage: What was being tried.
        code: The process's exit code, a signal's number where negative; None for a process
            that did not come to an end.
        said: All that it wrote.
        has_gpu: Whether the system has a GPU that may be at fault.
    """
    wanted = find_requirement("tensorflow")
    if code is None:
        return "no answer in time", "close other programs, and try dropstudy doctor again"
    if code == -signal.SIGILL or "compiled to use" in said:
        return (
            "TensorFlow uses instructions that the processor does not have, such as AVX",
            "use a machine with AVX; in a virtual machine choose the processor type 'host'",
        )
    if code == -getattr(signal, "SIGKILL", 9):
        return "the system killed it, as it does when memory runs out", "end other programs"
    if stage == "tensorflow" and code > 0:
        return _explain_import(said, wanted)
    reason = f"ended by {signal.Signals(-code).name}" if code < 0 else _last_error(said)
    if _FULL.search(said):
        return reason, "end other programs" + (", which nvidia-smi lists" if has_gpu else "")
    if has_gpu:
        return reason, "dropstudy run FILE --set runtime.device=cpu"
    return reason, f"pip install --force-reinstall '{wanted}' '{find_requirement('keras')}'"


def _try_out(longest_seconds: float) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix="dropstudy-", ignore_cleanup_errors=True) as folder:
        file, log = Path(folder, "findings.jsonl"), Path(folder, "log.txt")
        code = _run_trial(file, log, longest_seconds)
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        said = log.read_text(encoding="utf-8", errors="replace")
    findings = [Finding(**json.loads(line)) for line in lines]
    if code == 0:
        return findings
    stage, *missed = TRIED[len(findings) :] or TRIED[-1:]
    has_gpu = bool(find_nvidia_driver().gpus)
    found, remedy = explain_end(stage, code, said, has_gpu=has_gpu)
    found += f" (in full in {_keep(said)})" if said.strip() else ""
    found += f"; {', '.join(missed)} not tried" if missed else ""
    return [*findings, Finding(stage, "fail", found, remedy)]


def _explain_import(said: str, wanted: str) -> tuple[str, str]:
    reason = _last_error(said)
    if re.search(r"No module named '(tensorflow|keras)'", said):
        place = f"Python {platform.python_version()} on {sysconfig.get_platform()}"
        if not platform.libc_ver()[0] and sys.platform == "linux":
            place += " without glibc"
        remedy = f"pip install '{wanted}'; if pip finds none, there is no wheel for {place}"
        return reason, remedy
    if found := re.search(r"GLIBC(?:XX)?_[\d.]+", said):
        has = " ".join(platform.libc_ver())
        return (
            f"the C library is too old ({has}): {found[0]} is needed",
            "use a newer system, or a container of one: docker run -it python:3.12",
        )
    if "numpy" in said.lower() and ("_ARRAY_API" in said or "compiled using NumPy" in said):
        numpy = find_requirement("numpy")
        return reason, f"pip install --force-reinstall '{numpy}' '{wanted}'"
    return reason, f"pip install --force-reinstall '{wanted}'"


def _run_trial(file: Path, log: Path, longest_seconds: float) -> int | None:
    # Not from the working folder, whose files could pass for modules, but as this process has it.
    paths = [path for path in sys.path if path]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "KERAS_BACKEND": "tensorflow",
    }
    with log.open("wb") as stream:
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", TRIAL, str(file)],
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=environment,
                timeout=longest_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
    return done.returncode


def _keep(said: str) -> str:
    """Where a log can be read after the check-up."""
    number, name = tempfile.mkstemp(prefix="dropstudy-doctor-", suffix=".txt")
    with os.fdopen(number, "w", encoding="utf-8") as stream:
        stream.write(said)
    return name


def _last_error(said: str) -> str:
    """The last exception that a log tells of, in a line; its last line if there is none."""
    errors = _ERROR.findall(said)
    if errors:
        kind, text = errors[-1]
        return f"{kind}: {text[:300]}"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it ended without a word"
