import json
from pathlib import Path
from typing import Any

import pytest

from dropstudy.config.probe import parse_probes
from dropstudy.config.task import Gaussian
from dropstudy.imaging.sources import load_split
from dropstudy.inference.evaluating import evaluate_pictures
from dropstudy.inference.restoring import open_restorer
from dropstudy.inference.tiling import plan_tiling
from dropstudy.probes.probing import probe_run
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.probes import read_probes
from dropstudy.runs.reading import Run
from tests.training.tiny import run, tiny_experiment

BATCH_NORM = {"normalization": "batch", "order": ["activation", "dropout", "normalization"]}
SHIFT = {"kind": "variance_shift", "patches": 16}


def _noise(sigma: float) -> dict[str, Any]:
    return {"kind": "unseen", "name": "noise", "task": {"kind": "gaussian", "sigma": sigma}}


def _probe(directory: RunDirectory, *settings: dict[str, Any]) -> dict[str, float]:
    probe_run(Run(directory), parse_probes(settings))
    return dict(read_probes(directory).values)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, started_tensorflow: None) -> RunDirectory:
    folder = tmp_path_factory.mktemp("probed")
    dropout = {"encoder": {"kind": "dropout", "rate": 0.5}}
    return run(folder, tiny_experiment(folder, architecture=BATCH_NORM, dropout=dropout))[1]


def test_a_run_is_probed_for_what_it_was_not_trained_on(trained: RunDirectory) -> None:
    values = _probe(trained, _noise(60.0), SHIFT)
    experiment = tiny_experiment(trained.path, architecture=BATCH_NORM)
    restorer = open_restorer(trained.model, experiment, tiling=plan_tiling(experiment.architecture))
    task = Gaussian(kind="gaussian", sigma=60.0)
    pictures = load_split(experiment.data).validation
    [expected] = evaluate_pictures(pictures, [task], restore=restorer.restore)
    assert values["noise.psnr"] == pytest.approx(expected.mean("restored")["psnr"], abs=1e-3)
    assert values["variance_shift.maximum"] >= values["variance_shift.mean"] > 1
    assert values["variance_shift.predicted"] > 1.5  # half is dropped


def test_a_probe_is_put_once_and_anew_where_it_is_changed(trained: RunDirectory) -> None:
    _probe(trained, _noise(60.0), SHIFT)
    stored = json.loads(trained.probes.read_text())
    stored["values"]["noise.psnr"] = 99.0
    trained.probes.write_text(json.dumps(stored))
    assert _probe(trained, _noise(60.0))["noise.psnr"] == 99
    again = _probe(trained, _noise(5.0))
    assert again["noise.psnr"] < 60
    assert again["variance_shift.mean"] == stored["values"]["variance_shift.mean"]


def test_a_network_without_batch_norm_is_probed_for_the_rest(tmp_path: Path) -> None:
    directory = run(tmp_path, tiny_experiment(tmp_path))[1]
    assert set(_probe(directory, SHIFT)) == set()
    assert set(_probe(directory, SHIFT, _noise(5.0))) == {
        "noise.psnr",
        "noise.ssim",
        "noise.identity_psnr",
    }
