"""Image files, and folders of them, that were made to do harm or came to harm."""

import io
import os
import resource
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dropstudy.errors import DataError, DropstudyError
from dropstudy.imaging.reading import list_images, read_image
from tests.cli.calls import call
from tests.cli.commands import ENVIRONMENT, command
from tests.config.experiments import SHORT, write_config
from tests.imaging.examples import random_image, write_images

PIXELS = np.round(255 * random_image(32, 32)).astype(np.uint8)


def _png(width: int, height: int, *chunks: bytes, rows: bytes = b"") -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = _chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def _saved(form: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, form)
    return stream.getvalue()


def _gif(screen: tuple[int, int], frame: tuple[int, int]) -> bytes:
    head = b"GIF89a" + struct.pack("<HH", *screen) + b"\x80\0\0" + bytes(6)
    return head + b"," + struct.pack("<HHHH", 0, 0, *frame) + b"\0\x02\x02\x4c\x01\0;"


TEXT = zlib.compress(b"a" * 200_000_000, 9)
NO_IMAGE = "not an image that can be read"
TOO_LARGE = "pixels; give an image of at most 100 megapixels"
HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty.png": (b"", NO_IMAGE),
    "text.png": (b"just words", NO_IMAGE),
    "page.png": (_saved("PDF"), NO_IMAGE),
    "program.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", NO_IMAGE),
    "postscript.jpg": (_saved("EPS"), NO_IMAGE),
    "icon.png": (_saved("ICO"), NO_IMAGE),
    "drawing.png": (b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>', NO_IMAGE),
    "nothing.png": (_png(0, 0), NO_IMAGE),
    "nothing.gif": (_gif((0, 0), (0, 0)), NO_IMAGE),
    "bomb.png": (_png(60_000, 60_000), f"far more than 100 million {TOO_LARGE}"),
    "map.png": (_png(12_000, 10_000), f"12000×10000 {TOO_LARGE}"),
    "screen.gif": (_gif((65_535, 65_535), (1, 1)), TOO_LARGE),
    "frame.gif": (_gif((1, 1), (65_535, 65_535)), TOO_LARGE),
    "line.png": (_png(100_000_000, 1), "cannot be decoded: "),
    "comment.png": (_png(8, 8, _chunk(b"zTXt", b"k\0\0" + TEXT)), "cannot be decoded: "),
    "profile.png": (_png(8, 8, _chunk(b"iCCP", b"k\0\0" + TEXT)), "cannot be decoded: "),
    "cut.png": (_saved("PNG")[:1500], "cannot be decoded: image file is truncated"),
    "cut.jpg": (_saved("JPEG")[:700], "cannot be decoded: image file is truncated"),
    "cut.webp": (_saved("WEBP")[:300], "cannot be decoded: "),
    "claims.ppm": (b"P6 9000 9000 255\n", "cannot be decoded: image file is truncated"),
    "negative.ppm": (b"P6 -8 8 255\n", NO_IMAGE),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_image_is_refused_by_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name][0])
    with pytest.raises(DataError) as caught:
        read_image(path, "rgb")
    assert str(caught.value).startswith(f"{path}: ")
    assert HOSTILE[name][1] in str(caught.value)


def test_hostile_images_take_bounded_memory_and_time(tmp_path: Path) -> None:
    """All of them in one process with 4 GiB of address space and 60 seconds of work."""
    for name, (content, _) in HOSTILE.items():
        (tmp_path / name).write_bytes(content)
    script = (
        "import sys; from pathlib import Path; from dropstudy.imaging.reading import *\n"
        "for path in map(Path, sys.argv[1:]):\n"
        "    try: read_image(path, 'rgb')\n"
        "    except Exception as error: print(type(error).__name__)\n"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

    done = subprocess.run(
        [*command()[:1], "-c", script, *(str(tmp_path / name) for name in HOSTILE)],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=200,
        check=True,
        preexec_fn=limit,
    )
    assert done.stdout.split() == ["DataError"] * len(HOSTILE)
    assert done.stderr == ""


@pytest.mark.parametrize(("form", "name"), [("JPEG", "a.png"), ("GIF", "a.jpg"), ("PNG", "a.webp")])
def test_an_image_with_another_images_suffix_is_read_as_what_it_is(
    form: str, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(_saved(form))
    assert read_image(path, "rgb").shape == PIXELS.shape


def test_a_large_image_and_damaged_metadata_raise_no_warnings(tmp_path: Path) -> None:
    large = _png(9_500, 9_500, rows=bytes((9_500 * 3 + 1) * 9_500))  # Pillow warns from 89 million
    (tmp_path / "large.png").write_bytes(large)
    assert read_image(tmp_path / "large.png", "grey").shape == (9_500, 9_500, 1)
    entry = b"\x01\x12\0\x03\xff\xff\xff\xff\0\0\0\0"
    exif = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + entry * 3
    Image.fromarray(PIXELS).save(tmp_path / "odd.jpg", exif=exif)
    assert read_image(tmp_path / "odd.jpg", "rgb").shape == PIXELS.shape


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "round.png").symlink_to("round.png")
    for name, reason in (
        ("pipe.png", "it is a pipe or a device, not a file"),
        ("zero.png", "it is a pipe or a device, not a file"),
        ("folder.png", "Is a directory"),
        ("round.png", "Too many levels of symbolic links"),
    ):
        with pytest.raises(DataError, match=rf"{name}: cannot be decoded: {reason}"):
            read_image(tmp_path / name, "rgb")
    assert list_images(tmp_path) == []


def test_links_that_lead_round_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    write_images(tmp_path, "a.png", "b/c.png")
    (tmp_path / "b" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self").symlink_to("self")
    assert list_images(tmp_path) == [tmp_path / "a.png", tmp_path / "b" / "c.png"]


def test_folders_nested_without_end_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(1200):
        Path("a").mkdir()
        os.chdir("a")
    monkeypatch.chdir(tmp_path)
    try:
        with pytest.raises(DataError, match=rf"^{tmp_path}: its folders are nested too deeply"):
            list_images(tmp_path)
    finally:  # pytest cannot remove them
        subprocess.run(["rm", "-r", str(tmp_path / "a")], check=True)


@pytest.mark.parametrize("folder", ["a\0b", "a" * 300, "x/" * 3000])
def test_a_folder_that_cannot_be_is_named(folder: str) -> None:
    with pytest.raises(DataError, match=r"(not a folder|cannot be read)"):
        list_images(Path(folder))


@pytest.mark.parametrize("name", ["empty.png", "program.png", "bomb.png", "cut.jpg"])
def test_a_run_on_a_hostile_image_leaves_nothing_behind(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_images(tmp_path / "data", "0.png", "1.png", "2.png", side=32)
    (tmp_path / "data" / name).write_bytes(HOSTILE[name][0])
    text = SHORT.replace("kind: photos", f"kind: folder, path: {tmp_path / 'data'}")
    file = write_config(tmp_path, text)
    with pytest.raises(DropstudyError) as caught:
        call(capsys, "run", file, "--runs-dir", tmp_path / "runs")
    assert str(caught.value).startswith(f"{tmp_path}/data/{name}: ")
    assert caught.value.exit_code == 2
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("path", ["a\\0b", "a\\nb", "a" * 5000, "/dev/zero"])
def test_a_run_on_a_folder_that_cannot_be_leaves_nothing_behind(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SHORT.replace("kind: photos", f'kind: folder, path: "{path}"')
    with pytest.raises(DataError, match=r"(not a folder|cannot be read)"):
        call(capsys, "run", write_config(tmp_path, text), "--runs-dir", tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
