"""The dropout kinds and kernels that a config can name, found by iterating its types."""

from typing import get_args

from dropstudy.config.dropout import DropoutSetting, Kernel


def _find_kinds() -> tuple[str, ...]:
    members = get_args(get_args(DropoutSetting)[0])
    kinds = [get_args(member.model_fields["kind"].annotation) for member in members]
    return tuple(kind for member in kinds for kind in member if kind != "none")


KINDS = _find_kinds()
KERNELS: tuple[Kernel, ...] = get_args(Kernel)
