"""What a run notes: a row for each epoch, and a result."""

from dataclasses import asdict, dataclass, field, fields
from statistics import median
from typing import Any, Literal

from dropstudy.config.training import Monitor
from dropstudy.runs.directory import RunDirectory, append_line, to_json, write_json

Status = Literal["finished", "interrupted", "failed"]


@dataclass(frozen=True)
class EpochRecord:
    """One epoch. Losses and scores are means over images; times are in seconds.

    Attributes:
        epoch: Its number, from 1.
        train_loss: Mean loss of the training steps, dropout on.
        val_loss: Loss on the validation images, dropout off, as all scores below.
        val_psnr: In dB, on 8 bits.
        val_ssim: On 8 bits.
        val_accuracy: Share of values within 8 levels of 255.
        train_eval_loss: Like val_loss, on fixed training images.
        train_eval_psnr: Like val_psnr, on those.
        psnr_gap: Generalisation gap, train_eval_psnr − val_psnr.
        train_seconds: All training steps, the first one included.
        val_seconds: Restoring and scoring the validation images.
        other_seconds: The rest: training images' scores, pictures, saving, records.
        first_step_seconds: The first step; in the run's first epoch it holds the compiling.
        wait_seconds: Part of train_seconds in which no batch was ready.
        step_seconds: Median of the steps after the first.
        images_per_second: Training patches over the time of the steps after the first.
        learning_rate: Of the epoch's last step.
        peak_memory_bytes: The most memory that the process has held so far.
        peak_gpu_memory_bytes: The same on the first GPU; None without one.
    """

    epoch: int
    train_loss: float
    val_loss: float
    val_psnr: float
    val_ssim: float
    val_accuracy: float
    train_eval_loss: float
    train_eval_psnr: float
    psnr_gap: float
    train_seconds: float
    val_seconds: float
    other_seconds: float
    first_step_seconds: float
    wait_seconds: float
    step_seconds: float
    images_per_second: float
    learning_rate: float
    peak_memory_bytes: int
    peak_gpu_memory_bytes: int | None

    @property
    def total_seconds(self) -> float:
        """All of the epoch."""
        return self.train_seconds + self.val_seconds + self.other_seconds


@dataclass
class RunResult:
    """How a run ended.

    Attributes:
        status: Whether it did all it should.
        error: What went wrong; None unless it failed.
        epochs: All epochs that were finished.
        monitor: By which value the best one is chosen.
        baselines: Scores of ``identity`` and ``classical``, by name, such as ``val_psnr``.
        test: Scores of the final network on the test images; empty without any.
        parameters: Trained numbers of the network.
        multiply_adds: Of the network for one patch.
        total_seconds: From the start of the run to its end.
    """

    status: Status
    error: str | None = None
    epochs: list[EpochRecord] = field(default_factory=list)
    monitor: Monitor = "val_loss"
    baselines: dict[str, dict[str, Any]] = field(default_factory=dict)
    test: dict[str, float] = field(default_factory=dict)
    parameters: int = 0
    multiply_adds: int = 0
    total_seconds: float = 0.0

    @property
    def best(self) -> EpochRecord | None:
        """The first epoch with the best monitored value."""
        best: EpochRecord | None = None
        for record in self.epochs:
            if best is None or is_better(record, best, self.monitor):
                best = record
        return best

    @property
    def median_train_seconds(self) -> float | None:
        """Over the epochs after the first, which alone holds the compiling."""
        times = [record.train_seconds for record in self.epochs[1:]]
        return median(times) if times else None

    def as_dict(self) -> dict[str, Any]:
        """The content of ``result.json``."""
        best, last = self.best, self.epochs[-1] if self.epochs else None
        return {
            "status": self.status,
            "error": self.error,
            "monitor": self.monitor,
            "best": asdict(best) if best else None,
            "last": asdict(last) if last else None,
            "test": self.test,
            "baselines": self.baselines,
            "median_train_seconds": self.median_train_seconds,
            "total_seconds": self.total_seconds,
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
        }


def is_better(
    record: EpochRecord, best: EpochRecord, monitor: Monitor, *, minimum_gain: float = 0.0
) -> bool:
    """Whether ``record`` beats ``best`` by more than ``minimum_gain``."""
    gain = float(getattr(record, monitor) - getattr(best, monitor))
    return (-gain if monitor == "val_loss" else gain) > minimum_gain


def append_epoch(directory: RunDirectory, record: EpochRecord) -> None:
    """Adds an epoch to ``epochs.jsonl`` and ``epochs.csv``."""
    row = asdict(record)
    if not directory.epochs_table.exists():
        append_line(directory.epochs_table, ",".join(item.name for item in fields(record)))
    append_line(directory.epochs, to_json(row))
    cells = ("" if value is None else repr(value) for value in row.values())
    append_line(directory.epochs_table, ",".join(cells))


def write_result(directory: RunDirectory, result: RunResult) -> None:
    """Writes ``result.json``, the last file of a run."""
    write_json(directory.result, result.as_dict())
