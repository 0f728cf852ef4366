"""Run directories made of numbers, through the writers that a training uses."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dropstudy.config import Experiment, dump_experiment
from dropstudy.runs.directory import RunDirectory, write_json, write_text
from dropstudy.runs.reading import Run
from dropstudy.runs.records import (
    EpochRecord,
    ImagePart,
    ImageRecord,
    RunResult,
    Status,
    append_epoch,
    write_epochs,
    write_image_records,
    write_result,
)

SIDE = 16
COMPILING = 5.0
"""Seconds that the first step of every made run takes on top of those of its epoch."""

ENVIRONMENT: dict[str, Any] = {
    "started": "2026-01-02T03:04:05+00:00",
    "python": "3.11.7",
    "packages": {"keras": "3.15.1", "numpy": "2.4.6"},
    "processor": "a processor",
    "cores": 2,
    "runtime": {
        "device_names": ["CPU:0"],
        "device_models": [],
        "precision": "float32",
        "xla": False,
        "threads": 2,
    },
    "data_fingerprint": "0123456789abcdef",
}

Levels = Mapping[str, int]
"""Grey level of each form of a kept image."""


def make_run(
    path: Path,
    *,
    name: str | None = None,
    seed: int = 0,
    dropout: Mapping[str, Any] | None = None,
    sections: Mapping[str, Any] | None = None,
    psnrs: Sequence[float] = (24.0, 25.0, 26.0),
    seconds: Sequence[float] | float = 10.0,
    test_psnr: float | None = 25.0,
    images: Sequence[ImageRecord] = (),
    environment: Mapping[str, Any] | None = None,
    status: Status | None = "finished",
    result: Mapping[str, Any] | None = None,
) -> Run:
    """A run directory at ``path``.

    Args:
        path: Where; its last part names the run, and the experiment but for ``-SEED``.
        name: Another name of the experiment.
        seed: Of the experiment.
        dropout: Its section ``dropout``.
        sections: Other sections, each laid over the plain one.
        psnrs: Validation PSNR of each epoch.
        seconds: Of training, for each epoch or for all, without the compiling.
        test_psnr: None: no test images.
        images: Their scores; none writes no ``images.jsonl``.
        environment: What is not as usual; a mapping is laid over the usual one, None leaves out.
        status: None: the run goes on.
        result: Fields of ``RunResult`` that are not as usual.
    """
    directory = RunDirectory(path)
    path.mkdir(parents=True, exist_ok=True)  # images may have been kept in it before
    experiment = _experiment(name or path.name.rpartition("-")[0], seed, dropout, sections)
    write_text(directory.config, dump_experiment(experiment))
    write_json(directory.settings, experiment.model_dump(mode="json"))
    laid = _lay_over(ENVIRONMENT, environment or {})
    noted = {key: value for key, value in laid.items() if value is not None}
    write_json(directory.environment, noted)
    times = [seconds] * len(psnrs) if isinstance(seconds, int | float) else seconds
    epochs = [
        make_epoch(number, psnr=psnr, seconds=time)
        for number, (psnr, time) in enumerate(zip(psnrs, times, strict=True), 1)
    ]
    for epoch in epochs:
        append_epoch(directory, epoch)
    if status is not None:
        ended = RunResult(status, epochs=epochs, steps_per_epoch=10, draws_per_step=1200)
        ended.baselines = {
            "identity": {"val_psnr": 22.0, "val_ssim": 0.5, "test_psnr": 21.0},
            "classical": {"method": "cubic", "val_psnr": 23.0, "val_ssim": 0.6, "test_psnr": 22.0},
        }
        ended.test = {} if test_psnr is None else {"psnr": test_psnr, "ssim": test_psnr / 40}
        for key, value in (result or {}).items():
            setattr(ended, key, value)
        write_result(directory, ended)
    if images:
        write_image_records(directory, images)
    return Run(directory)


def make_epoch(number: int, *, psnr: float, seconds: float) -> EpochRecord:
    """An epoch of ten steps, the first of which compiles in epoch 1."""
    compiling = COMPILING if number == 1 else 0.0
    return EpochRecord(
        epoch=number,
        train_loss=1 / psnr,
        val_loss=1 / psnr,
        val_psnr=psnr,
        val_ssim=psnr / 40,
        val_accuracy=0.5,
        train_eval_loss=1 / psnr,
        train_eval_psnr=psnr + 1,
        psnr_gap=1.0,
        train_seconds=seconds + compiling,
        val_seconds=2.0,
        other_seconds=1.0,
        first_step_seconds=seconds / 10 + compiling,
        wait_seconds=0.0,
        step_seconds=seconds / 10,
        images_per_second=160 / seconds,
        learning_rate=0.001,
        peak_memory_bytes=number << 20,
        peak_gpu_memory_bytes=None,
    )


def make_image(
    name: str,
    psnr: float,
    *,
    part: ImagePart = "validation",
    identity: float = 20.0,
    files: Mapping[str, str] | None = None,
) -> ImageRecord:
    """The scores of one image."""
    return ImageRecord(
        part=part,
        image=name,
        psnr=psnr,
        ssim=psnr / 40,
        accuracy=0.5,
        identity_psnr=identity,
        identity_ssim=0.5,
        identity_accuracy=0.4,
        classical_psnr=22.0,
        classical_ssim=0.6,
        classical_accuracy=0.45,
        files=dict(files or {}),
    )


def keep_image(
    path: Path, name: str, levels: Levels, *, psnr: float = 25.0, side: int = SIDE
) -> ImageRecord:
    """Saves a grey square for each form in the run at ``path``, bright in its last quarter.

    The level is that of the last quarter; all the rest is 100, as if restored without error.
    """
    files = {}
    for form, level in levels.items():
        pixels = np.full((side, side, 3), 100, dtype=np.uint8)
        pixels[side // 2 :, side // 2 :] = level
        files[form] = f"images/validation-{name}-{form}.png"
        place = path / files[form]
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place)
    return make_image(name, psnr, files=files)


def make_arm(
    folder: Path,
    name: str,
    psnrs: Sequence[float],
    *,
    dropout: Mapping[str, Any] | None = None,
    seconds: Sequence[Sequence[float] | float] | float = 10.0,
    epochs: int = 3,
) -> list[Run]:
    """Runs of seeds 0, 1, …; each ends at its PSNR, having risen to it by 1 dB an epoch.

    Args:
        folder: Where runs lie.
        name: Of the experiment.
        psnrs: One for each seed.
        dropout: Of all.
        seconds: Of an epoch, of each run or of all.
        epochs: Of each run.
    """
    times = [seconds] * len(psnrs) if isinstance(seconds, int | float) else seconds
    return [
        make_run(
            folder / f"{name}-{seed}",
            seed=seed,
            dropout=dropout,
            psnrs=[psnr - left for left in reversed(range(epochs))],
            seconds=time,
            test_psnr=psnr - 1,
        )
        for seed, (psnr, time) in enumerate(zip(psnrs, times, strict=True))
    ]


def with_copy_ratio(run: Run, ratio: float, *, gain: float = 1.0) -> Run:
    """The same run, every epoch of which copies that much of its input."""
    noted = {"val_identity_gain": gain, "val_copy_ratio": ratio}
    epochs = [replace(old, val_identity_gain=gain, val_copy_ratio=ratio) for old in run.epochs]
    write_epochs(run.directory, epochs)
    if run.result:
        ends = {key: {**run.result[key], **noted} for key in ("best", "last")}
        write_json(run.directory.result, {**run.result, **ends})
    return Run(run.directory)


SPATIAL = {"skip": {"kind": "spatial", "rate": 0.3}}
"""A section ``dropout`` that drops."""


def _experiment(
    name: str, seed: int, dropout: Mapping[str, Any] | None, sections: Mapping[str, Any] | None
) -> Experiment:
    plain: dict[str, Any] = {
        "name": name,
        "seed": seed,
        "data": {"kind": "photos", "collection": "tiny", "patch_size": SIDE},
        "task": {"kind": "pixelate", "block": 4},
        "architecture": {"kind": "unet", "depth": 2, "filters": 4},
        "dropout": dict(dropout or {}),
        "training": {"steps_per_epoch": 10},
    }
    return Experiment.model_validate(_lay_over(plain, sections or {}))


def _lay_over(plain: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    laid = dict(plain)
    for key, value in changes.items():
        old = laid.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping) and "kind" not in value:
            laid[key] = _lay_over(old, value)
        else:
            laid[key] = value
    return laid
