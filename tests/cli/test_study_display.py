import io
from pathlib import Path

from rich.console import Console

from dropstudy.cli.study_display import StudyDisplay, draw_grid
from dropstudy.studies.jobs import Event
from dropstudy.studies.progress import survey
from tests.studies.makers import STUDY, plan_study


def _printed(terminal: Console) -> str:
    assert isinstance(terminal.file, io.StringIO)
    return terminal.file.getvalue()


def _console() -> Console:
    return Console(file=io.StringIO(), width=120, highlight=False, soft_wrap=True)


def test_every_arm_has_a_row_and_every_seed_a_column(tmp_path: Path) -> None:
    places = survey(*plan_study(tmp_path))
    console = _console()
    states = ["finished", "epoch", "failed", "waiting"]
    console.print(draw_grid(places, states, [24.456, 23.0, None, None], width=80))

    assert [line.split() for line in _printed(console).splitlines()] == [
        ["arm", "seed", "0", "seed", "1", "mean", "dB"],
        ["none", "24.46", "✓", "✗", "24.46"],
        ["spatial", "23.00", "▸", "·", "23.00"],
    ]


def test_means_are_of_the_seeds_that_every_arm_has(tmp_path: Path) -> None:
    places = survey(*plan_study(tmp_path))
    console = _console()
    console.print(
        draw_grid(places, ["finished"] * 3 + ["waiting"], [24.0, 23.0, 99.0, None], width=80)
    )

    assert [line.split()[-1] for line in _printed(console).splitlines()] == [
        "dB",
        "24.00",
        "23.00",
    ]


def test_seeds_beyond_the_width_are_counted(tmp_path: Path) -> None:
    places = survey(*plan_study(tmp_path, STUDY.replace("seeds: 2", "seeds: 15")))
    console = _console()
    states = ["finished"] * (2 * 9) + ["waiting"] * (2 * 6)
    console.print(draw_grid(places, states, [None] * 30, width=100))

    heading, none, spatial = _printed(console).splitlines()
    assert heading.split()[-6:] == ["6", "and", "8", "more", "mean", "dB"]
    assert none.split() == ["none", *["✓"] * 7, "2", "done"]
    assert spatial.split() == ["spatial", *["✓"] * 7, "2", "done"]


def test_without_a_terminal_each_end_is_a_line(tmp_path: Path) -> None:
    places, console = survey(*plan_study(tmp_path)), _console()
    with StudyDisplay(console) as display:
        display.on_begin(places)
        display.on_event(Event(0, "begun", "runs/a"))
        display.on_event(Event(0, "epoch", "runs/a", 1, 24.456))
        display.on_event(Event(1, "failed", error="no \x1b[31mmemory\nin full elsewhere"))
        display.on_event(Event(0, "finished", "runs/a", 2, 24.5))
        display.on_stop()

    assert _printed(console).splitlines() == [
        "runs        4, of which 0 are done",
        "failed      spatial, seed 0: no \\x1b[31mmemory",
        "finished    none, seed 0  24.50 dB",
        "finishing the steps and saving; once more to leave at once",
    ]
