"""Turns an image file of any common form into 8-bit pixels."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from dropstudy.errors import DataError
from dropstudy.imaging.arrays import Bytes

if TYPE_CHECKING:
    from dropstudy.config.data import Channels

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm"}) | {
    ".tif",
    ".tiff",
    ".webp",
}
MAX_PIXELS = 100_000_000


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
        with Image.open(path) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise DataError(
                    f"{path}: {opened.width}×{opened.height} pixels; "
                    f"give an image of at most {MAX_PIXELS // 1_000_000} megapixels"
                )
            image = _flatten(
                ImageOps.exif_transpose(opened), path, of_netpbm=opened.format == "PPM"
            )
    except UnidentifiedImageError:
        raise DataError(f"{path}: not an image that can be read") from None
    except DataError:
        raise
    except Exception as error:  # what a decoder may raise of a damaged file has no end
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DataError(f"{path}: cannot be decoded: {reason}") from None
    pixels = np.asarray(image.convert("RGB" if channels == "rgb" else "L"), dtype=np.uint8)
    return pixels if channels == "rgb" else pixels[..., np.newaxis]


def list_images(folder: Path) -> list[Path]:
    """All image files below ``folder``, by name; hidden ones and linked folders left out.

    Raises:
        DataError: There is no such folder, or it cannot be read.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: not a folder; data are looked for from {Path.cwd()}")

    def fail(error: OSError) -> None:
        raise DataError(f"{error.filename}: cannot be read: {error.strerror}") from error

    return sorted(
        Path(parent, name)
        for parent, folders, names in os.walk(folder, onerror=fail)
        for name in names
        if not name.startswith(".")
        and not any(part.startswith(".") for part in Path(parent).relative_to(folder).parts)
        and Path(name).suffix.lower() in SUFFIXES
        and Path(parent, name).is_file()
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
