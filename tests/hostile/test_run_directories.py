"""Run directories that were edited by hand, damaged, or put together to do harm."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.parsing import MAX_BYTES
from dropstudy.runs.reading import Run
from tests.cli.calls import call
from tests.cli.commands import dropstudy
from tests.hostile.targets import read_run

FROZEN = Path(__file__).parents[1] / "data" / "runs" / "spatial-0"
READ: dict[str, Callable[[Run], Any]] = {
    "config.json": lambda run: run.settings,
    "environment.json": lambda run: run.environment,
    "result.json": lambda run: run.result,
    "epochs.jsonl": lambda run: run.epochs,
    "images.jsonl": lambda run: run.images,
}
LINES = {"epochs.jsonl", "images.jsonl"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A copy of a run that was trained, to be damaged."""
    copy = tmp_path / "runs" / "spatial-0"
    shutil.copytree(FROZEN, copy)
    return copy


def _refusal(path: Path, file: str) -> str:
    """What reading ``file`` says after the name of the run."""
    with pytest.raises(RunDirectoryError) as caught:
        READ[file](Run(RunDirectory(path)))
    text = str(caught.value)
    assert text.startswith(f"{path}/{file}")
    assert caught.value.exit_code == 2
    assert len(text) < len(str(path)) + 300
    return text.removeprefix(f"{path}/")


@pytest.mark.parametrize("file", READ)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe" * 100 + b"\n", "not UTF-8 text"),
        (b"\0" * 1000 + b"\n", "not JSON: "),
        (b"\x1f\x8b\x08\0rubbish\n", "not UTF-8 text"),
        (b"rubbish\n", "not JSON: "),
        (b"[1, 2]\n", "not a JSON object"),
        (b"NaN\n", "not a JSON object"),
        (b"[" * 100_000 + b"\n", "not JSON: "),
        (b'{"a":' * 100_000 + b"\n", "not JSON: "),
        (b'{"epoch": ' + b"1" * 10_000 + b"}\n", "not JSON: Exceeds the limit"),
    ],
    ids=["bytes", "nulls", "gzip", "words", "list", "NaN", "deep list", "deep object", "digits"],
)
def test_a_file_of_rubbish_is_named(file: str, content: bytes, message: str, path: Path) -> None:
    (path / file).write_bytes(content)
    place = f"{file}:1: " if file in LINES or message == "not JSON: " else f"{file}: "
    refusal = _refusal(path, file)
    assert refusal.startswith((f"{place}damaged: {message}", f"{file}: damaged: {message}"))
    assert read_run(path)


@pytest.mark.parametrize("file", READ)
def test_what_is_no_file_of_the_run_is_refused_without_waiting_for_it(
    file: str, path: Path
) -> None:
    """A folder, a pipe, a device, and links that lead out, round in a circle or nowhere."""
    place = path / file
    outside = path.parent / file
    outside.write_bytes(place.read_bytes())
    place.unlink()
    place.mkdir()
    assert _refusal(path, file) == f"{file}: cannot be read: Is a directory"
    place.rmdir()
    os.mkfifo(place)
    reason = "it is a pipe or a device, not a file"
    assert _refusal(path, file) == f"{file}: cannot be read: {reason}"
    for target in ("/dev/zero", outside, "/nowhere"):
        place.unlink()
        place.symlink_to(target)
        assert _refusal(path, file) == f"{file}: a link that leads out of the run"
        assert read_run(path)
    place.unlink()
    place.symlink_to(place.name)
    assert _refusal(path, file).startswith(f"{file}: cannot be read: ")


def test_a_link_within_the_run_is_followed(path: Path) -> None:
    (path / "result.json").rename(path / "moved.json")
    (path / "result.json").symlink_to("moved.json")
    assert Run(RunDirectory(path)).status == "finished"


def test_a_whole_run_may_be_linked(path: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(path)
    assert read_run(tmp_path / "linked") == []


def test_a_configuration_that_is_no_file_is_no_run(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is its content shown where it lies elsewhere."""
    (path / "config.yaml").unlink()
    (path / "config.yaml").symlink_to("/etc/hostname")
    with pytest.raises(RunDirectoryError, match=r"config\.yaml: a link that leads out of the run"):
        call(capsys, "show", path, "--config")
    (path / "config.yaml").unlink()
    os.mkfifo(path / "config.yaml")
    with pytest.raises(
        RunDirectoryError, match=r"neither a run directory nor a run in|has no runs"
    ):
        call(capsys, "show", path, "--runs-dir", path.parent)


def test_a_file_of_many_megabytes_is_refused_before_it_is_read(path: Path) -> None:
    for file in READ:
        with (path / file).open("wb") as stream:
            stream.truncate(1 << 40)  # takes no room
        assert f"has {1 << 40:,} bytes, more than {MAX_BYTES:,}" in _refusal(path, file)


def _edit(path: Path, file: str, *keys: str | int, value: Any) -> None:
    """Sets one value; of a file of lines in its second one."""
    lines = (path / file).read_text().splitlines() if file in LINES else []
    content = json.loads(lines[1] if lines else (path / file).read_text())
    target = content
    for key in keys[:-1]:
        target = target[key]
    target[keys[-1]] = value
    text = json.dumps(content)
    if lines:
        text = "\n".join([lines[0], text, *lines[2:], ""])
    (path / file).write_text(text)


@pytest.mark.parametrize(
    ("file", "keys", "value", "message"),
    [
        ("config.json", ("data",), None, "config.json: damaged: it has no usable data"),
        ("config.json", ("name",), ["a"], "config.json: damaged: it has no usable name"),
        ("config.json", ("dropout", "skip"), "none", "config.json: damaged: it has no usable drop"),
        ("config.json", ("tags",), "a", "config.json: damaged: it has no usable tags"),
        ("environment.json", ("started",), 0, "environment.json: damaged: started is 0"),
        ("environment.json", ("cores",), 2**63, "environment.json: damaged: cores is 92233720"),
        (
            "environment.json",
            ("pictures", "test"),
            1,
            "environment.json: damaged: pictures.test is",
        ),
        ("environment.json", ("runtime",), [], "environment.json: damaged: runtime is []"),
        ("result.json", ("status",), "great", "result.json: damaged: its status is 'great'"),
        ("result.json", ("parameters",), 1e400, "result.json: damaged: parameters is Infinity"),
        ("result.json", ("total_seconds",), float("nan"), "result.json: damaged: total_seconds is"),
        ("result.json", ("error",), {}, "result.json: damaged: error is {}"),
        ("epochs.jsonl", ("epoch",), "2", 'epochs.jsonl:2: damaged: epoch is "2"'),
        ("epochs.jsonl", ("val_psnr",), "a" * 9999, 'epochs.jsonl:2: damaged: val_psnr is "aaaa'),
        ("epochs.jsonl", ("train_seconds",), 1e308, "epochs.jsonl:2: damaged: train_seconds is 1e"),
        ("images.jsonl", ("part",), "training", 'images.jsonl:2: damaged: part is "training"'),
        ("images.jsonl", ("files",), ["a.png"], "images.jsonl:2: damaged: files is"),
    ],
)
def test_a_value_of_another_kind_is_named_with_its_place(
    file: str, keys: tuple[str, ...], value: Any, message: str, path: Path
) -> None:
    _edit(path, file, *keys, value=value)
    assert _refusal(path, file).startswith(message)
    assert any(message in refusal for refusal in read_run(path))


@pytest.mark.parametrize(
    "name", ["../../secret.png", "/etc/passwd", "images/out.png", "a\0b", "x" * 5000]
)
def test_a_picture_never_comes_from_outside_of_the_run(name: str, path: Path) -> None:
    (path / "images" / "out.png").symlink_to("/etc/passwd")
    _edit(path, "images.jsonl", "files", value={"clean": name})
    run = Run(RunDirectory(path))
    with pytest.raises(RunDirectoryError, match=r"images\.jsonl: damaged: .*(leads out|no file's)"):
        run.image_file(run.images[1], "clean")


def test_a_damaged_run_is_listed_beside_the_others_and_its_file_named(path: Path) -> None:
    shutil.copytree(FROZEN, path.parent / "whole-0")
    _edit(path, "result.json", "best", "epoch", value=None)
    done = dropstudy("list", "--runs-dir", path.parent)
    assert done.returncode == 0
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:]] == [
        ["whole-0", "finished"],
        ["spatial-0", "damaged"],
    ]
    assert done.stderr == f"{path}/result.json: damaged: epoch is null\n"
    done = dropstudy("show", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {path}/result.json: damaged: epoch is null\n"


def test_words_of_a_run_that_a_terminal_would_obey_are_spelled_out(path: Path) -> None:
    for file, keys in (
        ("config.json", ("name",)),
        ("config.json", ("notes",)),
        ("result.json", ("error",)),
        ("environment.json", ("processor",)),
        ("environment.json", ("command", 0)),
        ("images.jsonl", ("image",)),
    ):
        _edit(path, file, *keys, value="\x1b]0;pwned\x07\x1b[31m\u202e\ud800")
    (path / "config.yaml").write_bytes((path / "config.yaml").read_bytes() + b"# \x1b[31m\n")
    assert read_run(path) == []
