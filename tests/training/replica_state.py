"""Trains on two replicas, goes back, and trains again; a process of its own for its devices.

Prints, as JSON, what ``test_state.py`` judges.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from dropstudy.runs.tensors import hash_tensors
from dropstudy.training.fitting import Fit
from dropstudy.training.state import restore_training, warm_up
from tests.training.resuming import capture_training
from tests.training.tiny import assemble, tiny_experiment


def _train(fit: Fit, epoch: int) -> list[float]:
    return [float(fit.train_step(fit.sampler.batch(epoch, step, 4))) for step in range(2)]


def _differs(tensors: dict[str, Any], word: str) -> bool:
    """Whether each replica has a tensor of its own of those with ``word`` in their names."""
    others = {name: name.removesuffix("@1") for name in tensors if name.endswith("@1")}
    found = {name: first for name, first in others.items() if word in name}
    return bool(found) and all(
        tensors[name].tobytes() != tensors[first].tobytes() for name, first in found.items()
    )


def main() -> None:
    """Prints all hashes."""
    with tempfile.TemporaryDirectory() as folder:
        experiment = tiny_experiment(
            Path(folder),
            architecture={"normalization": "group"},
            dropout={"bottleneck": {"kind": "dropout", "rate": 0.5}},
            training={"batch_size": 4},
            runtime={"replicas": 2},
        )
        fit = assemble(experiment)
    _train(fit, 1)
    tensors = capture_training(fit)
    losses, ended = _train(fit, 2), hash_tensors(capture_training(fit))
    _train(fit, 3)
    warm_up(fit)
    restore_training(fit, tensors)
    report = {
        "replicas": fit.strategy.num_replicas_in_sync,
        "own": {word: _differs(tensors, word) for word in ("seed", "kernel")},
        "saved": hash_tensors(tensors),
        "restored": hash_tensors(capture_training(fit)),
        "first": losses,
        "again": _train(fit, 2),
        "last": [ended, hash_tensors(capture_training(fit))],
    }
    print(json.dumps(report))  # noqa: T201 - the report is read from standard output


if __name__ == "__main__":
    main()
