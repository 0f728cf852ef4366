"""What there is of a run to hand to another program: settings, numbers, times, pictures."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from dropstudy.runs.reading import Run
from dropstudy.runs.records import EpochRecord
from dropstudy.runs.settings import flatten

Setting = str | int | float | bool | None

_NO_SETTINGS = ("notes", "tags")


class Picture(NamedTuple):
    """A PNG of a run.

    Attributes:
        name: What it shows, such as ``samples/final`` or ``validation_chelsea/restored``.
        epoch: Of which epoch's network.
        file: Where it lies.
    """

    name: str
    epoch: int
    file: Path


def flatten_settings(settings: Mapping[str, Any]) -> dict[str, Setting]:
    """Every setting by its path, such as ``dropout.skip.rate``, but for notes and tags.

    A list is given as its JSON: other programs know single values alone.
    """
    shown = {key: value for key, value in settings.items() if key not in _NO_SETTINGS}
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
        for name, value in flatten(shown).items()
    }


def epoch_values(record: EpochRecord) -> dict[str, float]:
    """The numbers of an epoch by their names in ``epochs.jsonl``, those alone that are finite."""
    return _finite({name: value for name, value in asdict(record).items() if name != "epoch"})


def best_values(run: Run) -> dict[str, float]:
    """The epoch that the best model is of, and its scores."""
    if run.best is None:
        return {}
    names = ("epoch", "val_loss", "val_psnr", "val_ssim", "val_accuracy")
    return _finite({name: getattr(run.best, name) for name in names})


def cost_values(run: Run) -> dict[str, float]:
    """What the run and its network cost, by the names of ``result.json``."""
    names = ("total_seconds", "parameters", "multiply_adds", "draws_per_step")
    costs = {name: run.result.get(name) for name in names}
    return _finite({"median_train_seconds": run.median_train_seconds, **costs})


def final_scores(run: Run) -> dict[str, float]:
    """Scores of the final network on the test images, such as ``psnr``."""
    return _finite(run.test)


def baseline_values(run: Run) -> dict[str, dict[str, float]]:
    """Scores such as ``val_psnr`` of ``identity`` and ``classical``."""
    return {name: _finite(scores) for name, scores in run.baselines.items()}


def final_epoch(run: Run) -> int:
    """The epoch that the network which a run ended with is of; 0 before the first one."""
    return run.final.epoch if run.final else 0


def start_seconds(run: Run) -> float:
    """When a run started, in seconds since 1970."""
    if run.started:
        return datetime.fromisoformat(run.started).timestamp()
    return run.directory.config.stat().st_mtime


def epoch_end_seconds(run: Run) -> dict[int, float]:
    """When each epoch ended, as its start and the epochs' own seconds tell it."""
    ends, now = {}, start_seconds(run)
    for record in run.epochs:
        now += record.total_seconds
        ends[record.epoch] = now
    return ends


def pictures(run: Run) -> Iterator[Picture]:
    """All grids that a run drew, and the whole images that it kept."""
    final = final_epoch(run)
    for record in run.epochs:
        grid = run.directory.epoch_samples(record.epoch)
        if grid.is_file():
            yield Picture("samples/epochs", record.epoch, grid)
    if run.directory.final_samples.is_file():
        yield Picture("samples/final", final, run.directory.final_samples)
    for image in run.images:
        for form in image.files:
            file = run.image_file(image, form)
            if file is not None:
                yield Picture(f"{image.part}_{image.image}/{form}", final, file)


def end_seconds(run: Run) -> float:
    """When a run ended, or its last epoch did."""
    total = run.result.get("total_seconds")
    start = start_seconds(run)
    return start + float(total) if total else max(epoch_end_seconds(run).values(), default=start)


def _finite(values: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }
