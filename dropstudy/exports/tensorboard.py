"""Runs as TensorBoard event files, written without TensorBoard or TensorFlow."""

import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dropstudy.errors import ExportError
from dropstudy.exports.content import (
    baseline_values,
    best_values,
    cost_values,
    epoch_end_seconds,
    epoch_values,
    final_epoch,
    final_scores,
    flatten_settings,
    pictures,
    start_seconds,
)
from dropstudy.runs.parsing import read_text
from dropstudy.runs.reading import Run

TAGS = {
    "train_loss": "loss/train",
    "val_loss": "loss/val",
    "train_eval_loss": "loss/train_eval",
    "val_psnr": "psnr/val",
    "train_eval_psnr": "psnr/train_eval",
    "psnr_gap": "psnr/gap",
    "val_ssim": "ssim/val",
    "val_accuracy": "accuracy/val",
    "val_identity_gain": "identity/gain",
    "val_copy_ratio": "identity/copy_ratio",
    "train_seconds": "seconds/train",
    "val_seconds": "seconds/val",
    "other_seconds": "seconds/other",
    "first_step_seconds": "seconds/first_step",
    "wait_seconds": "seconds/wait",
    "step_seconds": "seconds/step",
    "images_per_second": "speed/images_per_second",
    "learning_rate": "learning_rate",
    "peak_memory_bytes": "memory/peak_bytes",
    "peak_gpu_memory_bytes": "memory/peak_gpu_bytes",
}
"""Under which tag TensorBoard shows a number of an epoch: it makes a group of what is before /."""

_OURS = "events.out.tfevents.{}.dropstudy"
_PARTIAL = ".dropstudy-export.partial"  # without "tfevents", by which TensorBoard knows its files


class TensorBoardFolder:
    """A folder for ``tensorboard --logdir``: below it, a folder for each run."""

    def __init__(self, folder: Path) -> None:
        """Takes the folder, which need not be there yet.

        Raises:
            ExportError: The extra ``tensorboard`` is not installed.
        """
        try:
            import tensorboardX  # type: ignore[import-untyped]  # noqa: F401
        except ImportError:
            raise ExportError(
                "--tensorboard needs the extra 'tensorboard': pip install 'dropstudy[tensorboard]'"
            ) from None
        self._folder = folder

    @property
    def hint(self) -> str:
        """How to look at what was exported."""
        command = f"tensorboard --logdir {shlex.quote(str(self._folder))}"
        return f"look at it with: {command} (pip install tensorboard)"

    def export(self, run: Run) -> str:
        """Writes a run and returns where; a former export of it is replaced.

        Raises:
            ExportError: The folder cannot be written.
            RunDirectoryError: The run cannot be read.
        """
        folder = self._folder / run.name
        events = list(_events(run))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_events(folder / _PARTIAL, events)
            # A new name each time: a TensorBoard that is open takes it for a restarted run and
            # forgets what it read before, while it would not look at a known file again.
            written = folder / _OURS.format(time.time_ns() // 1_000_000)
            (folder / _PARTIAL).replace(written)
            for former in folder.glob(_OURS.format("*")):
                if former != written:
                    former.unlink()
        except OSError as error:
            raise ExportError(f"{folder}: cannot be written: {error.strerror}") from None
        return str(folder)


class _Event(NamedTuple):
    """What TensorBoard shows at one step."""

    step: int
    seconds: float
    summary: Any


def _write_events(path: Path, events: list[_Event]) -> None:
    from tensorboardX import RecordWriter
    from tensorboardX.proto.event_pb2 import Event, SessionLog  # type: ignore[import-untyped]

    first = min(event.seconds for event in events)
    restart = SessionLog(status=SessionLog.START)
    records = RecordWriter(str(path))
    try:
        records.write(Event(wall_time=first, file_version="brain.Event:2").SerializeToString())
        records.write(Event(wall_time=first, session_log=restart).SerializeToString())
        for step, seconds, summary in events:
            event = Event(wall_time=seconds, step=step, summary=summary)
            records.write(event.SerializeToString())
    finally:
        records.close()


def _events(run: Run) -> Iterator[_Event]:
    from tensorboardX.summary import scalar, text  # type: ignore[import-untyped]

    start, ends = start_seconds(run), epoch_end_seconds(run)
    yield from (_Event(0, start, summary) for summary in _session(run))
    config = read_text(run.directory.config)
    yield _Event(0, start, text("config", f"```yaml\n{config}```"))
    for record in run.epochs:
        for name, value in epoch_values(record).items():
            summary = scalar(TAGS.get(name, name), value)
            yield _Event(record.epoch, ends[record.epoch], summary)
    for step, tag, value in _scores(run):
        yield _Event(step, ends.get(step, start), scalar(tag, value))
    for name, epoch, file in pictures(run):
        yield _Event(epoch, ends.get(epoch, start), _picture(name, file))


def _session(run: Run) -> list[Any]:
    """What TensorBoard's HPARAMS page knows of a run.

    It takes the columns of its table from the first experiment record that it meets, and from all
    runs if it meets none: so that one, the first of three, is left out.
    """
    from tensorboardX.summary import hparams

    settings = flatten_settings(run.settings)
    known = {name: value for name, value in settings.items() if value is not None}
    _, begin, end = hparams(known, {})
    return [begin, end] if run.status == "finished" else [begin]


def _scores(run: Run) -> Iterator[tuple[int, str, float]]:
    """Step, tag and value of what a whole run has one number of."""
    final = final_epoch(run)
    for name, value in best_values(run).items():
        yield final, f"best/{name}", value
    for name, value in final_scores(run).items():
        yield final, f"{name}/test", value
    for name, value in cost_values(run).items():
        yield final, f"cost/{name}", value
    for baseline, scores in baseline_values(run).items():
        for name, value in scores.items():
            yield final, f"{baseline}/{name}", value


def _picture(tag: str, file: Path) -> Any:
    """A PNG as it is: what TensorBoard shows is what lies in the run directory."""
    from PIL import Image
    from tensorboardX.proto.summary_pb2 import Summary  # type: ignore[import-untyped]

    try:
        with Image.open(file) as picture:
            (width, height), channels = picture.size, len(picture.getbands())
    except OSError as error:
        raise ExportError(f"{file}: cannot be read as an image: {error}") from None
    image = Summary.Image(
        height=height,
        width=width,
        colorspace=channels,
        encoded_image_string=file.read_bytes(),
    )
    return Summary(value=[Summary.Value(tag=tag, image=image)])
