"""What a run writes of the images that it restored: scores, whole images, grids."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
from PIL import Image

from dropstudy.config import Experiment
from dropstudy.config.description import describe_experiment
from dropstudy.imaging.arrays import Floats, to_bytes
from dropstudy.imaging.baselines import describe_baseline
from dropstudy.imaging.evaluation import EvaluationImage
from dropstudy.imaging.grids import GridHeader, draw_grid
from dropstudy.runs.directory import RunDirectory, replacing, settle, storing
from dropstudy.runs.records import ImagePart, ImageRecord
from dropstudy.training.evaluation import Evaluation
from dropstudy.training.preparation import ReferenceScores


@dataclass(frozen=True)
class RestoredPart:
    """The validation or the test images, and what the final network made of them.

    Attributes:
        part: Which of the two.
        images: What there was to restore.
        references: What it is measured against.
        evaluation: The network's work.
    """

    part: ImagePart
    images: Sequence[EvaluationImage]
    references: ReferenceScores
    evaluation: Evaluation


def record_images(directory: RunDirectory, done: RestoredPart, *, keep: int) -> list[ImageRecord]:
    """Saves the first ``keep`` images whole and returns a record of each image."""
    records = []
    for index, image in enumerate(done.images):
        kept = index < keep
        scores = {
            "": done.evaluation.image_scores[index],
            "identity_": done.references.identity[index],
            "classical_": done.references.classical[index],
        }
        named = {
            f"{prefix}{name}": value
            for prefix, item in scores.items()
            for name, value in asdict(item).items()
        }
        restored = done.evaluation.restored[index]
        files = _save_image(directory, done.part, index, image, restored) if kept else {}
        records.append(ImageRecord(part=done.part, image=image.name, **named, files=files))
    return records


def draw_samples(
    experiment: Experiment,
    directory: RunDirectory,
    images: Sequence[EvaluationImage],
    restored: Sequence[Floats],
    *,
    path: Path,
    label: str,
) -> None:
    """Draws a grid of the first images, as many as the experiment asks for."""
    count = experiment.samples.count
    if not count:
        return
    header = GridHeader(
        title=f"{directory.path.name} · {label}",
        subtitle=describe_experiment(experiment),
        baseline=describe_baseline(experiment.task),
    )
    page = draw_grid(
        images[:count], restored[:count], header=header, window=experiment.samples.size
    )
    save_picture(page, path)


def save_picture(picture: Image.Image, path: Path) -> None:
    """Writes a picture as PNG, whole or not at all.

    Raises:
        StorageError: It cannot be written.
    """
    with replacing(path) as stream:
        picture.save(stream, format="PNG")


def save_model(network: keras.Model, path: Path, *, later: Path | None = None) -> None:
    """Writes a network that Keras can open, whole or not at all.

    Args:
        network: What is written.
        path: Where.
        later: What the file will be called when its time has come, if not ``path``.

    Raises:
        StorageError: It cannot be written.
    """
    beside = path.with_name(f".saving{path.suffix}")
    try:
        with storing(later or path):
            network.save(beside)
            settle(beside, path)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _save_image(
    directory: RunDirectory, part: str, index: int, image: EvaluationImage, restored: Floats
) -> dict[str, str]:
    """Writes the four forms of an image as PNG; returns each one's path from the directory."""
    with storing(directory.images):
        directory.images.mkdir(exist_ok=True)
    readable = re.sub(r"[^A-Za-z0-9]+", "-", image.name).strip("-")[:40]
    forms = {
        "restored": restored,
        "degraded": image.degraded,
        "classical": image.baseline,
        "clean": image.clean,
    }
    files = {}
    for form, pixels in forms.items():
        path = directory.images / f"{part}-{index:03d}-{readable}-{form}.png"
        levels = to_bytes(pixels)
        save_picture(Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels), path)
        files[form] = path.relative_to(directory.path).as_posix()
    return files
