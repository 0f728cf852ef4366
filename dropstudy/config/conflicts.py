"""Settings that are each allowed but do not go together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dropstudy.config.architecture import Architecture
from dropstudy.config.data import Arrays, DataSetting, ImagePairs, SplitSetting
from dropstudy.config.dropout import Dropout, NoDropout
from dropstudy.config.runtime import Runtime
from dropstudy.config.setting import Setting
from dropstudy.config.task import Given
from dropstudy.config.training import Training
from dropstudy.ssim import SSIM_WINDOW


@dataclass(frozen=True)
class Conflict:
    """One setting that another one rules out.

    Attributes:
        path: The setting's YAML path, such as ``dropout.skip.rate``.
        message: What was given and what is allowed.
    """

    path: str
    message: str


def find_conflicts(sections: Mapping[str, Any]) -> list[Conflict]:
    """All conflicts between the sections of an experiment.

    Args:
        sections: Valid sections by name; pairs of which one is missing go unchecked.
    """
    data, task = sections.get("data"), sections.get("task")
    architecture, dropout = sections.get("architecture"), sections.get("dropout")
    training, runtime = sections.get("training"), sections.get("runtime")
    conflicts: list[Conflict] = []
    if architecture is not None:
        conflicts += _check_order(architecture)
        conflicts += _check_skips(architecture)
    if architecture is not None and dropout is not None:
        conflicts += _check_dropout(architecture, dropout)
    if architecture is not None and data is not None:
        conflicts += _check_sizes(architecture, data)
    if data is not None:
        conflicts += _check_shares(data)
    if data is not None and task is not None:
        conflicts += _check_task(data, task)
    if data is not None and training is not None:
        conflicts += _check_loss(data, training)
    if training is not None and runtime is not None:
        conflicts += _check_replicas(training, runtime)
    if runtime is not None:
        conflicts += _check_xla(runtime)
    if architecture is not None and runtime is not None:
        conflicts += _check_normalization(architecture, runtime)
    return conflicts


def _check_order(architecture: Architecture) -> Iterator[Conflict]:
    if len(set(architecture.order)) < len(architecture.order):
        yield Conflict(
            "architecture.order",
            f"got {list(architecture.order)}; give each of normalization, activation "
            "and dropout once",
        )


def _check_skips(architecture: Architecture) -> Iterator[Conflict]:
    skips = architecture.skips
    if skips is None:
        return
    if architecture.kind != "unet":
        yield Conflict("architecture.skips", f"an {architecture.kind} has none; remove it")
    elif len(set(skips)) < len(skips) or any(level >= architecture.depth for level in skips):
        yield Conflict(
            "architecture.skips",
            f"got {list(skips)}; give levels from 0 to {architecture.depth - 1}, each once",
        )


def _check_dropout(architecture: Architecture, dropout: Dropout) -> Iterator[Conflict]:
    for group, setting in dropout.by_group().items():
        path = f"dropout.{group}"
        if isinstance(setting, NoDropout):
            continue
        levels = architecture.levels(group)
        if not levels:
            yield Conflict(
                path,
                f"the architecture '{architecture.kind}' has no {group} connections; remove it",
            )
        elif isinstance(setting.rate, tuple) and len(setting.rate) != levels:
            wanted = "one number" if levels == 1 else f"one number, or a list of {levels}"
            yield Conflict(
                f"{path}.rate",
                f"got a list of {len(setting.rate)}; give {wanted} "
                f"(architecture.depth is {architecture.depth})",
            )
        elif group == "skip" and isinstance(setting.rate, tuple):
            off = [level for level in range(levels) if not architecture.has_skip(level)]
            if any(setting.rate[level] for level in off):
                yield Conflict(
                    f"{path}.rate",
                    f"got {list(setting.rate)}; give 0 where architecture.skips leaves a level out",
                )
        if setting.kind == "drop_path":
            in_block = group in ("encoder", "bottleneck", "decoder")
            if not in_block and group != "skip":
                yield Conflict(
                    f"{path}.kind", f"got drop_path; {group} is no branch that could drop"
                )
            elif in_block and architecture.block != "residual":
                yield Conflict(
                    f"{path}.kind",
                    "got drop_path; it needs a branch beside a shortcut: "
                    "set architecture.block to residual",
                )


def _check_sizes(architecture: Architecture, data: DataSetting) -> Iterator[Conflict]:
    multiple = architecture.size_multiple
    if data.patch_size % multiple:
        yield Conflict(
            "data.patch_size",
            f"got {data.patch_size}; give a multiple of {multiple}, since architecture.depth "
            f"{architecture.depth} halves it {architecture.depth} times",
        )
    if data.evaluation_size < data.patch_size:
        yield Conflict(
            "data.evaluation_size",
            f"got {data.evaluation_size}; give at least data.patch_size, {data.patch_size}",
        )


def _check_shares(data: DataSetting) -> Iterator[Conflict]:
    if isinstance(data, SplitSetting) and data.validation_share + data.test_share >= 1:
        yield Conflict(
            "data.validation_share",
            f"got {data.validation_share}, and {data.test_share} for data.test_share; give two "
            "that add up to less than 1, so that something is left to train on",
        )


def _check_task(data: DataSetting, task: Setting) -> Iterator[Conflict]:
    given = isinstance(task, Given)
    if isinstance(data, ImagePairs) and not given:
        yield Conflict(
            "task.kind",
            "the data are pairs, already degraded; give {kind: given}",
        )
    elif given and not isinstance(data, (ImagePairs, Arrays)):
        yield Conflict("task.kind", "got given; only data of kind pairs or arrays bring a task")


def _check_loss(data: DataSetting, training: Training) -> Iterator[Conflict]:
    if "ssim" in training.loss and data.patch_size < SSIM_WINDOW:
        yield Conflict(
            "training.loss",
            f"got {training.loss}; its window needs a data.patch_size of at least {SSIM_WINDOW}",
        )


def _check_replicas(training: Training, runtime: Runtime) -> Iterator[Conflict]:
    if training.batch_size % runtime.replicas:
        yield Conflict(
            "training.batch_size",
            f"got {training.batch_size}; give a multiple of runtime.replicas, {runtime.replicas}",
        )
    if training.gradient_clip_norm is not None and runtime.replicas > 1:
        yield Conflict(
            "training.gradient_clip_norm",
            "Keras clips each replica's gradient by itself; give null, or runtime.replicas 1",
        )


def _check_xla(runtime: Runtime) -> Iterator[Conflict]:
    if runtime.xla and runtime.replicas > 1:
        yield Conflict(
            "runtime.xla",
            "got true; XLA cannot compile a step that is spread over replicas: give false, "
            "or runtime.replicas 1",
        )


def _check_normalization(architecture: Architecture, runtime: Runtime) -> Iterator[Conflict]:
    if architecture.normalization == "batch" and runtime.replicas > 1:
        yield Conflict(
            "architecture.normalization",
            "got batch; each replica would normalize by its own part of a batch: give group or "
            "none, or runtime.replicas 1",
        )
