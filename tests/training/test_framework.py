import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dropstudy.errors import DataError, DropstudyError
from dropstudy.training.framework import quiet_framework

IMPORT = """
import gc, json, sys
from dropstudy.training.framework import import_framework
import_framework()
loaded = set(sys.modules)
import matplotlib
print(json.dumps({
    "loaded": sorted(loaded & {"keras", "tensorflow", "matplotlib", "pandas"}),
    "collects": gc.isenabled(),
    "frozen": gc.get_freeze_count(),
    "importable": hasattr(matplotlib, "colormaps"),
}))
"""


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


def test_the_framework_comes_without_what_is_not_used_and_leaves_no_trace_of_how() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["loaded"] == ["keras", "tensorflow"]
    assert found["importable"]  # Matplotlib, once someone wants it
    assert found["collects"]
    assert found["frozen"] > 100_000  # what the import left is not gone through again
