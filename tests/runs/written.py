"""Run directories as runs leave them, written without any training."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

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

ENVIRONMENT: dict[str, Any] = {
    "started": "2026-01-02T03:04:05+00:00",
    "command": ["/opt/venv/bin/dropstudy", "run", "smoke.yaml"],
    "python": "3.11.7",
    "packages": {"dropstudy": "0.1.0", "keras": "3.15.1", "jax": None},
    "processor": "A processor",
    "cores": 2,
    "git": {"commit": "1af46a8c8ed5aaae6ef77c514090d5b2bf0914f3", "changed": True},
    "runtime": {
        "device": "cpu",
        "device_names": ["CPU:0"],
        "device_models": [],
        "precision": "float32",
        "precision_reason": "as asked",
        "xla": False,
        "threads": 2,
    },
    "data_fingerprint": "c62fb7b3bc12d27870fff6d3cdf33725afd50e956708110856f5f21d88d4c9ab",
    "pictures": {"training": ["a", "b"], "validation": ["c"], "test": ["d"]},
}
BASELINES: dict[str, dict[str, Any]] = {
    "identity": {"val_psnr": 22.0, "val_ssim": 0.6, "test_psnr": 21.0, "test_ssim": 0.5},
    "classical": {
        "method": "cubic",
        "val_psnr": 24.5,
        "val_ssim": 0.7,
        "test_psnr": 23.5,
        "test_ssim": 0.65,
    },
}


def epoch_record(epoch: int, **values: Any) -> EpochRecord:
    """An epoch whose loss falls and whose PSNR rises by 0.5 dB from 24 dB."""
    record = EpochRecord(
        epoch=epoch,
        train_loss=0.08 / epoch,
        val_loss=0.1 / epoch,
        val_psnr=23.5 + epoch / 2,
        val_ssim=0.7,
        val_accuracy=0.6,
        train_eval_loss=0.07 / epoch,
        train_eval_psnr=24 + epoch / 2,
        psnr_gap=0.5,
        train_seconds=9.0 if epoch == 1 else 2.0 + epoch / 100,
        val_seconds=0.25,
        other_seconds=0.125,
        first_step_seconds=7.0 if epoch == 1 else 0.02,
        wait_seconds=0.01,
        step_seconds=0.02,
        images_per_second=800.0,
        learning_rate=0.003,
        peak_memory_bytes=750_010_368,
        peak_gpu_memory_bytes=None,
    )
    return replace(record, **values)


def image_record(image: str = "coffee", **values: Any) -> ImageRecord:
    """A validation image that was not saved."""
    record = ImageRecord(
        part="validation",
        image=image,
        psnr=25.0,
        ssim=0.7,
        accuracy=0.6,
        identity_psnr=22.0,
        identity_ssim=0.6,
        identity_accuracy=0.5,
        classical_psnr=24.5,
        classical_ssim=0.7,
        classical_accuracy=0.55,
        files={},
    )
    return replace(record, **values)


def write_run(
    runs: Path,
    name: str = "smoke-20260102-0a1b2c",
    *,
    changes: tuple[str, ...] = (),
    epochs: int = 3,
    status: Status | None = "finished",
    error: str | None = None,
    started: str = "2026-01-02T03:04:05+00:00",
    shift: float = 0.0,
) -> Run:
    """Writes a run of the smoke experiment, whose 8 epochs ``changes`` may change.

    Args:
        runs: Where its directory is made.
        name: The directory's name.
        changes: As ``--set`` takes them.
        epochs: How many it finished.
        status: How it ended; None: it has not.
        error: Why it failed.
        started: When it started.
        shift: Added to every validation PSNR.
    """
    directory = RunDirectory(runs / name)
    (directory.path / "samples").mkdir(parents=True)
    experiment = load_experiment(CONFIGS / "smoke.yaml", changes)
    write_text(directory.config, dump_experiment(experiment))
    write_json(directory.settings, experiment.model_dump(mode="json"))
    write_json(directory.environment, {**ENVIRONMENT, "started": started})
    records = [epoch_record(number) for number in range(1, epochs + 1)]
    records = [replace(record, val_psnr=record.val_psnr + shift) for record in records]
    for record in records:
        append_epoch(directory, record)
    if status is None:
        return Run(directory)
    write_image_records(directory, [image_record(psnr=math.inf)])
    result = RunResult(
        status,
        error,
        epochs=records,
        baselines=BASELINES,
        test={"psnr": 23.0, "ssim": 0.66, "accuracy": 0.5} if status == "finished" else {},
        parameters=29_675,
        multiply_adds=6_602_752,
        steps_per_epoch=25,
        draws_per_step=768,
        total_seconds=125.0,
    )
    write_result(directory, result)
    return Run(directory)
