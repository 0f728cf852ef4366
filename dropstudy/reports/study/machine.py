"""What a study ran on, in sentences."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dropstudy.analysis.study_account import StudyAccount


def describe_machine(account: StudyAccount) -> list[str]:
    """Processor, cores, precision and the like; where runs differ, each value with its number.

    Neither the machine's name nor any path is told.
    """
    known = [_circumstances(own) for own in account.environments]
    names = dict.fromkeys(name for own in known for name in own)
    return [f"{name}: {_write([own[name] for own in known if name in own])}" for name in names]


def _write(values: Sequence[str]) -> str:
    counts = Counter(values)
    if len(counts) == 1:
        return values[0]
    return "; ".join(
        f"{value} ({count} of {len(values)})" for value, count in sorted(counts.items())
    )


def _circumstances(environment: Mapping[str, Any]) -> dict[str, str]:
    runtime = _mapping(environment.get("runtime"))
    git = _mapping(environment.get("git"))
    devices = runtime.get("device_models") or runtime.get("device_names") or ()
    packages = _mapping(environment.get("packages"))
    beside = environment.get("runs_beside")
    known: dict[str, Any] = {
        "processor": environment.get("processor"),
        "cores": environment.get("cores"),
        "threads of a run": runtime.get("threads"),
        "other runs beside it": beside,
        "device": ", ".join(map(str, devices)),
        "precision": runtime.get("precision"),
        "XLA": {True: "on", False: "off"}.get(runtime.get("xla")),  # type: ignore[arg-type]
        "Python": environment.get("python"),
        "packages": ", ".join(f"{name} {version}" for name, version in packages.items()),
        "git commit": git.get("commit"),
        "data fingerprint": str(environment.get("data_fingerprint") or "")[:12],
    }
    return {name: str(value) for name, value in known.items() if value not in (None, "")}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
