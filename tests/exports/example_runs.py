"""Run directories made of records, without a training."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

from PIL import Image

from dropstudy.config import dump_experiment, load_experiment
from dropstudy.runs.directory import RunDirectory, write_json, write_text
from dropstudy.runs.reading import Run
from dropstudy.runs.records import (
    EpochRecord,
    ImageRecord,
    RunResult,
    Status,
    append_epoch,
    write_image_records,
    write_result,
)
from tests.config.experiments import CONFIGS

STARTED = "2026-01-02T03:04:05+00:00"
STARTED_SECONDS = 1767323045.0  # date -u -d 2026-01-02T03:04:05 +%s
FORMS = ("restored", "degraded", "classical", "clean")


def example_epoch(epoch: int, **values: Any) -> EpochRecord:
    """An epoch of 6 s, in which no two numbers are alike."""
    kinds = get_type_hints(EpochRecord)
    numbers: dict[str, Any] = {
        field.name: 100 * index + epoch if kinds[field.name] is int else index + epoch / 8
        for index, field in enumerate(fields(EpochRecord))
    }
    seconds = {"train_seconds": 3.0, "val_seconds": 2.0, "other_seconds": 1.0}
    quality = {"val_loss": 1 / epoch, "val_psnr": 24 + epoch / 2, "peak_gpu_memory_bytes": None}
    return EpochRecord(**{**numbers, **seconds, **quality, **values, "epoch": epoch})


def write_run(
    path: Path,
    *,
    config: str = "smoke",
    overrides: Sequence[str] = (),
    epochs: Sequence[EpochRecord] = tuple(map(example_epoch, (1, 2, 3))),
    status: Status | None = "finished",
) -> Run:
    """A run of a shipped config; one that goes on if ``status`` is None."""
    directory = RunDirectory(path)
    directory.final_samples.parent.mkdir(parents=True, exist_ok=True)
    directory.images.mkdir(exist_ok=True)
    experiment = load_experiment(CONFIGS / f"{config}.yaml", overrides)
    write_text(directory.config, dump_experiment(experiment))
    write_json(directory.settings, experiment.model_dump(mode="json"))
    write_json(
        directory.environment,
        {
            "started": STARTED,
            "packages": {"dropstudy": "0.1.0"},
            "git": {"commit": "0123abc", "changed": True},
            "data_fingerprint": "f00d",
        },
    )
    for file in (directory.epochs, directory.epochs_table):
        file.unlink(missing_ok=True)
    for record in epochs:
        append_epoch(directory, record)
    if status is not None:
        _write_end(directory, RunResult(status, epochs=list(epochs)))
    return Run(directory)


def _write_end(directory: RunDirectory, result: RunResult) -> None:
    Image.new("RGB", (12, 9), (10, 20, 30)).save(directory.final_samples)
    directory.model.write_bytes(b"a network")
    files = {form: f"images/validation-000-cat-{form}.png" for form in FORMS}
    for level, file in enumerate(files.values()):
        Image.new("L", (8, 6), level).save(directory.path / file)
    scores = dict.fromkeys((field.name for field in fields(ImageRecord)), 0.5)
    known = {"part": "validation", "image": "cat", "files": files}
    write_image_records(directory, [ImageRecord(**{**scores, **known})])  # type: ignore[arg-type]
    result.baselines = {
        "identity": {"val_psnr": 22.0, "test_psnr": 21.0},
        "classical": {"method": "cubic", "val_psnr": 23.0, "test_psnr": 22.5},
    }
    result.test = {"psnr": 24.25, "ssim": 0.75}
    result.parameters = 1000
    result.total_seconds = 20.0
    write_result(directory, result)
