"""What the commands share that compare runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dropstudy.analysis.comparison import Comparison


def compare_named(
    names: Sequence[str],
    runs_dir: Path,
    *,
    group_by: str | None,
    baseline: str | None,
    metric: str,
    margin: float | None,
    target: float | None,
) -> "Comparison":
    """The comparison of runs that are named as on the command line.

    Raises:
        DropstudyError: As `find_run` and `compare`.
    """
    from dropstudy.analysis.comparison import compare
    from dropstudy.runs.store import find_run

    return compare(
        [find_run(name, runs_dir) for name in names],
        group_by=group_by,
        baseline=None if baseline is None else find_run(baseline, runs_dir),
        metric=metric,
        margin=margin,
        target=target,
    )
