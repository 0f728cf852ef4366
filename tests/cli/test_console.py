import io
import os
import sys
from pathlib import Path

import pytest
from rich.console import Console

from dropstudy.cli.console import align_columns, console, print_error, printable
from dropstudy.cli.display import LineDisplay
from dropstudy.training.framework import divert_stderr

TRICKY = "runs [old]/a.yaml:100: tags[1]: got [/b]; :warning: " + "long " * 40


def test_an_error_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(f"{TRICKY}\nb.yaml:1234: second")
    captured = capsys.readouterr()
    assert captured.err == f"error: {TRICKY}\nb.yaml:1234: second\n"
    assert captured.out == ""


def test_an_error_tells_a_terminal_nothing_to_obey(capsys: pytest.CaptureFixture[str]) -> None:
    print_error("a\x1b[31m: first\nb\x07: second")
    assert capsys.readouterr().err == "error: a\\x1b[31m: first\nb\\x07: second\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("größe 4×4 … 木 👩\u200d🔬 a\xa0b", "größe 4×4 … 木 👩\u200d🔬 a\xa0b"),
        ("a\x1b[31mb\n\t", r"a\x1b[31mb\n\t"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("left\u202ethgir", r"left\u202ethgir"),
        ("\udce9", r"\udce9"),
    ],
)
def test_what_a_terminal_might_obey_is_spelled_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_signs_that_may_stay_do() -> None:
    assert printable("a\n\tb\r\n", keep="\n\t") == "a\n\tb\\r\n"


def test_what_is_printed_without_markup_is_left_as_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console.print(TRICKY, markup=False)
    assert capsys.readouterr().out == f"{TRICKY}\n"


def test_columns_are_aligned_words_to_the_left_and_numbers_to_the_right() -> None:
    rows = [["group", "rate"], ["skip", "0.1"], ["bottleneck", "0.25"]]
    assert align_columns(rows, left=1) == [
        "group       rate",
        "skip         0.1",
        "bottleneck  0.25",
    ]


def test_standard_error_goes_to_the_file_even_from_below_python(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.txt"
    log.write_text("before\n", encoding="utf-8")
    with pytest.raises(ValueError, match="inside"), divert_stderr(log):
        os.write(2, b"from below\n")
        raise ValueError("inside")
    os.write(2, b"afterwards\n")
    assert log.read_text(encoding="utf-8") == "before\nfrom below\n"
    assert capfd.readouterr().err == "afterwards\n"


def test_a_display_on_a_terminal_leaves_standard_error_to_the_log(tmp_path: Path) -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True)
    with LineDisplay(terminal), divert_stderr(tmp_path / "log.txt"):
        os.write(2, b"from below\n")
        assert sys.stderr is not terminal.file
        assert type(sys.stderr).__module__ != "rich.file_proxy"
    assert (tmp_path / "log.txt").read_text() == "from below\n"
