"""What the terminal shows while arms take turns."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dropstudy.cli.console import printable

if TYPE_CHECKING:
    from dropstudy.config import Experiment
    from dropstudy.config.timing import Timing
    from dropstudy.runs.timings import TimedArm, Turn


class TimingDisplay:
    """Prints what is timed, and on a terminal a bar; or nothing at all."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        """Shows nothing yet; entering it starts the bar."""
        self._console = console
        self._quiet = quiet
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=console,
            transient=True,
            refresh_per_second=1,  # what draws the bar takes time from what is timed
            redirect_stdout=False,
            redirect_stderr=False,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._progress.add_task("starting TensorFlow", total=None)

    def __enter__(self) -> "TimingDisplay":
        """Starts the bar."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Takes the bar away."""
        self._progress.stop()

    def introduce(
        self,
        source: Path,
        experiment: "Experiment",
        arms: Sequence[str],
        timing: "Timing",
        directory: Path,
    ) -> None:
        """Says what will be timed, and where it is noted."""
        from dropstudy.config.description import describe_task

        self._fact("config", f"{source}: {describe_task(experiment.task)}")
        self._fact("arms", "; ".join(arms))
        self._fact(
            "turns",
            f"{timing.repeats} rounds there and back, {timing.steps} steps a turn after "
            f"{timing.warmup} that do not count",
        )
        self._fact("session", str(directory))

    def on_arm(self, arm: "TimedArm", done: int, total: int) -> None:
        """Moves the bar: another step is compiled."""
        self._progress.update(self._task, description="compiling", completed=done, total=total)

    def on_turn(self, turn: "Turn", done: int, total: int) -> None:
        """Moves the bar: another turn is done."""
        self._progress.update(
            self._task,
            description=f"round {turn.round}: {printable(turn.arm)}",
            completed=done,
            total=total,
        )

    def on_interrupt(self, directory: Path) -> None:
        """Says what there is of a session that is cut off."""
        self._say("[yellow]interrupted[/yellow]; a session is never gone on with")
        if directory.exists():
            self._fact("so far", f"dropstudy timing {directory}")

    def _fact(self, name: str, value: str) -> None:
        self._say(f"[dim]{name:11}[/dim] {escape(printable(value))}")

    def _say(self, text: str) -> None:
        if not self._quiet:
            self._console.print(text)
