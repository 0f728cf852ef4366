import os
import shutil
from pathlib import Path

import pytest

from dropstudy.cli.framework import quiet_framework
from dropstudy.errors import DataError, DropstudyError


@pytest.fixture(autouse=True)
def backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")


def test_an_unforeseen_error_is_a_line_and_its_traceback_is_kept() -> None:
    with pytest.raises(DropstudyError) as caught, quiet_framework("tensorflow"):
        raise ValueError("something odd\nat length")
    reason, _, log = str(caught.value).removesuffix(")").partition(" (in full in ")
    assert reason == "ValueError: something odd"
    assert "Traceback" in Path(log).read_text(encoding="utf-8")
    shutil.rmtree(Path(log).parent)


def test_an_error_of_ours_passes_as_it_is() -> None:
    with pytest.raises(DataError, match=r"^no images$"), quiet_framework("tensorflow"):
        raise DataError("no images")


def test_what_is_written_to_standard_error_is_not_seen(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_framework("tensorflow"):
        os.write(2, b"chatter of a library in C++")
    assert capfd.readouterr().err == ""
