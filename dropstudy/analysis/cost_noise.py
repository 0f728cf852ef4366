"""What speaks against any verdict on the seconds of two arms."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median, stdev

from dropstudy.analysis.arms import is_within
from dropstudy.analysis.confounds import UNKNOWN, name_circumstances
from dropstudy.analysis.cost import Cost
from dropstudy.runs.reading import Run

_SETTINGS = {
    "batch size": "training.batch_size",
    "patch size": "data.patch_size",
    "device": "runtime.device",
    "processor": "",
    "threads": "runtime.threads",
    "precision": "runtime.precision",
    "XLA": "runtime.xla",
}
"""What decides how long an epoch takes beside the network, and the setting that asks for it."""


def find_noise(
    sides: Sequence[Sequence[Run]],
    *,
    ratio: float,
    costs: Mapping[Path, Cost],
    margin: float,
    factor: str,
) -> str:
    """Why nothing follows from the seconds of two arms; empty where something may.

    Drift counts where more than half of an arm's runs have it: of many runs one drifts by
    chance. Runs of one arm differ in nothing that costs time, so their spread is the noise
    floor of an A/A comparison. Arms that were timed one wholly after the other may differ by
    the hour alone.

    Args:
        sides: The runs of the two arms.
        ratio: Of their seconds.
        costs: Of every run, by its directory.
        margin: Share of the seconds that does not matter.
        factor: The setting whose effect is asked for, and which may differ.
    """
    unlike = _find_unlike([run for runs in sides for run in runs], factor)
    if unlike:
        return f"the runs differ in {unlike}"
    if any(run.environment.get("runs_beside") for runs in sides for run in runs):
        return "other runs of a study were trained beside them on the same machine"
    effect = max(abs(math.log(ratio)), math.log1p(margin))
    measured = [[costs[run.directory.path] for run in runs] for runs in sides]
    largest = max(map(typical_drift, measured), key=lambda value: abs(math.log(value)))
    if abs(math.log(largest)) > effect:
        return f"epochs drifted by {write_change(largest)} within runs, more than the arms differ"
    spread = math.exp(max(map(_spread, measured)))
    if math.log(spread) > effect:
        change = write_change(spread)
        return f"runs of one arm typically differ by {change} among themselves, more than the arms"
    if _is_one_after_the_other(sides):
        return "all runs of one arm were timed before all of the other"
    return ""


def typical_drift(costs: Sequence[Cost]) -> float:
    """Last third over first, the median of an arm's runs; 1 unless most of them drift."""
    if 2 * sum(cost.drifts for cost in costs) <= len(costs):
        return 1.0
    return median(cost.drift.last_to_first_third for cost in costs if cost.drift)


def describe_drift(factor: float) -> str:
    """A sentence on what `typical_drift` found; empty where it found none."""
    if factor == 1:
        return ""
    return f"Its seconds per epoch drifted by {write_change(factor)} from first to last third."


def write_change(factor: float) -> str:
    """A factor as a change: ``+56%``."""
    return f"{factor - 1:+.0%}".replace("-", "−")


def _find_unlike(runs: Sequence[Run], factor: str) -> str:
    circumstances = [_name_conditions(run) for run in runs]
    unlike = []
    for name, key in _SETTINGS.items():
        known = {own[name] for own in circumstances} - {UNKNOWN}
        if len(known) > 1 and not (key and (is_within(key, factor) or is_within(factor, key))):
            unlike.append(name)
    if not unlike and len({own["patches"] for own in circumstances} - {UNKNOWN}) > 1:
        unlike.append("patches per epoch")
    return ", ".join(unlike)


def _name_conditions(run: Run) -> dict[str, str]:
    """What an epoch of the run consisted of, and on what it ran."""
    batch, steps = run.settings["training"].get("batch_size"), run.result.get("steps_per_epoch")
    return {
        **name_circumstances(run),
        "batch size": str(batch),
        "patch size": str(run.settings["data"].get("patch_size")),
        "patches": str(batch * steps) if batch and steps else UNKNOWN,
    }


def _spread(costs: Sequence[Cost]) -> float:
    """Standard deviation of the logarithm of the runs' seconds; 0 for a single run."""
    logs = [math.log(cost.epoch_seconds) for cost in costs if cost.epoch_seconds]
    return stdev(logs) if len(logs) > 1 else 0.0


def _is_one_after_the_other(sides: Sequence[Sequence[Run]]) -> bool:
    """Whether several runs of one arm all started before any of the other did."""
    if any(len(runs) < 2 for runs in sides):
        return False
    first, second = ([run.started for run in runs] for runs in sides)
    if not all([*first, *second]):
        return False
    return max(first) < min(second) or max(second) < min(first)
