import math
import sys
from pathlib import Path

import numpy as np
import pytest

from dropstudy.runs.environment import peak_memory_bytes
from dropstudy.timing import machine
from dropstudy.timing.machine import OtherPrograms, forget_peak_memory

MEBIBYTE = 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has it")
def test_a_peak_of_memory_can_be_forgotten() -> None:
    np.ones(200 * MEBIBYTE, dtype=np.uint8)
    before = peak_memory_bytes()
    forget_peak_memory()
    if not machine.FORGET_PEAK.exists():
        pytest.skip("this kernel cannot")
    assert peak_memory_bytes() < before - 100 * MEBIBYTE


def test_what_others_use_is_a_share_of_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = tmp_path / "stat"
    times.write_text("cpu  0 0 0 0 0 0 0 0 0 0\n")
    monkeypatch.setattr(machine, "PROCESSOR_TIMES", times)
    others = OtherPrograms()
    assert others.share() == 0
    times.write_text("cpu  1000000 0 0 0 0 0 0 0 0 0\n")
    assert others.share() > 1


def test_where_the_system_does_not_tell_it_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "PROCESSOR_TIMES", tmp_path / "nothing")
    assert math.isnan(OtherPrograms().share())
