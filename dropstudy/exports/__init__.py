"""Runs in other programs: what a run left behind, written as TensorBoard and MLflow read it."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dropstudy.runs.reading import Run


class Exporter(Protocol):
    """Another program that can show runs."""

    @property
    def hint(self) -> str:
        """How to look at what was exported."""
        ...

    def export(self, run: "Run") -> str:
        """Hands a run over and returns where it is to be found."""
        ...
