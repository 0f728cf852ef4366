import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def _python(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """What a process with two replicas on this machine's CPU found; see replicas.py."""
    report: dict[str, Any] = json.loads(_python("-m", "tests.training.replicas").splitlines()[-1])
    return report


def test_the_processor_stands_in_for_two_devices(report: dict[str, Any]) -> None:
    assert report["replicas"] == [1, 2]


def test_two_replicas_train_as_one_device_does(report: dict[str, Any]) -> None:
    compared = report["compared"]

    for measured in ("losses", "weights", "restored"):
        one, two = (np.array(values) for values in compared[measured])
        np.testing.assert_allclose(two, one, atol=2e-6, err_msg=measured)
    assert compared["losses"][0][-1] < compared["losses"][0][0]


def test_scaled_losses_train_on_two_replicas(report: dict[str, Any]) -> None:
    np.testing.assert_allclose(report["float16"], report["compared"]["losses"][0], rtol=0.02)


def test_each_replica_drops_places_of_its_own_in_every_step(report: dict[str, Any]) -> None:
    for layer, steps in report["masks"]["two"].items():
        masks = [np.array(mask) for step in steps for mask in step]
        assert len(masks) == 6, layer
        for index, mask in enumerate(masks):
            assert all(np.any(mask != other) for other in masks[:index]), layer


def test_the_first_replica_drops_what_a_single_device_would(report: dict[str, Any]) -> None:
    for layer, steps in report["masks"]["one"].items():
        for alone, replicas in zip(steps, report["masks"]["two"][layer], strict=True):
            np.testing.assert_array_equal(alone[0], replicas[0], err_msg=layer)


def test_a_run_on_two_replicas_leaves_a_whole_run_directory(tmp_path: Path) -> None:
    overrides = (
        *("runtime.replicas=2", "runtime.device=cpu"),
        *("training.epochs=1", "training.steps_per_epoch=2"),
        *("training.schedule={kind: constant}", "training.optimizer.learning_rate=0.25"),
    )
    changes = [word for override in overrides for word in ("--set", override)]
    printed = _python(
        *("-m", "dropstudy", "run", "configs/smoke.yaml", "--quiet"),
        *("--runs-dir", str(tmp_path), *changes),
    )

    directory = Path(printed.strip())
    result = json.loads((directory / "result.json").read_text())
    environment = json.loads((directory / "environment.json").read_text())
    assert result["status"] == "finished"
    assert environment["runtime"]["device_names"] == ["CPU:0", "CPU:1"]
    [epoch] = (directory / "epochs.jsonl").read_text().splitlines()
    assert json.loads(epoch)["learning_rate"] == 0.25
    assert (directory / "model.keras").exists()
