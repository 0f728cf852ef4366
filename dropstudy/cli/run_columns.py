"""The columns in which ``dropstudy list`` shows its rows, as text and as data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dropstudy.cli.console import printable
from dropstudy.cli.run_rows import MISSING, STANDARD, Row
from dropstudy.cli.tables import Column
from dropstudy.runs.settings import changed_keys

NONE = "–"
"""What stands where a run has no value."""
LEGEND = (
    "best and last: validation PSNR; gain: of the best over the classical method; "
    "s/epoch: median of the training steps' seconds"
)
_OWN_COLUMNS = ("task", "network", "dropout")
"""The columns that sum settings up, in whose place ``--only-changed`` has the settings."""
_UNCHANGING = ("name", "notes")
"""Settings that are no part of the experiment."""


@dataclass(frozen=True)
class _Style:
    heading: str
    rank: int = 0
    is_text: bool = False
    show: Callable[[Any], str] = printable


def _decibels(value: float) -> str:
    return f"{value:.2f}"


def _gain(value: float) -> str:
    return f"{round(value, 2) + 0.0:+.2f}"  # + 0.0: never -0.00


_STYLES = {
    "run": _Style("run", is_text=True),
    "status": _Style("status", 2, is_text=True),
    "started": _Style(
        "started (UTC)", 8, is_text=True, show=lambda value: printable(value)[:16].replace("T", " ")
    ),
    "task": _Style("task", 7, is_text=True),
    "network": _Style("network", 6, is_text=True),
    "dropout": _Style("dropout", 1, is_text=True),
    "seed": _Style("seed", 4),
    "epochs": _Style("epochs", 5),
    "best.val_psnr": _Style("best dB", show=_decibels),
    "last.val_psnr": _Style("last dB", 10, show=_decibels),
    "test.psnr": _Style("test dB", 6, show=_decibels),
    "gain": _Style("gain dB", 9, show=_gain),
    "median_train_seconds": _Style("s/epoch", 3, show=_decibels),
}


def choose_keys(rows: Sequence[Row], *, only_changed: bool) -> list[str]:
    """The values and settings to show, in the order of the columns.

    Args:
        rows: What is listed.
        only_changed: Every setting that differs between the rows, in place of the few that
            sum a run up.
    """
    keys = [key for key in STANDARD if not (only_changed and key in _OWN_COLUMNS)]
    readable = [row.settings for row in rows if row.settings]
    changed = changed_keys(readable) if only_changed else ["seed"]
    place = keys.index("epochs")
    return keys[:place] + [key for key in changed if key not in _UNCHANGING] + keys[place:]


def build_columns(rows: Sequence[Row], keys: Sequence[str]) -> list[Column]:
    """The columns of a table for people."""
    columns = []
    for key in keys:
        rank = 1 if key.startswith("dropout.") else 7
        style = _STYLES.get(key) or _Style(key, rank, is_text=True, show=show_setting)
        show = _show_epochs if key == "epochs" else _show(key, style)
        columns.append(
            Column(
                style.heading,
                list(map(show, rows)),
                is_text=style.is_text,
                rank=style.rank,
                short_heading=key.partition(".")[2] if key not in _STYLES else "",
            )
        )
    return columns


def write_csv(rows: Sequence[Row], keys: Sequence[str]) -> str:
    """A heading of keys and a line for each row, numbers in full."""
    import csv
    import io

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(keys)
    for row in rows:
        values = (row.get(key) for key in keys)
        writer.writerow(["" if value is MISSING else _as_cell(value) for value in values])
    return stream.getvalue()


def as_objects(rows: Sequence[Row], keys: Sequence[str] | None) -> list[dict[str, Any]]:
    """All values of each row, and those of its settings that are among ``keys``; None: all."""
    return [
        {
            **row.values,
            "directory": str(row.run.directory.path),
            "settings": {
                key: value for key, value in row.settings.items() if keys is None or key in keys
            },
            **({"problem": row.problem} if row.problem else {}),
        }
        for row in rows
    ]


def show_setting(value: Any) -> str:
    """A setting as YAML would have it, a list of rates as ``0.02/0.05``."""
    if isinstance(value, list):
        return "/".join(map(show_setting, value))
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return f"{value:g}" if isinstance(value, float) else printable(value)


def _show(key: str, style: _Style) -> Callable[[Row], str]:
    def show(row: Row) -> str:
        value = row.get(key)
        return NONE if value is MISSING else style.show(value)

    return show


def _show_epochs(row: Row) -> str:
    """Those done, and those meant where they are not the same."""
    done, meant = row.get("epochs"), row.get("training.epochs")
    if done is MISSING:
        return NONE
    return f"{done}" if done == meant or meant is MISSING else f"{done}/{meant}"


def _as_cell(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return show_setting(value) if isinstance(value, list | bool) or value is None else value
