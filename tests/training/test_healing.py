import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dropstudy.errors import DataError, RuntimeUnavailableError
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.manifests import list_manifests
from dropstudy.runs.reading import Run
from dropstudy.runs.resumption import plan_resumption
from tests.runs.saving import cut
from tests.training.resuming import (
    Leaver,
    outcome,
    resume,
    stateful_experiment,
    train,
)
from tests.training.tiny import Witness, run, tiny_experiment


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    folder = tmp_path_factory.mktemp("healing")
    return run(folder, stateful_experiment(folder))[1]


def _copy(directory: RunDirectory, folder: Path) -> RunDirectory:
    return RunDirectory(shutil.copytree(directory.path, folder / directory.path.name))


def test_what_a_kill_left_unwritten_is_made_again_from_the_checkpoint(
    undisturbed: RunDirectory, tmp_path: Path
) -> None:
    killed = _copy(undisturbed, tmp_path)
    for path in (killed.result, killed.image_scores, killed.epochs_table, killed.model):
        path.unlink()
    rows = killed.epochs.read_text()
    killed.epochs.write_text(rows[: len(rows) * 3 // 4])
    witness = Witness()
    resume(killed, witness=witness)

    assert witness.steps == [], "the checkpoint was of the end"
    assert outcome(killed) == outcome(undisturbed)


def test_a_damaged_checkpoint_costs_an_epoch_and_nothing_else(
    undisturbed: RunDirectory, tmp_path: Path
) -> None:
    killed = _copy(undisturbed, tmp_path)
    killed.result.unlink()
    cut(list_manifests(killed)[0].with_suffix(".npz"))
    witness = Witness()
    resume(killed, witness=witness)

    assert witness.steps == [(2, 1), (2, 2)]
    assert "epoch-0003-step-000000.npz: damaged: " in witness.notes[0]
    assert outcome(killed) == outcome(undisturbed)


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_other_images_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    experiment = tiny_experiment(tmp_path, training={"epochs": 1, "steps_per_epoch": 1})
    left, directory = run(tmp_path, experiment, Leaver(leave_at="building the network"))
    assert left.status == "interrupted"
    before = _tree(directory.path)
    [images] = tmp_path.glob("*.npz")
    with np.load(images) as stored:
        np.savez(images, clean=np.flip(stored["clean"], axis=1))
    with pytest.raises(DataError, match=r"the images are not those that \S+ began with"):
        resume(directory)

    assert _tree(directory.path) == before


def test_another_precision_is_refused_and_nothing_is_written(
    undisturbed: RunDirectory, tmp_path: Path
) -> None:
    killed = _copy(undisturbed, tmp_path)
    killed.result.unlink()
    before = _tree(killed.path)
    plan = plan_resumption(Run(killed))
    assert plan.checkpoint is not None
    other = replace(plan, checkpoint=replace(plan.checkpoint, precision="mixed_float16"))
    with pytest.raises(
        RuntimeUnavailableError,
        match=r"would be float32 here, the run began with mixed_float16; give --set runtime.prec",
    ):
        train(killed, plan.experiment, resumption=other)

    assert _tree(killed.path) == before
