"""What a run notes: a row for each epoch, and a result."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from dropstudy.runs.directory import (
    RunDirectory,
    append_line,
    storing,
    to_json,
    write_json,
    write_text,
)

if TYPE_CHECKING:  # commands that only read runs need no Pydantic
    from dropstudy.config.training import Monitor

SEEN_DB = 0.01

Status = Literal["finished", "interrupted", "failed"]
ImagePart = Literal["validation", "test"]


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
        val_identity_gain: In dB, mean over validation images of PSNR(restored) − PSNR(degraded);
            None in rows of older versions, as the next one.
        val_copy_ratio: Share of the degradation that is passed through, mean over them.
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
    val_identity_gain: float | None = None
    val_copy_ratio: float | None = None

    @property
    def total_seconds(self) -> float:
        """All of the epoch."""
        return self.train_seconds + self.val_seconds + self.other_seconds


@dataclass(frozen=True)
class ImageRecord:
    """What became of one image in the hands of the final network.

    Attributes:
        part: ``validation`` or ``test``.
        image: The picture's name.
        psnr: Of the restored image; infinite where it equals the clean one.
        ssim: Of the restored image, as the next one.
        accuracy: Share of values within 8 levels of 255.
        identity_psnr: Of the degraded image itself, as the next two.
        identity_ssim: As above.
        identity_accuracy: As above.
        classical_psnr: Of the classical method, as the next two.
        classical_ssim: As above.
        classical_accuracy: As above.
        files: Where the image was saved, by what it shows (``restored``, ``degraded``,
            ``classical``, ``clean``), from the run directory; empty where it was not.
    """

    part: ImagePart
    image: str
    psnr: float
    ssim: float
    accuracy: float
    identity_psnr: float
    identity_ssim: float
    identity_accuracy: float
    classical_psnr: float
    classical_ssim: float
    classical_accuracy: float
    files: dict[str, str]


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
        steps_per_epoch: Training steps in an epoch.
        draws_per_step: Random numbers that dropout draws for a training step.
        resumes: How often the run was taken up again after it had ended.
        total_seconds: From the start of the run to its end.
    """

    status: Status
    error: str | None = None
    epochs: list[EpochRecord] = field(default_factory=list)
    monitor: "Monitor" = "val_loss"
    baselines: dict[str, dict[str, Any]] = field(default_factory=dict)
    test: dict[str, float] = field(default_factory=dict)
    parameters: int = 0
    multiply_adds: int = 0
    steps_per_epoch: int = 0
    draws_per_step: int = 0
    resumes: int = 0
    total_seconds: float = 0.0

    @property
    def best(self) -> EpochRecord | None:
        """The first epoch with the best monitored value."""
        return best_epoch(self.epochs, self.monitor)

    @property
    def median_train_seconds(self) -> float | None:
        """Over the epochs after the first, which alone holds the compiling."""
        return median_train_seconds(self.epochs)

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
            "steps_per_epoch": self.steps_per_epoch,
            "draws_per_step": self.draws_per_step,
            "resumes": self.resumes,
        }


@dataclass(frozen=True)
class Shortfall:
    """A network that is no better than what needs none.

    Attributes:
        words: What is better.
        psnr: Of that, in dB.
        behind: By how much the network is worse, in dB.
    """

    words: str
    psnr: float
    behind: float


def find_shortfall(val_psnr: float, baselines: Mapping[str, Mapping[str, Any]]) -> Shortfall | None:
    """Whether the degraded image itself, or the classical method, has a higher validation PSNR.

    A hundredth of a dB is lost in rounding and counts as none.
    """
    for name, words in (("identity", "the degraded image"), ("classical", "the classical method")):
        psnr = baselines.get(name, {}).get("val_psnr")
        if psnr is not None and psnr - val_psnr >= SEEN_DB:
            return Shortfall(words, psnr, psnr - val_psnr)
    return None


def is_better(
    record: EpochRecord, best: EpochRecord, monitor: "Monitor", *, minimum_gain: float = 0.0
) -> bool:
    """Whether ``record`` beats ``best`` by more than ``minimum_gain``."""
    gain = float(getattr(record, monitor) - getattr(best, monitor))
    return (-gain if monitor == "val_loss" else gain) > minimum_gain


def best_epoch(epochs: Sequence[EpochRecord], monitor: "Monitor") -> EpochRecord | None:
    """The first epoch with the best monitored value; None without any."""
    best: EpochRecord | None = None
    for record in epochs:
        if best is None or is_better(record, best, monitor):
            best = record
    return best


def median_train_seconds(epochs: Sequence[EpochRecord]) -> float | None:
    """Over the epochs after the first, which alone holds the compiling; None without any."""
    times = [record.train_seconds for record in epochs[1:]]
    return median(times) if times else None


def append_epoch(directory: RunDirectory, record: EpochRecord) -> None:
    """Adds an epoch to ``epochs.jsonl`` and ``epochs.csv``."""
    if not directory.epochs_table.exists():
        append_line(directory.epochs_table, _EPOCHS_HEADING)
    append_line(directory.epochs, to_json(asdict(record)))
    append_line(directory.epochs_table, _to_cells(record))


def write_epochs(directory: RunDirectory, epochs: Sequence[EpochRecord]) -> None:
    """Makes ``epochs.jsonl`` and ``epochs.csv`` hold these epochs and no others."""
    if not epochs:
        for path in (directory.epochs_table, directory.epochs):
            with storing(path):
                path.unlink(missing_ok=True)
        return
    table = [_EPOCHS_HEADING, *map(_to_cells, epochs)]
    write_text(directory.epochs_table, "".join(f"{line}\n" for line in table))
    rows = (to_json(asdict(record)) for record in epochs)
    write_text(directory.epochs, "".join(f"{row}\n" for row in rows))


def write_image_records(directory: RunDirectory, records: Sequence[ImageRecord]) -> None:
    """Writes ``images.jsonl``."""
    write_text(directory.image_scores, "".join(to_json(asdict(row)) + "\n" for row in records))


def write_result(directory: RunDirectory, result: RunResult) -> None:
    """Writes ``result.json``, the last file of a run."""
    write_json(directory.result, result.as_dict())


_EPOCHS_HEADING = ",".join(item.name for item in fields(EpochRecord))


def _to_cells(record: EpochRecord) -> str:
    return ",".join("" if value is None else repr(value) for value in asdict(record).values())
