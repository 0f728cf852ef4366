"""What the figures were measured on, and how much else ran there meanwhile."""

from math import isnan
from typing import Any

from dropstudy.runs.environment import available_cores, describe_environment

BUSY_SHARE = 0.05
"""Of the cores; where others use more, ratios spread widely, and PyTorch's are unfair to it."""


def describe_machine() -> dict[str, Any]:
    """What ``environment.json`` of a run says, but for its command line."""
    return {key: value for key, value in describe_environment().items() if key != "command"}


def format_machine(machine: dict[str, Any]) -> str:
    """The same in a few lines."""
    packages = machine["packages"]
    versions = [
        f"{name} {packages[name]}" for name in ("dropstudy", "tensorflow", "keras", "numpy")
    ]
    commit = machine["git"] or {"commit": "unknown", "changed": False}
    changed = ", with changes" if commit["changed"] else ""
    return "\n".join(
        (
            f"date       {machine['started']}",
            f"machine    {available_cores()} cores of {machine['processor']} "
            f"({', '.join(machine['processor_features'])}), {machine['platform']}",
            f"versions   Python {machine['python']}, {', '.join(versions)}",
            f"commit     {commit['commit'][:12]}{changed}",
        )
    )


def is_busy(share: float) -> bool:
    """Whether others used too much of the machine for figures that keep; not where unknown."""
    return share > BUSY_SHARE


def format_share(share: float) -> str:
    """How much of the machine others used, and what that means."""
    if isnan(share):
        return "others     unknown what other programs used meanwhile"
    advice = ""
    if is_busy(share):
        advice = (
            ": too much for figures to keep, and verdicts have a question mark.\n"
            "           PyTorch suffers most, as its threads wait actively for one another"
        )
    return f"others     other programs used {share:.0%} of the cores meanwhile{advice}"
