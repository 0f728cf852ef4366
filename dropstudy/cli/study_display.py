"""What the terminal shows of a study: its arms and seeds, and what has become of each."""

from collections.abc import Sequence
from datetime import timedelta
from statistics import fmean
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dropstudy.cli.console import printable
from dropstudy.studies.jobs import ENDS, Event
from dropstudy.studies.progress import Place, State
from dropstudy.studies.time_left import TimeLeft
from dropstudy.studies.timing_sessions import TimingProgress

_SIGNS: dict[str, tuple[str, str]] = {
    "waiting": ("·", "dim"),
    "begun": ("▸", "cyan"),
    "epoch": ("▸", "cyan"),
    "running": ("▸", "cyan"),
    "finished": ("✓", "green"),
    "interrupted": ("‖", "yellow"),
    "unfinished": ("‖", "yellow"),
    "crashed": ("✗", "red"),
    "failed": ("✗", "red"),
}
_SEED_WIDTH = 9
"""Characters of a seed's column; seeds for which there is no room are counted alone."""


class StudyDisplay:
    """Shows a table that changes on a terminal; elsewhere a line for each run that ends."""

    def __init__(self, console: Console, *, workers: int | None = None) -> None:
        """Shows nothing yet.

        Args:
            console: Where to show it.
            workers: How many runs train at a time; None: no one knows beforehand.
        """
        self._workers = workers
        self._console = console
        self._live = Live(console=console, refresh_per_second=2, transient=True)
        self._places: list[Place] = []
        self._states: list[str] = []
        self._values: list[float | None] = []
        self._left: TimeLeft | None = None

    def __enter__(self) -> "StudyDisplay":
        """Starts the table."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Takes the table away; what it last showed is printed by whoever ends the study."""
        self._live.stop()

    def on_timing(self, progress: TimingProgress) -> None:
        """An arm has had a turn."""
        doing = {"compiled": "compiling the arms", "timed": "timing the arms"}[progress.stage]
        words = f"{doing}, {progress.number} of {progress.count}"
        if self._console.is_terminal:
            self._live.update(Text(words, style="dim"))
        elif progress.number == progress.count:
            self._console.print(words)

    def on_begin(self, places: list[Place]) -> None:
        """How far the study has come."""
        self._places = places
        self._states = [place.state for place in places]
        self._values = [place.best_psnr for place in places]
        done = sum(state == "finished" for state in self._states)
        if self._workers is not None:
            self._left = TimeLeft.of_places(places, workers=self._workers)
        if places:
            self._console.print(f"runs        {len(places)}, of which {done} are done")
            self._refresh()

    def on_event(self, event: Event) -> None:
        """Something has become of a run."""
        self._states[event.number] = event.stage
        if event.value is not None:
            self._values[event.number] = event.value
        if self._left is not None:
            self._left.hear(event)
        if event.stage in ENDS:
            self._tell(event)
        self._refresh()

    def on_stop(self) -> None:
        """The study shall end."""
        self._console.print("finishing the steps and saving; once more to leave at once")

    def _tell(self, event: Event) -> None:
        planned = self._places[event.number].planned
        _, style = _SIGNS[event.stage]
        value = self._values[event.number]
        words = f"{planned.arm}, seed {planned.seed}"
        if event.error is not None:
            words += f": {event.error.splitlines()[0]}"
        elif value is not None:
            words += f"  {value:.2f} dB"
        self._console.print(f"[{style}]{event.stage:11}[/{style}] {escape(printable(words))}")

    def _refresh(self) -> None:
        if self._console.is_terminal:
            width = self._console.width
            table = draw_grid(self._places, self._states, self._values, width=width)
            self._live.update(Group(table, Text(self._time_left(), style="dim")))

    def _time_left(self) -> str:
        if self._left is None:
            return ""
        seconds = self._left.seconds()
        if seconds is None:
            return "time left is known after some epochs"
        return f"about {timedelta(seconds=round(seconds))} left"


def draw_grid(
    places: Sequence[Place],
    states: Sequence[str | State],
    values: Sequence[float | None],
    *,
    width: int,
) -> Table:
    """Arms by seeds: what has become of each run, its best PSNR so far, and each arm's mean."""
    seeds = list(dict.fromkeys(place.planned.seed for place in places))
    names = max(len(printable(place.planned.arm)) for place in places)
    room = (width - names - len("  and 99 more  mean dB ")) // _SEED_WIDTH
    shown = seeds[: max(room, 1)]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("arm", no_wrap=True)
    for seed in shown:
        table.add_column(f"seed {seed}", justify="right")
    if len(seeds) > len(shown):
        table.add_column(f"and {len(seeds) - len(shown)} more", justify="right")
    table.add_column("mean dB", justify="right")
    means = _means(places, values)
    best = max((mean for mean in means.values() if mean is not None), default=None)
    for arm in dict.fromkeys(place.planned.arm for place in places):
        row = {
            place.planned.seed: (state, value)
            for place, state, value in zip(places, states, values, strict=True)
            if place.planned.arm == arm
        }
        cells = [_draw_cell(*row[seed]) for seed in shown]
        if len(seeds) > len(shown):
            done = sum(row[seed][0] == "finished" for seed in seeds[len(shown) :])
            cells.append(Text(f"{done} done"))
        mean = means[arm]
        style = "bold" if mean is not None and mean == best else ""
        cells.append(Text("" if mean is None else f"{mean:.2f}", style=style))
        table.add_row(Text(printable(arm)), *cells)
    return table


def _means(places: Sequence[Place], values: Sequence[float | None]) -> dict[str, float | None]:
    """Each arm's mean over the seeds of which every arm has a value; None without such."""
    known: dict[int, dict[str, float]] = {}
    for place, value in zip(places, values, strict=True):
        if value is not None:
            known.setdefault(place.planned.seed, {})[place.planned.arm] = value
    arms = list(dict.fromkeys(place.planned.arm for place in places))
    complete = [seed for seed, own in known.items() if len(own) == len(arms)]
    if not complete:
        return dict.fromkeys(arms)
    return {arm: fmean(known[seed][arm] for seed in complete) for arm in arms}


def _draw_cell(state: str, value: float | None) -> Text:
    sign, style = _SIGNS[state]
    return Text(sign if value is None else f"{value:.2f} {sign}", style=style)
