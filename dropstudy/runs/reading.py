"""Reads what a run left behind, each file when it is asked for."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from dropstudy.errors import ConfigError, RunDirectoryError
from dropstudy.runs.changes import Change
from dropstudy.runs.contract import check_environment, check_result, check_settings
from dropstudy.runs.directory import RunDirectory, legible
from dropstudy.runs.history import Resume, read_changes, read_resumes
from dropstudy.runs.parsing import damage, read_json, read_records, to_numbers, to_record
from dropstudy.runs.process import is_held
from dropstudy.runs.records import (
    EpochRecord,
    ImageRecord,
    Status,
    best_epoch,
    median_train_seconds,
)

if TYPE_CHECKING:
    from dropstudy.config.training import Monitor

RunStatus = Status | Literal["running", "crashed", "unfinished"]
"""How a run ended; or, without a result, whether its process lives, is gone, or cannot be seen."""


@dataclass(frozen=True)
class Run:
    """A run as its directory tells it, finished or not.

    Attributes:
        directory: Where it lies.
    """

    directory: RunDirectory

    @property
    def name(self) -> str:
        """The directory's name, fit to be printed, also where it was given as ``.`` or ``..``."""
        name = self.directory.path.name
        return legible(name if name not in ("", "..") else self.directory.path.resolve().name)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The experiment with every default spelled out, as nested plain data.

        Raises:
            RunDirectoryError: The file is missing or damaged, as in all that follow.
        """
        if stored := read_json(self.directory.settings, if_missing={}):
            check_settings(stored, self.directory.settings)
            return stored
        from dropstudy.config import load_experiment

        try:
            return load_experiment(self.directory.config).model_dump(mode="json")
        except ConfigError as error:
            raise RunDirectoryError(str(error)) from None

    @cached_property
    def environment(self) -> dict[str, Any]:
        """What it ran on; empty until the images are read."""
        content = read_json(self.directory.environment, if_missing={})
        check_environment(content, self.directory.environment)
        return content

    @cached_property
    def result(self) -> dict[str, Any]:
        """How it ended, as docs/run-directory.md has it; empty until it has."""
        content = read_json(self.directory.result, if_missing={})
        check_result(content, self.directory.result)
        return content

    @cached_property
    def epochs(self) -> list[EpochRecord]:
        """Every epoch that it finished."""
        return read_records(self.directory.epochs, EpochRecord)

    @cached_property
    def images(self) -> list[ImageRecord]:
        """What became of each validation and test image; empty unless it finished."""
        return read_records(self.directory.image_scores, ImageRecord)

    @cached_property
    def status(self) -> RunStatus:
        """How it ended; without a result, what became of its process.

        ``running`` while that lives, ``crashed`` where it ended without a word, and
        ``unfinished`` where the two cannot be told apart from here.
        """
        if self.result:
            return cast("Status", self.result["status"])
        held = is_held(self.directory)
        if held is None:
            return "unfinished"
        # A result that is there now was written since it was asked for: it was running then.
        return "running" if held or self.directory.result.exists() else "crashed"

    @cached_property
    def resumes(self) -> list[Resume]:
        """Each time that it was taken up again."""
        return read_resumes(self.environment, self.directory.environment)

    @cached_property
    def changes(self) -> list[Change]:
        """Each setting that was another one when it started."""
        return read_changes(self.environment, self.directory.environment)

    @property
    def started(self) -> str:
        """When it started, as ISO 8601 in UTC; empty before its environment is known."""
        return self.environment.get("started") or ""

    @property
    def seed(self) -> int:
        """The experiment's seed."""
        seed = self.settings.get("seed")
        if not isinstance(seed, int):
            raise damage(self.directory.settings, f"its seed is {seed!r}")
        return seed

    @cached_property
    def best(self) -> EpochRecord | None:
        """The epoch that its best model is of; None before the first one."""
        if self.result:
            return self._epoch_of_result("best")
        return best_epoch(self.epochs, self._monitor)

    @property
    def best_psnr(self) -> float | None:
        """Validation PSNR of its best epoch, in dB; None before the first one."""
        return self.best.val_psnr if self.best else None

    @property
    def final(self) -> EpochRecord | None:
        """The epoch of the network it ended with: the best, or the last without ``restore_best``.

        Images and test scores are of this network.
        """
        restored = self.settings["training"].get("restore_best", True)
        return self.best if restored else self.last

    @cached_property
    def last(self) -> EpochRecord | None:
        """The last epoch that it finished."""
        if self.result:
            return self._epoch_of_result("last")
        return self.epochs[-1] if self.epochs else None

    @property
    def median_train_seconds(self) -> float | None:
        """To train an epoch, over the epochs after the first."""
        if not self.result:
            return median_train_seconds(self.epochs)
        return self.result.get("median_train_seconds")

    @property
    def test(self) -> dict[str, float]:
        """Scores of the final network on the test images; empty without any."""
        return to_numbers(self.result.get("test"), self.directory.result, "test")

    @property
    def baselines(self) -> dict[str, dict[str, Any]]:
        """Scores of ``identity`` and ``classical``; empty unless it came to an end."""
        where, stored = self.directory.result, self.result.get("baselines") or {}
        if not isinstance(stored, dict):
            raise damage(where, "baselines are no JSON object")
        return {name: _to_baseline(scores, where, name) for name, scores in stored.items()}

    @property
    def classical_method(self) -> str:
        """The classical method's name, such as ``cubic``; ``classical`` where it is not known."""
        return str(self.baselines.get("classical", {}).get("method", "classical"))

    def image_file(self, image: ImageRecord, form: str) -> Path | None:
        """Where ``form`` of an image was saved; None where it was not, or is no more."""
        if form not in image.files:
            return None
        name = image.files[form]
        try:
            path = (self.directory.path / name).resolve()
            is_there = path.is_file()
        except (OSError, RuntimeError, ValueError):  # links in a circle, a null byte, 5,000 letters
            raise damage(self.directory.image_scores, f"{name!r} is no file's name") from None
        if not path.is_relative_to(self.directory.path.resolve()):
            raise damage(self.directory.image_scores, f"{name!r} leads out of the run")
        return path if is_there else None

    @property
    def _monitor(self) -> "Monitor":
        training = self.settings.get("training")
        stopping = training.get("early_stopping") if isinstance(training, dict) else None
        monitor = stopping.get("monitor") if isinstance(stopping, dict) else "val_loss"
        if monitor not in ("val_loss", "val_psnr", "val_ssim"):
            raise damage(self.directory.settings, f"training.early_stopping.monitor is {monitor!r}")
        return cast("Monitor", monitor)

    def _epoch_of_result(self, key: str) -> EpochRecord | None:
        row = self.result.get(key)
        return to_record(row, EpochRecord, self.directory.result) if row else None


def _to_baseline(scores: Any, where: Path, name: str) -> dict[str, Any]:
    """Scores, and the name of the method where it has one."""
    if not isinstance(scores, dict):
        raise damage(where, f"baselines.{name} is no JSON object")
    method = {"method": str(scores["method"])} if "method" in scores else {}
    numbers = {key: value for key, value in scores.items() if key != "method"}
    return {**method, **to_numbers(numbers, where, f"baselines.{name}")}
