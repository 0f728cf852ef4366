import os
from pathlib import Path

import pytest

from dropstudy.files import open_plain, read_plain


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert read_plain(path, most_bytes=5) == b"12345"
    with pytest.raises(OSError) as caught:
        read_plain(path, most_bytes=4)
    assert caught.value.strerror == "it has 5 bytes, more than 4"


def test_a_file_whose_size_is_not_told_is_bounded_as_well() -> None:
    with pytest.raises(OSError, match="more than 3"):
        read_plain(Path("/proc/self/status"), most_bytes=3)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, reason in (
        (tmp_path / "pipe", "it is a pipe or a device, not a file"),
        (Path("/dev/zero"), "it is a pipe or a device, not a file"),
        (tmp_path, "Is a directory"),
        (tmp_path / "none", "No such file or directory"),
        (Path("a\0b"), "no file can have this name"),
        (Path("a\ud800b"), "no file can have this name"),
    ):
        with pytest.raises(OSError) as caught:
            open_plain(path)
        assert caught.value.strerror == reason


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    before = os.listdir("/proc/self/fd")  # noqa: PTH208 - of this process
    for path, most in ((tmp_path, 9), (Path("/dev/zero"), 9), (tmp_path / "a", 1)):
        with pytest.raises(OSError):
            read_plain(path, most_bytes=most)
    assert len(os.listdir("/proc/self/fd")) == len(before)  # noqa: PTH208
