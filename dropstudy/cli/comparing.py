"""What the commands share that compare runs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dropstudy.analysis.arms import Arm
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
    on_arms: "Callable[[Sequence[Arm]], None] | None" = None,
) -> "Comparison":
    """The comparison of runs that are named as on the command line.

    Args:
        names: As `find_run` takes them.
        runs_dir: Where runs are looked for by name.
        group_by: As for `compare`, as all that follow.
        baseline: The name of a run.
        metric: As above.
        margin: As above.
        target: As above.
        on_arms: Is told the arms before they are compared, which takes a second.

    Raises:
        DropstudyError: As `find_run` and `compare`.
    """
    from dropstudy.analysis.arms import form_arms
    from dropstudy.analysis.comparison import arrange_arms, compare
    from dropstudy.runs.store import find_run

    runs = [find_run(name, runs_dir) for name in names]
    labels = [arm.label for arm in form_arms(runs, group_by=group_by)]
    is_label = baseline is None or baseline in labels
    reference = baseline if is_label else find_run(str(baseline), runs_dir)
    if on_arms is not None:
        on_arms(arrange_arms(runs, group_by=group_by, baseline=reference))
    return compare(
        runs,
        group_by=group_by,
        baseline=reference,
        metric=metric,
        margin=margin,
        target=target,
    )
