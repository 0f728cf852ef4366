from pathlib import Path

import pytest

from dropstudy.analysis.probe_measures import probe_measure
from dropstudy.errors import ConfigError
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.probes import ProbeResults, write_probes
from dropstudy.runs.reading import Run

NOISE = {"kind": "unseen", "name": "noise40", "task": {"kind": "gaussian", "sigma": 40.0}}
SHIFT = {"kind": "variance_shift", "patches": 512}


@pytest.fixture
def probed(tmp_path: Path) -> Run:
    directory = RunDirectory(tmp_path)
    directory.model.write_bytes(b"a network")
    results = ProbeResults().with_answer(NOISE, {"psnr": 24.5, "ssim": 0.7})
    write_probes(directory, results.with_answer(SHIFT, {"mean": 1.25, "maximum": 2.0}))
    return Run(directory)


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("noise40", 24.5, "24.50 dB"),
        ("noise40.psnr", 24.5, "24.50 dB"),
        ("noise40.ssim", 0.7, "0.7000"),
        ("variance_shift", 1.25, "1.250"),
        ("variance_shift.maximum", 2.0, "2.000"),
        ("variance_shift.behind_dropout", None, "–"),
        ("blur", None, "–"),
    ],
)
def test_a_measure_reads_what_the_probe_found(
    probed: Run, name: str, value: float | None, written: str
) -> None:
    measure = probe_measure(name)
    assert measure.read(probed) == value
    assert measure.write(value) == written


def test_a_run_that_was_not_probed_has_no_number(tmp_path: Path) -> None:
    assert probe_measure("noise40").read(Run(RunDirectory(tmp_path))) is None


def test_less_variance_shift_is_better_and_more_psnr() -> None:
    assert not probe_measure("variance_shift.mean").higher_is_better
    assert probe_measure("noise40").higher_is_better
    assert probe_measure("noise40").key == "probe.noise40"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("noise40.mse", r"metric: got probe\.noise40\.mse; give probe\.noise40\.psnr or \.ssim"),
        ("variance_shift.least", r"give one of probe\.variance_shift\.mean, "),
    ],
)
def test_a_number_that_no_probe_has_is_refused(name: str, error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        probe_measure(name)
