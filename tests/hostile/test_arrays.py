"""``.npz`` files that claim much, unpack to much, or hold code."""

import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dropstudy.config.data import Arrays
from dropstudy.errors import DataError
from dropstudy.imaging.sources import MAX_BYTES_HELD, load_split
from tests.cli.calls import call
from tests.config.experiments import SHORT, write_config

SHAPE = (3, 8, 8, 3)
BYTES = bytes(3 * 8 * 8 * 3)


class _Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def _npy(shape: object = SHAPE, kind: object = "|u1", *, data: bytes = BYTES) -> bytes:
    return _with_header(repr({"descr": kind, "fortran_order": False, "shape": shape}), data)


def _with_header(header: str, data: bytes = BYTES) -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text + data


def _write(path: Path, content: bytes, *, method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("clean.npy", content)


def _read(path: Path | str, **options: Any) -> None:
    load_split(Arrays(kind="arrays", path=str(path), patch_size=8, **options))


NO_ARRAYS = "not a .npz file of plain arrays: "
HOSTILE: dict[str, tuple[bytes, str]] = {
    "claims 100 GB": (_npy((100, 20_000, 20_000, 3)), NO_ARRAYS),
    "claims an exabyte": (_npy((10**9, 10**6, 1000, 3)), NO_ARRAYS),
    "claims more than can be counted": (_npy((2**62, 4, 2, 3)), NO_ARRAYS),
    "claims less than nothing": (_npy((-1, 8, 8, 3)), NO_ARRAYS),
    "claims what it has not": (_npy((30, 8, 8, 3)), NO_ARRAYS),
    "a shape of words": (_npy(("a", 8, 8, 3)), NO_ARRAYS),
    "a header of code": (_with_header("__import__('os').system('touch pwned')"), NO_ARRAYS),
    "a deep header": (_with_header("(" * 9000), NO_ARRAYS),
    "a long header": (_with_header("1" * 60_000), NO_ARRAYS),
    "no header": (b"just words", NO_ARRAYS),
    "no bytes": (b"", NO_ARRAYS),
    "objects": (_npy((3,), "|O"), f"{NO_ARRAYS}Object arrays cannot be loaded"),
    "objects within": (_npy(SHAPE, [("a", "<f4"), ("b", "|O")]), f"{NO_ARRAYS}Object arrays"),
    "times": (_npy(SHAPE, "<M8[s]", data=8 * BYTES), "clean: has type datetime64[s]; give uint8"),
    "nothing, often": (_npy((10**12, 4, 2, 3), "|S0"), "clean: has type |S0; give uint8"),
    "complex numbers": (_npy(SHAPE, "<c8", data=8 * BYTES), "clean: has type complex64; give"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_array_is_refused_by_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _write(tmp_path / "a.npz", HOSTILE[name][0])
    with pytest.raises(DataError) as caught:
        _read("a.npz")
    assert str(caught.value).startswith(f"a.npz: {HOSTILE[name][1]}")
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    trap = pickle.dumps(_Touch(tmp_path / "pwned"))
    _write(tmp_path / "member.npz", _npy((1,), "|O", data=trap))
    (tmp_path / "bare.npz").write_bytes(trap)
    for name in ("member", "bare"):
        with pytest.raises(DataError, match=rf"{name}\.npz: not a \.npz file of plain arrays: "):
            _read(tmp_path / f"{name}.npz")
    assert not (tmp_path / "pwned").exists()


def _claim_size(path: Path, size: int) -> None:
    """Changes how large the last member is once it is unpacked, as its archive says."""
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02") + 24
    content[place : place + 4] = struct.pack("<I", size)
    path.write_bytes(content)


def test_arrays_that_unpack_to_too_much_are_refused_before_they_are_unpacked(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("degraded.npy", bytes(150_000_000))
        archive.writestr("clean.npy", _npy())
    _claim_size(path, MAX_BYTES_HELD - 100_000_000)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(DataError, match=r"bomb\.npz: its arrays take 4\.0 GiB of memory; give at"):
        _read(path)


def test_more_than_an_archive_says_is_never_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "lie.npz"
    _write(path, _npy((64, 1024, 1024, 1), data=bytes(64 << 20)))
    _claim_size(path, 5000)
    with pytest.raises(DataError, match=r"lie\.npz: not a \.npz file of plain arrays: "):
        _read(path, channels="grey")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_compression_of_any_kind_is_refused(method: int, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    _write(path, _npy(data=os.urandom(len(BYTES))), method=method)
    content = bytearray(path.read_bytes())
    content[60:200] = bytes(140)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npz: (cannot be read|not a \.npz file)"):
        _read(path)


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    (tmp_path / "folder.npz").mkdir()
    for path, reason in (
        (tmp_path / "pipe.npz", "it is a pipe or a device, not a file"),
        ("/dev/zero", "it is a pipe or a device, not a file"),
        (tmp_path / "folder.npz", "Is a directory"),
        ("a\0b", "no file can have this name"),
        ("a" * 5000, "File name too long"),
    ):
        with pytest.raises(DataError) as caught:
            _read(path)
        assert str(caught.value) == f"{path}: cannot be read: {reason}"


@pytest.mark.parametrize("name", ["claims 100 GB", "objects", "no bytes"])
def test_a_run_on_a_hostile_array_leaves_nothing_behind(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path / "a.npz", HOSTILE[name][0])
    text = SHORT.replace("kind: photos", f"kind: arrays, path: {tmp_path / 'a.npz'}")
    with pytest.raises(DataError) as caught:
        call(capsys, "run", write_config(tmp_path, text), "--runs-dir", tmp_path / "runs")
    assert caught.value.exit_code == 2
    assert not (tmp_path / "runs").exists()
