"""What a study will still take, as the terminal shows it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from dropstudy.cli.console import console, printable
from dropstudy.cli.quantities import duration, file_size

if TYPE_CHECKING:
    from dropstudy.studies.directory import StudyDirectory
    from dropstudy.studies.plan import Plan
    from dropstudy.studies.progress import Place


def show_estimate(
    plan: "Plan", places: "Sequence[Place]", directory: "StudyDirectory", *, jobs: int
) -> None:
    """Tries some arms out and prints what all of them will take of time and disk."""
    from dropstudy.studies.estimating import estimate

    with console.status("trying out some arms"):
        found = estimate(plan, places, directory, jobs=jobs)
    if not found.arms:
        console.print("\nnothing is left to do")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("arm", no_wrap=True)
    for heading in ("runs left", "ms/step", "s/epoch", "s/run", "disk/run", "as tried"):
        table.add_column(heading, justify="right")
    for arm in found.arms:
        table.add_row(
            escape(printable(arm.name)),
            str(arm.runs),
            f"{1000 * arm.step_seconds:.1f}",
            f"{arm.epoch_seconds:.1f}",
            f"{arm.run_seconds:.0f}",
            file_size(arm.run_bytes),
            "itself" if arm.like == arm.name else escape(printable(arm.like)),
        )
    console.print()
    console.print(table)
    at_a_time = f"{found.jobs} at a time"
    timing = f", {duration(found.timing_seconds)} of it to time the arms" * bool(
        found.timing_seconds
    )
    most = "at most " * (plan.study.looks > 1)
    console.print(
        f"\n[bold]{most}about {duration(found.seconds)}[/bold] with {at_a_time}{timing}; "
        f"{file_size(found.disk_bytes)} of disk, {file_size(found.free_bytes)} are free"
    )
    if not found.fits:
        console.print("[red]the disk has no room for it[/red]")
