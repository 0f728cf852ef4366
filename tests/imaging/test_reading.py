import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dropstudy.config.data import Channels
from dropstudy.errors import DataError
from dropstudy.imaging.reading import SUFFIXES, list_images, read_image
from tests.imaging.examples import random_image, write_images

RED, GREEN = (255, 0, 0), (0, 255, 0)
PIXELS = np.round(255 * random_image(9, 12)).astype(np.uint8)


def _save(image: Image.Image, path: Path, **options: Any) -> Path:
    image.save(path, **options)
    return path


@pytest.mark.parametrize("suffix", [".bmp", ".png", ".ppm", ".tif", ".tiff"])
def test_colours_come_back_as_they_were_saved(suffix: str, tmp_path: Path) -> None:
    path = _save(Image.fromarray(PIXELS), tmp_path / f"a{suffix}")
    read = read_image(path, "rgb")
    assert read.dtype == np.uint8
    assert np.array_equal(read, PIXELS)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_every_listed_suffix_can_be_read(suffix: str, tmp_path: Path) -> None:
    mode = "L" if suffix == ".pgm" else "RGB"
    path = _save(Image.fromarray(PIXELS).convert(mode), tmp_path / f"a{suffix.upper()}")
    assert list_images(tmp_path) == [path]
    assert read_image(path, "rgb").shape == (9, 12, 3)


@pytest.mark.parametrize(
    ("mode", "pixel", "expected"),
    [
        ("RGBA", (255, 0, 0, 255), RED),
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (0, 0, 0, 51), (204, 204, 204)),
        ("LA", (0, 102), (153, 153, 153)),
        ("L", 77, (77, 77, 77)),
        ("1", 1, (255, 255, 255)),
        ("1", 0, (0, 0, 0)),
        ("CMYK", (0, 255, 255, 0), RED),
        ("CMYK", (0, 0, 0, 255), (0, 0, 0)),
        ("I;16", 65535, (255, 255, 255)),
        ("I;16", 128 * 257 + 120, (128, 128, 128)),
        ("I;16", 128 * 257 + 140, (129, 129, 129)),
    ],
)
def test_every_colour_model_becomes_what_a_viewer_shows(
    mode: str, pixel: float | tuple[int, ...], expected: tuple[int, ...], tmp_path: Path
) -> None:
    path = _save(
        Image.new(mode, (3, 2), pixel), tmp_path / f"a{'.tif' if mode == 'CMYK' else '.png'}"
    )
    read = read_image(path, "rgb")
    assert read.shape == (2, 3, 3)
    assert (read == expected).all()


def test_big_endian_16_bit_grey_is_scaled_as_well(tmp_path: Path) -> None:
    values = np.array([[0, 257, 65535]], dtype=">u2")
    path = _save(Image.fromarray(values), tmp_path / "a.tif")
    assert read_image(path, "grey").ravel().tolist() == [0, 1, 255]


def test_a_16_bit_pgm_is_scaled_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.pgm"
    path.write_bytes(b"P5 3 1 65535\n" + struct.pack(">3H", 0, 257, 65535))
    assert read_image(path, "grey").ravel().tolist() == [0, 1, 255]


@pytest.mark.parametrize(
    ("transparency", "expected"), [(None, [RED, GREEN]), (0, [(255, 255, 255), GREEN])]
)
def test_a_palette_becomes_its_colours_and_its_hole_white(
    transparency: int | None, expected: list[tuple[int, ...]], tmp_path: Path
) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *GREEN])
    image.putpixel((1, 0), 1)
    options = {} if transparency is None else {"transparency": transparency}
    read = read_image(_save(image, tmp_path / "a.png", **options), "rgb")
    assert read[0].tolist() == [list(colour) for colour in expected]


def test_a_transparent_colour_of_an_rgb_image_is_laid_over_white(tmp_path: Path) -> None:
    path = _save(Image.new("RGB", (2, 2), RED), tmp_path / "a.png", transparency=RED)
    assert (read_image(path, "rgb") == 255).all()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_an_exif_turn_is_applied(suffix: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to show
    stored = Image.new("RGB", (32, 16), "black")
    stored.paste("white", (0, 0, 16, 16))
    read = read_image(_save(stored, tmp_path / f"a{suffix}", exif=exif), "rgb")
    assert read.shape == (32, 16, 3)
    assert read[:14].mean() > 240
    assert read[-14:].mean() < 15


def test_grey_is_bt_601_luma(tmp_path: Path) -> None:
    path = _save(Image.fromarray(PIXELS), tmp_path / "a.png")
    grey = read_image(path, "grey")
    assert grey.shape == (9, 12, 1)
    assert np.allclose(grey[..., 0], PIXELS @ np.array([0.299, 0.587, 0.114]), atol=0.51)


def test_grey_becomes_three_equal_channels_when_rgb_is_asked(tmp_path: Path) -> None:
    path = _save(Image.fromarray(PIXELS[..., 0]), tmp_path / "a.png")
    assert np.array_equal(read_image(path, "rgb"), np.repeat(PIXELS[..., :1], 3, axis=-1))


def test_of_an_animation_the_first_frame_counts(tmp_path: Path) -> None:
    red, green = (Image.new("RGB", (4, 4), colour) for colour in (RED, GREEN))
    path = _save(red, tmp_path / "a.gif", save_all=True, append_images=[green])
    assert (read_image(path, "rgb") == RED).all()


def _png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"")


@pytest.mark.parametrize("channels", ["rgb", "grey"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an image that can be read"),
        (b"just words", "not an image that can be read"),
        (_png_header(30_000, 30_000), "far more than 100 million pixels; give an image of"),
        (_png_header(8, 8), "cannot be decoded: image file is truncated"),
    ],
    ids=["empty", "text", "bomb", "header alone"],
)
def test_a_file_that_is_no_image_is_refused_by_name(
    content: bytes, reason: str, channels: Channels, tmp_path: Path
) -> None:
    path = tmp_path / "holiday.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"^{path}: {reason}"):
        read_image(path, channels)


def test_an_image_of_more_than_100_megapixels_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    path.write_bytes(_png_header(12_000, 10_000))
    with pytest.raises(DataError, match=rf"^{path}: 12000×10000 pixels; give .* 100 megapixels"):
        read_image(path, "rgb")


@pytest.mark.parametrize("suffix", [".bmp", ".gif", ".jpg", ".png", ".ppm", ".tif", ".webp"])
@pytest.mark.parametrize("kept", [0.2, 0.6, 0.9])
def test_a_truncated_file_is_refused_by_name(suffix: str, kept: float, tmp_path: Path) -> None:
    whole = _save(Image.fromarray(PIXELS).resize((64, 64)), tmp_path / f"whole{suffix}")
    content = whole.read_bytes()
    path = tmp_path / f"part{suffix}"
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(DataError, match=rf"^{path}: (cannot be decoded|not an image)"):
        read_image(path, "rgb")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.png: cannot be decoded: No such file"):
        read_image(tmp_path / "gone.png", "rgb")


@pytest.mark.parametrize("pixels", [np.zeros((4, 4), np.float32), np.zeros((4, 4), np.int32)])
def test_32_bit_pixels_are_refused_by_name(pixels: NDArray[Any], tmp_path: Path) -> None:
    path = _save(Image.fromarray(pixels), tmp_path / "depth.tif")
    with pytest.raises(DataError, match=rf"^{path}: 32-bit pixels have no known range; save it"):
        read_image(path, "rgb")


def test_images_are_listed_from_all_folders_by_name_without_hidden_ones(tmp_path: Path) -> None:
    wanted = ["a.png", "b/a.JPG", "b/c/d.webp"]
    write_images(tmp_path, *wanted, ".hidden.png", ".cache/a.png", "b/.thumbnails/c/a.png")
    (tmp_path / "notes.txt").write_text("no image")
    assert list_images(tmp_path) == [tmp_path / name for name in wanted]


def test_a_hidden_folder_can_be_named_itself(tmp_path: Path) -> None:
    write_images(tmp_path / ".photos", "a.png")
    assert list_images(tmp_path / ".photos") == [tmp_path / ".photos" / "a.png"]


def test_a_link_that_leads_round_in_circles_ends(tmp_path: Path) -> None:
    write_images(tmp_path, "a.png", "b/c.png")
    (tmp_path / "b" / "again").symlink_to(tmp_path, target_is_directory=True)
    assert list_images(tmp_path) == [tmp_path / "a.png", tmp_path / "b" / "c.png"]


@pytest.mark.parametrize("name", ["gone", "file.png"])
def test_what_is_no_folder_is_named_with_the_place_it_was_looked_for_from(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_images(tmp_path, "file.png")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=rf"^{name}: not a folder; .* from {tmp_path}$"):
        list_images(Path(name))
