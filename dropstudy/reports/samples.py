"""Saved images as a page holds them: chosen, encoded, within a budget of bytes."""

import base64
import io
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from dropstudy.analysis.arms import representative_runs
from dropstudy.analysis.comparison import Comparison
from dropstudy.errors import DataError
from dropstudy.reports.kept_images import describe_order, find_kept_images
from dropstudy.runs.reading import Run
from dropstudy.runs.records import ImageRecord

LOSSLESS_BYTES = 5_500_000
"""All pictures of a page stay exact up to this size, 7.3 MB of text; else they become lossy."""

LOSSY_QUALITY = 95


@dataclass(frozen=True)
class Form:
    """One picture of an image.

    Attributes:
        name: What it shows: ``degraded``, the classical method, an arm, ``clean``.
        score: Its PSNR and SSIM; empty for the clean one.
        source: A data URI.
        alternative: What is seen, in words.
    """

    name: str
    score: str
    source: str
    alternative: str


@dataclass(frozen=True)
class Sample:
    """One image in all its forms, of the same size.

    Attributes:
        name: The picture's name.
        width: In pixels.
        height: In pixels.
        forms: The degraded one first, the clean one last.
    """

    name: str
    width: int
    height: int
    forms: tuple[Form, ...]


@dataclass(frozen=True)
class Samples:
    """The pictures of a page.

    Attributes:
        samples: One for each image.
        are_exact: Whether every pixel is as it was saved.
        seeds: Of the run whose restorations are shown, by the arm's label.
        saved: Images that all of these runs had saved.
        order: Which of them come first, in words.
    """

    samples: tuple[Sample, ...]
    are_exact: bool
    seeds: dict[str, int]
    saved: int
    order: str


@dataclass(frozen=True)
class _Picture:
    """A form before it is encoded."""

    name: str
    score: str
    path: Path


def embed_samples(comparison: Comparison, *, count: int) -> Samples:
    """Encodes saved validation images, the first by the rule of `find_kept_images`.

    An arm is seen through the run that `representative_runs` takes.

    Args:
        comparison: Whose runs.
        count: The most images to take.

    Raises:
        DataError: A saved image cannot be read.
    """
    arms = comparison.arms
    chosen_runs = representative_runs(arms)
    runs = {arm.label: run for arm, run in zip(arms, chosen_runs, strict=True)}
    found = find_kept_images(chosen_runs)
    chosen = found[:count]
    pictures = [_list_pictures(runs, images) for images in chosen]
    paths = [picture.path for own in pictures for picture in own]
    encoded, are_exact = _encode_all(paths)
    sizes = [_size_of(own[0].path) for own in pictures]
    sources = iter(encoded)
    samples = tuple(
        Sample(
            images[0].image,
            *size,
            tuple(_form(picture, next(sources), image=images[0].image) for picture in own),
        )
        for images, size, own in zip(chosen, sizes, pictures, strict=True)
    )
    seeds = {label: run.seed for label, run in runs.items()}
    return Samples(samples, are_exact, seeds, len(found), describe_order(len(runs)))


def _list_pictures(runs: dict[str, Run], images: Sequence[ImageRecord]) -> list[_Picture]:
    (first, *_), image = runs.values(), images[0]
    pictures = [
        ("degraded", _write_score(image.identity_psnr, image.identity_ssim), first, "degraded"),
        (
            first.classical_method,
            _write_score(image.classical_psnr, image.classical_ssim),
            first,
            "classical",
        ),
    ]
    pictures += [
        (label, _write_score(own.psnr, own.ssim), run, "restored")
        for (label, run), own in zip(runs.items(), images, strict=True)
    ]
    pictures.append(("clean", "", first, "clean"))
    by_run = {id(run): own for run, own in zip(runs.values(), images, strict=True)}
    return [
        _Picture(name, score, path)
        for name, score, run, form in pictures
        if (path := run.image_file(by_run[id(run)], form))
    ]


def _write_score(psnr: float, ssim: float) -> str:
    level = f"{psnr:.2f} dB" if math.isfinite(psnr) else "without error"
    return f"{level}, SSIM {ssim:.4f}"


def _form(picture: _Picture, source: str, *, image: str) -> Form:
    score = f", {picture.score}" if picture.score else ""
    return Form(picture.name, picture.score, source, f"{image}, {picture.name}{score}")


def _size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def _encode_all(paths: Sequence[Path]) -> tuple[list[str], bool]:
    """Data URIs, and whether they are exact."""
    with ThreadPoolExecutor() as threads:
        exact = list(threads.map(lambda path: _encode(path, lossless=True), paths))
        are_exact = sum(map(len, exact)) <= LOSSLESS_BYTES
        if not are_exact:
            exact = list(threads.map(lambda path: _encode(path, lossless=False), paths))
    texts = [base64.b64encode(content).decode("ascii") for content in exact]
    return [f"data:image/webp;base64,{text}" for text in texts], are_exact


def _encode(path: Path, *, lossless: bool) -> bytes:
    stream = io.BytesIO()
    try:
        with Image.open(path) as picture:
            # Method 0 is ten times as fast as the default and takes a tenth more room.
            picture.convert("RGB").save(
                stream,
                "WEBP",
                lossless=lossless,
                quality=LOSSY_QUALITY if not lossless else 0,
                method=2 if not lossless else 0,
            )
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: cannot be read as an image: {error}") from None
    return stream.getvalue()
