"""Turns an image file of any common form into 8-bit pixels."""

import os
import warnings
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from dropstudy.errors import DataError
from dropstudy.files import open_plain
from dropstudy.imaging.arrays import Bytes

if TYPE_CHECKING:
    from dropstudy.config.data import Channels

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm"}) | {
    ".tif",
    ".tiff",
    ".webp",
}
MAX_PIXELS = 100_000_000
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""What is tried, whatever a file is called: for others, such as EPS, Pillow starts programs."""


def read_image(path: Path, channels: "Channels") -> Bytes:
    """Decodes an image the way a viewer would show it.

    An EXIF turn is applied, transparency is laid over white, 16-bit grey is scaled to 8
    bits, and palettes, CMYK and other colour models become RGB. Of an animation the
    first frame counts.

    Args:
        path: The image file.
        channels: Whether to return colours or BT.601 luma.

    Returns:
        Pixels of shape ``(height, width, 3)``, or ``(height, width, 1)`` for grey.

    Raises:
        DataError: The file is no image, is damaged, or has more than 100 megapixels.
    """
    try:
        with warnings.catch_warnings(), open_plain(path) as stream:
            warnings.simplefilter("ignore")  # of damaged metadata, and of more than 89 megapixels
            image = _decode(stream, path).convert("RGB" if channels == "rgb" else "L")
    except UnidentifiedImageError:
        raise DataError(f"{path}: not an image that can be read") from None
    except Image.DecompressionBombError:
        raise _too_large(path, "far more than 100 million") from None
    except DataError:
        raise
    except Exception as error:  # what a decoder may raise of a damaged file has no end
        reason = error.strerror if isinstance(error, OSError) else None
        raise DataError(
            f"{path}: cannot be decoded: {reason or str(error) or type(error).__name__}"
        ) from None
    pixels = np.asarray(image, dtype=np.uint8)
    return pixels if channels == "rgb" else pixels[..., np.newaxis]


def list_images(folder: Path) -> list[Path]:
    """All image files below ``folder``, by name; hidden ones and linked folders left out.

    Raises:
        DataError: There is no such folder, or it cannot be read.
    """
    try:
        is_folder = folder.is_dir()
    except OSError as error:  # a name too long, a folder above that may not be entered
        raise DataError(f"{folder}: cannot be read: {error.strerror}") from None
    if not is_folder:
        raise DataError(f"{folder}: not a folder; data are looked for from {Path.cwd()}")

    def fail(error: OSError) -> None:
        raise DataError(f"{error.filename}: cannot be read: {error.strerror}") from error

    try:
        return sorted(
            Path(parent, name)
            for parent, folders, names in os.walk(folder, onerror=fail)
            for name in names
            if not name.startswith(".")
            and not any(part.startswith(".") for part in Path(parent).relative_to(folder).parts)
            and Path(name).suffix.lower() in SUFFIXES
            and Path(parent, name).is_file()
        )
    except RecursionError:
        raise DataError(f"{folder}: its folders are nested too deeply to be read") from None


def _decode(stream: IO[bytes], path: Path) -> Image.Image:
    with Image.open(stream, formats=_FORMATS) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise _too_large(path, f"{opened.width}×{opened.height}")
        return _flatten(ImageOps.exif_transpose(opened), path, of_netpbm=opened.format == "PPM")


def _too_large(path: Path, size: str) -> DataError:
    return DataError(
        f"{path}: {size} pixels; give an image of at most {MAX_PIXELS // 1_000_000} megapixels"
    )


def _flatten(image: Image.Image, path: Path, *, of_netpbm: bool) -> Image.Image:
    # Pillow opens a PGM of 16 bits as one of 32.
    if image.mode.startswith("I;16") or (image.mode == "I" and of_netpbm):
        return Image.fromarray(np.round(np.asarray(image) / 257).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise DataError(
            f"{path}: 32-bit pixels have no known range; save it with 8 or 16 bits a channel"
        )
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    image.load()
    return image
