import json
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from dropstudy.runs.checkpoints import load_checkpoint
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.manifests import Place, list_manifests, place_of
from dropstudy.training.checkpointing import Checkpointer
from dropstudy.training.fitting import Fit, Hooks, Progress, fit_network
from tests.training.resuming import new_directory
from tests.training.tiny import assemble, tiny_experiment

Make = Callable[..., tuple[Checkpointer, RunDirectory]]


@pytest.fixture(scope="module")
def fit(tmp_path_factory: pytest.TempPathFactory) -> Fit:
    training = {"epochs": 2, "steps_per_epoch": 5}
    return assemble(tiny_experiment(tmp_path_factory.mktemp("fit"), training=training))


@pytest.fixture
def make(fit: Fit, tmp_path: Path) -> Make:
    """Makes what saves a training with the given ``recovery``."""

    def make(**recovery: Any) -> tuple[Checkpointer, RunDirectory]:
        experiment = tiny_experiment(tmp_path, recovery=recovery)
        directory = new_directory(tmp_path, experiment)
        saves = Checkpointer(experiment, directory, fit, "float32", lambda: 12.5)
        return saves, directory

    return make


def _due(checkpointer: Checkpointer) -> list[int]:
    return [step for step in range(1, 11) if checkpointer.is_due(step)]


def test_it_is_due_every_so_many_steps_of_an_epoch(make: Make) -> None:
    assert _due(make(every_steps=3, every_seconds=None)[0]) == [3, 6, 9]
    assert _due(make(every_steps=1)[0]) == list(range(1, 11))


def test_it_is_never_due_within_an_epoch_unless_asked_for(make: Make) -> None:
    assert _due(make(every_seconds=None)[0]) == []
    assert _due(make()[0]) == [], "two minutes have not passed"


def test_it_is_due_again_so_many_seconds_after_the_last_one_was_saved(make: Make) -> None:
    checkpointer, _ = make(every_seconds=0.3)
    assert not checkpointer.is_due(1)
    time.sleep(0.3)
    assert checkpointer.is_due(2)
    checkpointer.save(Progress())
    assert not checkpointer.is_due(3)


def _hooks(checkpointer: Checkpointer, progress: Progress, **hooks: Any) -> Hooks:
    return Hooks(
        on_step=lambda _epoch, _step: None,
        on_validated=lambda epoch, _, is_best: checkpointer.keep_best(epoch) if is_best else None,
        on_epoch=lambda _record, _is_best: checkpointer.save(progress),
        is_pausing=checkpointer.is_due,
        on_pause=lambda: checkpointer.save(progress),
        **hooks,
    )


def test_a_training_is_saved_within_and_at_the_end_of_its_epochs(fit: Fit, make: Make) -> None:
    checkpointer, directory = make(every_steps=2, keep=100)
    progress = Progress()
    fit_network(fit, _hooks(checkpointer, progress), progress)

    places = sorted(place_of(path) for path in list_manifests(directory))
    within = [Place(epoch, step) for epoch in (1, 2) for step in (2, 4)]
    assert places == sorted([*within, Place(2, 0), Place(3, 0)])
    elapsed = {}
    for path in list_manifests(directory):
        manifest = json.loads(path.read_text())
        assert manifest["seconds"]["run"] == 12.5
        assert len(manifest["epochs"]) == manifest["epoch"] - 1
        assert manifest["precision"] == "float32"
        elapsed[place_of(path)] = manifest["seconds"]["elapsed"]
    for earlier, later in pairwise(within):
        assert earlier.epoch != later.epoch or elapsed[earlier] < elapsed[later]
    assert elapsed[Place(2, 0)] < elapsed[Place(1, 4)], "the clock starts anew with each epoch"


def test_what_is_saved_at_a_pause_is_where_the_training_stands(fit: Fit, make: Make) -> None:
    checkpointer, directory = make(every_steps=3, keep=100)
    progress = Progress()

    def on_pause() -> None:
        checkpointer.save(progress)
        raise KeyboardInterrupt

    hooks = _hooks(checkpointer, progress)
    hooks = Hooks(**{**vars(hooks), "on_pause": on_pause})
    with pytest.raises(KeyboardInterrupt):
        fit_network(fit, hooks, progress)
    checkpoint, _ = load_checkpoint(directory)

    assert checkpoint is not None
    assert checkpoint.place == Place(1, 3)
    assert (checkpoint.epochs, checkpoint.best) == ([], None)
    restored = checkpointer.restore(checkpoint, model=directory.model)
    assert (restored.epoch, restored.step, restored.losses) == (1, 3, progress.losses)
    assert restored.timer.steps == progress.timer.steps
    assert len(restored.timer.steps) == len(restored.losses) == 3
    for part in ("train", "wait"):
        assert restored.timer.seconds(part) == checkpoint.seconds[part] > 0
    assert not directory.model.exists(), "there is no best epoch yet"
