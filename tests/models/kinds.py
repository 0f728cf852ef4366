"""The dropout kinds that a config can name, found by iterating its union."""

from typing import get_args

from dropstudy.config.dropout import DropoutSetting


def _find_kinds() -> tuple[str, ...]:
    members = get_args(get_args(DropoutSetting)[0])
    kinds = [get_args(member.model_fields["kind"].annotation) for member in members]
    return tuple(kind for member in kinds for kind in member if kind != "none")


KINDS = _find_kinds()
