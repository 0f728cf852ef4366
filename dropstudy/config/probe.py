"""What a study asks of each trained network beside its scores."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter

from dropstudy.config.setting import Allowed, Count, Setting
from dropstudy.config.task import AppliedTask

_RESERVED = "variance_shift"
NUMBERS = {
    "unseen": ("psnr", "ssim"),
    "variance_shift": ("mean", "maximum", "behind_dropout", "predicted"),
}
"""What a study can ask of each kind of probe: ``probe.NAME.NUMBER``."""


def _refuse_reserved(name: str) -> str:
    if name == _RESERVED:
        raise ValueError
    return name


ProbeName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$"),
    AfterValidator(_refuse_reserved),
    Allowed(f"1 to 32 letters, digits, '_' or '-', a letter or digit first, not {_RESERVED}"),
]


class Unseen(Setting):
    """How well the network restores the validation images under another task than its own."""

    kind: Literal["unseen"]
    name: ProbeName
    """What the measure is called: ``probe.NAME.psnr`` and ``probe.NAME.ssim``."""
    task: AppliedTask
    """How the images are degraded."""


class VarianceShift(Setting):
    """How far the variance that each batch normalization meets is from the one it learned."""

    kind: Literal["variance_shift"]
    patches: Count = 512
    """Training patches that are looked at, with dropout off."""

    @property
    def name(self) -> str:
        """What the measure is called: ``probe.variance_shift.mean`` and the like."""
        return _RESERVED


ProbeSetting = Annotated[Unseen | VarianceShift, Field(discriminator="kind")]
_PROBES: TypeAdapter[tuple[ProbeSetting, ...]] = TypeAdapter(tuple[ProbeSetting, ...])


def parse_probes(settings: Sequence[Mapping[str, Any]]) -> tuple[ProbeSetting, ...]:
    """The probes that were written as plain data."""
    return _PROBES.validate_json(json.dumps(settings))


def find_probe_fault(metric: str, probes: Sequence[Unseen | VarianceShift]) -> str:
    """What is wrong with ``probe.NAME`` or ``probe.NAME.NUMBER``; empty for nothing.

    Args:
        metric: What is asked for.
        probes: Those of the study.
    """
    _, name, *number = metric.split(".")
    kinds = {probe.name: probe.kind for probe in probes}
    if name not in kinds:
        return f"got {metric}; the study's probes are: {', '.join(kinds) or 'none'}"
    allowed = NUMBERS[kinds[name]]
    if number and number[0] not in allowed:
        return f"got {metric}; give probe.{name}, or after it one of .{', .'.join(allowed)}"
    return ""


def find_repeated_names(probes: Sequence[Unseen | VarianceShift]) -> list[int]:
    """The places of the probes that are called as one before them."""
    names = [probe.name for probe in probes]
    return [number for number, name in enumerate(names) if name in names[:number]]
