import json
from pathlib import Path

import pytest

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.probes import (
    ProbeResults,
    find_unanswered,
    probe_name,
    read_probes,
    write_probes,
)

NOISE = {"kind": "unseen", "name": "noise40", "task": {"kind": "gaussian", "sigma": 40.0}}
SHIFT = {"kind": "variance_shift", "patches": 512}


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    directory = RunDirectory(tmp_path)
    directory.model.write_bytes(b"a network")
    return directory


def test_what_is_written_is_read_again(directory: RunDirectory) -> None:
    results = ProbeResults().with_answer(NOISE, {"psnr": 24.5, "ssim": 0.7})
    results = results.with_answer(SHIFT, {})
    assert results.values == {"noise40.psnr": 24.5, "noise40.ssim": 0.7}
    write_probes(directory, results)
    assert read_probes(directory) == results
    stored = json.loads(directory.probes.read_text())
    assert stored["values"] == {"noise40.psnr": 24.5, "noise40.ssim": 0.7}
    assert stored["settings"] == {"noise40": NOISE, "variance_shift": SHIFT}


def test_a_probe_that_was_changed_is_put_anew_and_takes_the_place_of_the_old_one(
    directory: RunDirectory,
) -> None:
    stronger = {**NOISE, "task": {"kind": "gaussian", "sigma": 60.0}}
    assert find_unanswered(directory, [NOISE, SHIFT]) == [NOISE, SHIFT]
    results = ProbeResults().with_answer(NOISE, {"psnr": 24.5, "ssim": 0.7})
    write_probes(directory, results.with_answer(SHIFT, {"mean": 1.2}))
    assert find_unanswered(directory, [NOISE, SHIFT]) == []
    assert find_unanswered(directory, [stronger, SHIFT]) == [stronger]
    write_probes(directory, read_probes(directory).with_answer(stronger, {"psnr": 20.0}))
    assert read_probes(directory).values == {"noise40.psnr": 20.0, "variance_shift.mean": 1.2}
    assert find_unanswered(directory, [NOISE, stronger]) == [NOISE]


def test_of_another_network_nothing_is_known(directory: RunDirectory) -> None:
    write_probes(directory, ProbeResults().with_answer(NOISE, {"psnr": 24.5}))
    directory.model.write_bytes(b"one that was trained on")
    assert read_probes(directory) == ProbeResults()
    assert find_unanswered(directory, [NOISE]) == [NOISE]


def test_numbers_outlive_a_network_that_was_removed(directory: RunDirectory) -> None:
    write_probes(directory, ProbeResults().with_answer(NOISE, {"psnr": 24.5}))
    directory.model.unlink()
    assert read_probes(directory).values == {"noise40.psnr": 24.5}


def test_a_probe_without_a_name_is_called_by_its_kind() -> None:
    assert probe_name(SHIFT) == "variance_shift"
    assert probe_name(NOISE) == "noise40"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[1]", "not a JSON object"),
        ('{"values": {"noise40.psnr": "high"}}', "values is"),
        ('{"values": 3}', "values is 3"),
        ('{"settings": {"noise40": 3}}', "settings are"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, text: str, error: str) -> None:
    directory = RunDirectory(tmp_path)
    directory.probes.write_text(text)
    with pytest.raises(RunDirectoryError, match=rf"probes\.json: damaged: {error}"):
        read_probes(directory)
