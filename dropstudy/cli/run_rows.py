"""What ``dropstudy list`` knows of each run, found by one key for everything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.reading import Run
from dropstudy.runs.records import EpochRecord
from dropstudy.runs.settings import describe_schedule, describe_task, flatten

DAMAGED: Final = "damaged"
MISSING: Final = object()
"""What a run has under a key that it lacks."""
STANDARD = (
    *("run", "status", "started", "task", "network", "dropout", "epochs", "best.val_psnr"),
    *("last.val_psnr", "test.psnr", "gain", "median_train_seconds"),
)
"""The keys that a run has once it got so far, in the order of the table."""
_SUMS = (
    "total_seconds",
    "parameters",
    "multiply_adds",
    "steps_per_epoch",
    "draws_per_step",
    "resumes",
    "monitor",
    "error",
)


@dataclass(frozen=True)
class Row:
    """One run of the list.

    Attributes:
        run: The run.
        settings: Its experiment by dotted keys.
        values: All else that is known of it, such as ``status`` and ``best.val_psnr``.
        problem: Why it cannot be read; empty where it can.
    """

    run: Run
    settings: Mapping[str, Any]
    values: Mapping[str, Any]
    problem: str = ""

    def get(self, key: str) -> Any:
        """The value or setting under ``key``; ``val_psnr`` alone is the best epoch's."""
        for known, name in (
            (self.values, key),
            (self.settings, key),
            (self.values, f"best.{key}"),
        ):
            if name in known:
                return known[name]
        return MISSING


def read_row(run: Run) -> Row:
    """Reads a run; one that is damaged has its name and the status ``damaged`` alone."""
    try:
        settings = flatten(run.settings)
        return Row(run, settings, _read_values(run, settings))
    except RunDirectoryError as error:
        return Row(run, {}, {"run": run.name, "status": DAMAGED}, str(error))


def known_keys(rows: Sequence[Row]) -> list[str]:
    """Every key that ``Row.get`` finds something under in one of the rows."""
    keys: dict[str, None] = dict.fromkeys(STANDARD)
    for row in rows:
        keys.update(dict.fromkeys(row.values))
        keys.update(dict.fromkeys(row.settings))
    short = (key.removeprefix("best.") for key in keys if key.startswith("best."))
    return list(dict.fromkeys([*keys, *short]))


def describe_network(settings: Mapping[str, Any]) -> str:
    """Kind and size, from settings with dotted keys: ``unet, 16 filters, depth 3``."""
    kind, filters, depth = (
        settings.get(f"architecture.{key}", "?") for key in ("kind", "filters", "depth")
    )
    return f"{kind}, {filters} filters, depth {depth}"


def describe_dropout(settings: Mapping[str, Any]) -> str:
    """Kinds, groups and rates, from settings with dotted keys: ``spatial: input 0.1, skip 0.2``.

    Where rates change as the training goes on, how is told last: ``early until 0.5``.
    """
    groups: dict[str, list[str]] = {}
    for key, rate in settings.items():
        if not (key.startswith("dropout.") and key.endswith(".rate")):
            continue
        group = key.removeprefix("dropout.").removesuffix(".rate")
        kind = settings.get(f"dropout.{group}.kind", "?")
        rates = rate if isinstance(rate, list) else [rate]
        if any(rates):
            groups.setdefault(str(kind), []).append(f"{group} {'/'.join(map(_number, rates))}")
    if not groups:
        return "none"
    parts = [f"{kind}: {', '.join(rated)}" for kind, rated in groups.items()]
    return "; ".join(filter(None, [*parts, describe_schedule(settings)]))


def _read_values(run: Run, settings: Mapping[str, Any]) -> dict[str, Any]:
    best, last, baselines = run.best, run.last, run.baselines
    classical = baselines.get("classical", {}).get("val_psnr")
    gain = best.val_psnr - classical if best and classical is not None else None
    values = {
        "run": run.name,
        "status": run.status,
        "started": run.started or None,
        "task": describe_task(run.settings["task"]),
        "network": describe_network(settings),
        "dropout": describe_dropout(settings),
        "epochs": last.epoch if last else 0,
        "median_train_seconds": run.median_train_seconds,
        "gain": gain,
        "best": _as_mapping(best),
        "last": _as_mapping(last),
        "test": run.test,
        "baselines": baselines,
        **{key: run.result.get(key) for key in _SUMS},
    }
    return {key: value for key, value in flatten(values).items() if value is not None}


def _as_mapping(record: EpochRecord | None) -> dict[str, Any]:
    return dict(vars(record)) if record else {}


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
