import re
from pathlib import Path
from threading import Event, Thread

import pytest
import yaml

from dropstudy.runs.manifests import list_manifests
from dropstudy.runs.store import find_runs
from tests.cli.commands import dropstudy
from tests.training.tiny import tiny_experiment

AT_ONCE, LATER = "1377", "107"
"""Chances that draw a kill right after a process' start, and two while it trains."""


def _write_config(folder: Path, *, epochs: int, steps: int, seed: int = 0) -> Path:
    """A training of a second or so, with all that has a state in it."""
    experiment = tiny_experiment(
        folder,
        seed=seed,
        architecture={"normalization": "batch"},
        dropout={"bottleneck": {"kind": "dropout", "rate": 0.3}},
        training={"epochs": epochs, "steps_per_epoch": steps},
    )
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(experiment.model_dump(mode="json")))
    return path


def test_a_killed_run_passes(tmp_path: Path) -> None:
    config, runs = _write_config(tmp_path, epochs=3, steps=40), tmp_path / "kept"
    done = dropstudy("verify-resume", config, "--kills", "2", "--chance", LATER, "--keep", runs)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 epochs of 40 steps on the cpu in float32" in done.stdout
    told = re.findall(r"kill \d of \d \d+\.\d s after its (?:start|preparations); ", done.stdout)
    found = re.fullmatch(
        r"PASS  bit for bit the same after (\d) kills, (\d) of them with a checkpoint to go on "
        r"from: (\d+) tensors after each of 3 epochs, every loss, score and kept pixel",
        done.stdout.splitlines()[-1],
    )
    assert found, done.stdout
    kills, met, tensors = map(int, found.groups())
    assert len(told) == kills >= 2
    assert 1 <= met <= kills
    assert tensors > 20
    [whole] = find_runs(runs / "whole")
    copies = [run for folder in runs.glob("killed-*") for run in find_runs(folder)]
    assert whole.result["resumes"] == 0
    assert 1 <= sum(run.result["resumes"] for run in copies) <= kills
    for run in copies:
        assert run.status == "finished"
        assert len(list_manifests(run.directory)) >= len(list_manifests(whole.directory)) == 3


def test_runs_that_differ_fail_with_the_first_difference(tmp_path: Path) -> None:
    config, runs, is_done = _write_config(tmp_path, epochs=1, steps=1), tmp_path / "kept", Event()

    def change_the_seed_once_it_was_read() -> None:
        while not (runs / "whole").exists() or not find_runs(runs / "whole"):
            if is_done.wait(0.02):
                return
        _write_config(tmp_path, epochs=1, steps=1, seed=1)

    thread = Thread(target=change_the_seed_once_it_was_read)
    thread.start()
    try:
        done = dropstudy(
            "verify-resume", config, "--kills", "1", "--chance", AT_ONCE, "--keep", runs
        )
    finally:
        is_done.set()
        thread.join()

    assert done.returncode == 1, done.stdout + done.stderr
    verdict = done.stdout[done.stdout.index("FAIL") :]
    assert re.match(r"FAIL  epoch 1: \S+: [0-9a-f]{24} and [0-9a-f]{24}\n", verdict), verdict
    assert "two runs without a kill differ as well (epoch 1: " in verdict
    assert "PASS" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["missing.yaml"], "missing.yaml"),
        (["tiny.yaml", "--kills", "0"], "--kills"),
        (["tiny.yaml", "--set", "training.epochs=0"], "training.epochs"),
        (["tiny.yaml", "--keep", "."], "is there already; name a new folder"),
    ],
)
def test_what_cannot_be_verified_is_refused_before_anything_is_trained(
    tmp_path: Path, arguments: list[str], reason: str
) -> None:
    _write_config(tmp_path, epochs=1, steps=1)
    before = sorted(tmp_path.iterdir())
    done = dropstudy("verify-resume", *arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert reason in done.stderr
    assert sorted(tmp_path.iterdir()) == before
