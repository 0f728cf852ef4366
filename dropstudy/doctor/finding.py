"""What one check of ``dropstudy doctor`` has found."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One line of a check-up.

    Attributes:
        name: What was looked at.
        status: ``fail`` where a run would not work, ``warn`` where it might not work well.
        found: What was seen, in a line.
        remedy: What to do about it, a command where there is one; None where all is well.
    """

    name: str
    status: Status
    found: str
    remedy: str | None = None
