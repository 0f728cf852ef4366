"""What else differs between arms: every setting and circumstance that could explain a gain."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dropstudy.analysis.arms import CHANGED, Arm, arm_traits, is_within, write_value
from dropstudy.runs.reading import Run
from dropstudy.runs.settings import changed_keys

FACTOR = "dropout"
"""What runs are compared for unless told otherwise."""

KERNEL = "dropout.kernel"
"""What computes dropout: a question by itself, or none."""

UNKNOWN = "unknown"
NEVER = "never"


@dataclass(frozen=True)
class Difference:
    """Something in which runs are not alike.

    Attributes:
        key: A dotted setting, or the name of a circumstance.
        values: What each arm has, in the arms' order; several where its runs differ.
        confounds: Why it could explain what the comparison finds; empty for the setting
            that the runs are compared for.
    """

    key: str
    values: tuple[str, ...]
    confounds: str = ""


def find_differences(arms: Sequence[Arm], *, factor: str = FACTOR) -> list[Difference]:
    """All differences between the runs of ``arms``: the factor's first, then the confounds.

    Args:
        arms: What is compared.
        factor: The section or dotted key whose effect is asked for.
    """
    traits = {id(run): arm_traits(run) for arm in arms for run in arm.runs}
    differences = []
    keys = changed_keys(list(traits.values()))
    asked = [key for key in keys if is_within(key, factor)]
    if len(asked) > 1 and KERNEL in asked:
        asked.remove(KERNEL)
    for key in keys:
        values = tuple(
            _join(
                write_value(own[key]) if key in (own := traits[id(run)]) else "–"
                for run in arm.runs
            )
            for arm in arms
        )
        why = "" if key in asked else _WHY.get(key, "a setting besides what is compared")
        differences.append(Difference(key, values, why))
    circumstances = {id(run): name_circumstances(run) for arm in arms for run in arm.runs}
    for key, why in _explain_circumstances(circumstances.values()).items():
        known = {own[key] for own in circumstances.values() if key in own}
        if len(known) > 1 or (key.startswith("resumed") and known != {NEVER}):
            values = tuple(
                _join(circumstances[id(run)].get(key, UNKNOWN) for run in arm.runs) for arm in arms
            )
            differences.append(Difference(key, values, why))
    return sorted(differences, key=lambda difference: bool(difference.confounds))


def _join(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))


_WHY = {
    "data fingerprint": "other images",
    "degraded images": "scores are of other pixels",
    "epochs finished": "more training by itself restores better",
    "steps per epoch": "more training by itself restores better",
    "status": "a run that did not end by itself may be short of its best",
    CHANGED: "a part of it was trained otherwise",
    "resumed": "seconds and memory are of several processes",
    "resumed elsewhere": "a part of it was trained on another machine, or by other versions",
    "device": "other arithmetic and another speed",
    "processor": "another speed",
    "cores": "another speed",
    "threads": "another speed, and sums in another order",
    "precision": "other arithmetic and another speed",
    "XLA": "other arithmetic and another speed",
    "python": "another version",
    KERNEL: "other arithmetic and another speed",
}


def name_circumstances(run: Run) -> dict[str, str]:
    """What a run ran on and how far it came, in words; ``unknown`` where it was not noted."""
    environment, runtime = run.environment, run.environment.get("runtime") or {}
    devices = runtime.get("device_models") or runtime.get("device_names") or []
    identity = run.baselines.get("identity", {}).get("val_psnr")
    resumes = max(run.result.get("resumes", 0), len(run.resumes))
    elsewhere = sum(bool(resume.differences) for resume in run.resumes)
    known: dict[str, Any] = {
        "data fingerprint": str(environment.get("data_fingerprint") or "")[:12],
        # Their crop depends on the network's depth, too, which the fingerprint cannot know.
        "degraded images": None if identity is None else f"{identity:.4f} dB",
        "epochs finished": len(run.epochs),
        "steps per epoch": run.result.get("steps_per_epoch"),
        "status": run.status,
        "resumed": f"{resumes}×" if resumes else NEVER,
        "resumed elsewhere": f"{elsewhere}×" if elsewhere else NEVER,
        "device": ", ".join(map(str, devices)),
        "processor": environment.get("processor"),
        "cores": environment.get("cores"),
        "threads": runtime.get("threads"),
        "precision": runtime.get("precision"),
        "XLA": None if "xla" not in runtime else write_value(runtime["xla"]),
        "python": environment.get("python"),
    }
    if not run.result:  # as its status says; what it would have noted is no other difference
        del known["degraded images"], known["steps per epoch"]
    packages = environment.get("packages") or {}
    known |= {f"package {name}": version for name, version in packages.items()}
    return {key: UNKNOWN if value in (None, "") else str(value) for key, value in known.items()}


def _explain_circumstances(circumstances: Iterable[dict[str, str]]) -> dict[str, str]:
    names = dict.fromkeys(key for known in circumstances for key in known)
    return {name: _WHY.get(name, "another version") for name in names}
