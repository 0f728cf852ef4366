import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.tensors import Tensors, hash_tensors
from dropstudy.training.fitting import Fit
from dropstudy.training.state import (
    capture_network,
    restore_network,
    restore_training,
    warm_up,
)
from tests.models.kinds import KINDS
from tests.training.resuming import capture_training
from tests.training.tiny import assemble, tiny_experiment

ROOT = Path(__file__).parents[2]
GROUPS = ("encoder", "bottleneck", "decoder", "skip", "input", "head")
TRAININGS: dict[str, tuple[str, dict[str, Any], str]] = {
    "batch": ("batch", {"kind": "adam"}, "float32"),
    "group": ("group", {"kind": "adamw"}, "mixed_bfloat16"),
    "scaled": ("batch", {"kind": "sgd", "learning_rate": 0.01}, "mixed_float16"),
}


def _assemble(folder: Path, name: str) -> Fit:
    """A training with every kind of dropout and ``name``'s normalisation, optimizer, precision."""
    normalization, optimizer, precision = TRAININGS[name]
    assert len(KINDS) <= len(GROUPS), "more kinds than groups: train the others as well"
    experiment = tiny_experiment(
        folder,
        architecture={"kind": "unet", "depth": 1, "filters": 4, "normalization": normalization},
        dropout={
            group: {"kind": kind, "rate": 0.3} for group, kind in zip(GROUPS, KINDS, strict=False)
        },
        training={"optimizer": optimizer, "schedule": {"kind": "cosine"}},
        runtime={"precision": precision},
    )
    return assemble(experiment)


def _train(fit: Fit, epoch: int, steps: int = 2) -> list[float]:
    return [float(fit.train_step(fit.sampler.batch(epoch, step, 2))) for step in range(steps)]


def _variables(fit: Fit) -> list[tuple[str, np.ndarray[Any, Any]]]:
    """Every variable that Keras knows of the network and the optimizer, found by itself."""
    owned = [*fit.network.variables, *fit.network.non_trainable_variables, *fit.optimizer.variables]
    owned += getattr(getattr(fit.optimizer, "inner_optimizer", None), "variables", [])
    for layer in fit.network._flatten_layers():
        owned += [
            *layer.variables,
            *getattr(getattr(layer, "seed_generator", None), "_variables", []),
        ]
        owned += [generator.state for generator in layer._seed_generators]
    unique = {id(variable): variable for variable in owned}
    return [(variable.path, np.array(variable.value)) for variable in unique.values()]


@pytest.fixture(scope="module", params=TRAININGS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fit:
    fit = _assemble(tmp_path_factory.mktemp("state"), request.param)
    _train(fit, 1)
    return fit


def test_what_training_changes_is_all_in_the_capture(trained: Fit) -> None:
    before, captured = _variables(trained), capture_training(trained)
    _train(trained, 2)
    after, captured_after = _variables(trained), capture_training(trained)

    changed = {
        path
        for (path, old), (_, new) in zip(before, after, strict=True)
        if old.tobytes() != new.tobytes()
    }
    known = {tensor.tobytes() for tensor in captured.values()}
    known_after = {tensor.tobytes() for tensor in captured_after.values()}
    assert {path for path, old in before if path in changed and old.tobytes() not in known} == set()
    assert {
        path for path, new in after if path in changed and new.tobytes() not in known_after
    } == set()
    moved = {key for key in captured if captured[key].tobytes() != captured_after[key].tobytes()}
    assert len(moved) == len(changed)
    assert len(captured) == len(before), "a name stands for two variables, or one has two names"
    for kind in ("seed", "kernel", "optimizer/iteration"):
        assert any(kind in key for key in moved), kind


def test_a_training_put_back_goes_the_same_way_again(trained: Fit) -> None:
    saved = capture_training(trained)
    losses = _train(trained, 2)
    first = hash_tensors(capture_training(trained))
    _train(trained, 3)
    warm_up(trained)
    restore_training(trained, saved)

    assert hash_tensors(capture_training(trained)) == hash_tensors(saved)
    assert _train(trained, 2) == losses
    assert hash_tensors(capture_training(trained)) == first
    assert len(set(losses)) == len(losses)


def test_a_capture_is_not_changed_by_training_on(trained: Fit) -> None:
    saved = capture_training(trained)
    before = hash_tensors(saved)
    _train(trained, 4, steps=1)

    assert hash_tensors(saved) == before


def test_the_best_network_is_put_back_without_touching_the_optimizer(trained: Fit) -> None:
    best = capture_network(trained)
    assert best.keys() < capture_training(trained).keys()
    _train(trained, 5)
    optimizer = {key: value for key, value in capture_training(trained).items() if key not in best}
    restore_network(trained, best)

    assert hash_tensors(capture_training(trained)) == hash_tensors({**best, **optimizer})


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda tensors, key: tensors.pop(key), "missing"),
        (lambda tensors, key: tensors.update({key: tensors[key][:-1]}), r"float32 of shape \("),
        (lambda tensors, key: tensors.update({key: tensors[key].astype("f8")}), "float64 of shape"),
    ],
)
def test_what_does_not_fit_is_named(trained: Fit, change: Any, found: str) -> None:
    tensors: Tensors = capture_training(trained)
    key = next(key for key in tensors if key.startswith("network/") and "kernel" in key)
    change(tensors, key)
    with pytest.raises(
        RunDirectoryError, match=rf"^the checkpoint's {key} is {found}.*; wanted is float32 of sh"
    ):
        restore_training(trained, tensors)


def test_two_replicas_are_put_back_each_with_its_own_masks() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.replica_state"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout.splitlines()[-1])

    assert report["replicas"] == 2
    assert report["own"] == {"seed": True, "kernel": False}
    assert report["restored"] == report["saved"]
    assert report["again"] == report["first"]
    assert report["last"][0] == report["last"][1] != report["saved"]
