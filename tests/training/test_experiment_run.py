import csv
import json
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from dropstudy.config import Experiment, load_experiment
from dropstudy.errors import DataError, TrainingError
from dropstudy.imaging.arrays import to_bytes
from dropstudy.imaging.evaluation import mean_scores, score_all
from dropstudy.imaging.sources import load_split
from dropstudy.models.summary import count_multiply_adds
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.records import RunResult
from dropstudy.runs.store import load_run
from dropstudy.training.assembly import build_experiment_network
from dropstudy.training.preparation import prepare_images
from tests.models.kinds import KINDS
from tests.training.tiny import Witness, run, tiny_experiment, waves, write_arrays

Finished = tuple[Experiment, RunResult, RunDirectory, Witness]

# The gradient of the head's bias is 2/3 of its error: each step makes that 666 times larger.
WORSENING = {
    "epochs": 2,
    "steps_per_epoch": 1,
    "loss": "mse",
    "optimizer": {"kind": "sgd", "learning_rate": 1e3, "momentum": 0.0},
}


FORMS = ("restored", "degraded", "classical", "clean")


def _losses(result: RunResult) -> list[tuple[float, float]]:
    return [(record.train_loss, record.val_loss) for record in result.epochs]


def _read_result(directory: RunDirectory) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(directory.result.read_text(encoding="utf-8"))
    return content


def _read_epochs(directory: RunDirectory) -> list[dict[str, Any]]:
    rows = directory.epochs.read_text(encoding="utf-8").splitlines()
    return [json.loads(row) for row in rows]


def _test_scores(experiment: Experiment, directory: RunDirectory) -> dict[str, float]:
    """What the saved network scores on the test images."""
    network = keras.models.load_model(directory.model)
    images = prepare_images(experiment, load_split(experiment.data)).test
    return mean_scores(
        score_all(images, lambda image: np.asarray(network(image.degraded[np.newaxis])[0]))
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("experiment")


@pytest.fixture(scope="module")
def finished(folder: Path) -> Finished:
    """A run of three epochs that draws grids after the second and at the end."""
    samples = {"count": 1, "every": 2, "size": 16}
    experiment, witness = (
        tiny_experiment(folder, training={"epochs": 3}, samples=samples),
        Witness(),
    )
    return experiment, *run(folder, experiment, witness), witness


def test_a_finished_run_leaves_its_files_whole_and_no_others(finished: Finished) -> None:
    _, _, directory, _ = finished
    files = {path.relative_to(directory.path).as_posix() for path in directory.path.rglob("*.*")}
    files -= {f"checkpoints/{path.name}" for path in directory.checkpoints.iterdir()}
    [validation] = json.loads(directory.environment.read_text())["pictures"]["validation"]

    assert files == {
        "config.json",
        "config.yaml",
        "environment.json",
        "epochs.csv",
        "epochs.jsonl",
        *(f"images/validation-000-{validation}-{form}.png" for form in FORMS),
        "images.jsonl",
        "model.keras",
        "result.json",
        "samples/epoch-0002.png",
        "samples/final.png",
    }


def test_the_stored_config_is_the_experiment(finished: Finished) -> None:
    experiment, _, directory, _ = finished

    assert load_experiment(directory.config) == experiment


def test_epochs_are_the_same_in_the_result_the_lines_and_the_table(finished: Finished) -> None:
    _, result, directory, _ = finished
    records = [asdict(record) for record in result.epochs]
    with directory.epochs_table.open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))

    assert _read_epochs(directory) == records
    assert [float(row["val_loss"]) for row in table] == [row["val_loss"] for row in records]
    stored = _read_result(directory)
    assert (stored["status"], stored["error"]) == ("finished", None)
    assert stored["last"] == records[-1]
    assert stored["best"] == min(records, key=lambda row: row["val_loss"])


def test_the_settings_in_json_are_those_in_yaml(finished: Finished) -> None:
    experiment, _, directory, _ = finished

    assert json.loads(directory.settings.read_text()) == experiment.model_dump(mode="json")
    assert load_run(directory.path).settings["training"]["epochs"] == 3


def test_each_images_scores_are_those_of_its_saved_pixels(finished: Finished) -> None:
    _, result, directory, _ = finished
    finished_run = load_run(directory.path)
    validation, test = finished_run.images

    assert (validation.part, test.part, test.files) == ("validation", "test", {})
    assert {name: getattr(test, name) for name in result.test} == result.test
    pixels = {}
    for form in FORMS:
        path = finished_run.image_file(validation, form)
        assert path is not None
        pixels[form] = np.asarray(Image.open(path), dtype=np.float64)
    for form, stored in (
        ("restored", validation.psnr),
        ("degraded", validation.identity_psnr),
        ("classical", validation.classical_psnr),
    ):
        error = np.mean((pixels[form] - pixels["clean"]) ** 2)
        assert stored == pytest.approx(10 * np.log10(255**2 / error))
    assert validation.classical_ssim == result.baselines["classical"]["val_ssim"]


def test_no_image_is_kept_unless_asked_for(folder: Path) -> None:
    experiment = tiny_experiment(
        folder, training={"epochs": 1}, samples={"count": 0, "images": 0, "size": 16}
    )
    _, directory = run(folder, experiment)

    assert not directory.images.exists()
    assert [image.files for image in load_run(directory.path).images] == [{}, {}]


def test_the_work_of_a_step_is_noted(finished: Finished, folder: Path) -> None:
    _, result, _, _ = finished
    assert (result.steps_per_epoch, result.draws_per_step, result.resumes) == (2, 0, 0)

    dropping = tiny_experiment(
        folder, training={"epochs": 1}, dropout={"input": {"kind": "dropout", "rate": 0.1}}
    )
    # Batches of 2 patches of 16×16×3, each value with a chance of its own.
    assert run(folder, dropping)[0].draws_per_step == 2 * 16 * 16 * 3


def test_an_observer_is_told_of_everything(finished: Finished) -> None:
    experiment, result, directory, witness = finished
    plan = witness.plan

    assert plan is not None
    assert (plan.experiment, plan.directory) == (experiment, directory)
    assert (plan.pictures, plan.patches, plan.steps_per_epoch) == ((3, 1, 1), 3, 2)
    assert (plan.parameters, plan.baselines) == (result.parameters, result.baselines)
    assert witness.steps == [(epoch, step) for epoch in (1, 2, 3) for step in (1, 2)]
    assert witness.records == result.epochs
    assert witness.bests[-1] == (result.best and result.best.epoch)
    assert witness.result is result


def test_the_cost_is_that_of_one_training_patch(finished: Finished) -> None:
    experiment, result, _, _ = finished
    network = build_experiment_network(experiment, size=16)

    assert result.multiply_adds == count_multiply_adds(network)
    assert result.parameters == network.count_params()


def test_the_seconds_of_the_epochs_fit_into_those_of_the_run(finished: Finished) -> None:
    _, result, _, _ = finished
    in_epochs = sum(record.total_seconds for record in result.epochs)

    assert 0 < in_epochs < result.total_seconds


def test_the_saved_network_scores_what_the_run_says(finished: Finished) -> None:
    experiment, result, directory, _ = finished

    assert _test_scores(experiment, directory) == pytest.approx(result.test, abs=0.02)


def test_the_same_experiment_gives_the_same_numbers(finished: Finished, folder: Path) -> None:
    experiment, result, _, _ = finished

    assert _losses(run(folder, experiment)[0]) == _losses(result)


def test_another_seed_trains_otherwise_on_the_same_validation_images(
    finished: Finished, folder: Path
) -> None:
    experiment, result, directory, _ = finished
    other, other_directory = run(folder, experiment.model_copy(update={"seed": 1}))
    fingerprints = [
        json.loads(where.environment.read_text())["data_fingerprint"]
        for where in (directory, other_directory)
    ]

    assert not set(_losses(other)) & set(_losses(result))
    assert other.baselines == result.baselines  # scores of the noisy images themselves
    assert fingerprints[0] == fingerprints[1]


def test_all_kinds_of_dropout_together_are_reproduced_in_the_machines_precision(
    folder: Path,
) -> None:
    groups = ("encoder", "bottleneck", "decoder", "skip", "input", "head")
    assert len(KINDS) <= len(groups), "more kinds than groups: run the others a second time"
    experiment = tiny_experiment(
        folder,
        architecture={"kind": "unet", "depth": 1, "filters": 4, "block": "residual"},
        dropout={
            group: {"kind": kind, "rate": 0.2} for group, kind in zip(groups, KINDS, strict=False)
        },
        runtime={"precision": "auto"},
    )

    assert _losses(run(folder, experiment)[0]) == _losses(run(folder, experiment)[0])


@pytest.mark.parametrize("restore_best", [True, False])
def test_the_best_or_the_last_epoch_is_tested_as_asked(folder: Path, restore_best: bool) -> None:
    experiment = tiny_experiment(folder, training={**WORSENING, "restore_best": restore_best})
    result, directory = run(folder, experiment)

    assert result.best is not None
    assert result.best.epoch == 1
    of_the_best = _test_scores(experiment, directory)["psnr"]
    if restore_best:
        assert result.test["psnr"] == pytest.approx(of_the_best)
    else:
        assert result.test["psnr"] != pytest.approx(of_the_best, abs=0.05)


def test_a_failed_run_says_so_in_its_result_and_raises(folder: Path) -> None:
    exploding = {**WORSENING, "steps_per_epoch": 3, "epochs": 9}
    witness = Witness()
    experiment = tiny_experiment(folder, training=exploding)
    directory = RunDirectory.create(folder / "runs", "failing")
    with pytest.raises(
        TrainingError, match=r"epoch \d, step \d: the training loss is inf"
    ) as failure:
        run(folder, experiment, witness, directory=directory)

    stored = _read_result(directory)
    assert stored["status"] == "failed"
    assert stored["error"] == str(failure.value)
    assert stored["last"]["epoch"] == len(_read_epochs(directory)) == len(witness.records) > 0
    assert witness.result is not None
    assert witness.result.status == "failed"


def test_a_run_without_usable_images_leaves_nothing_behind(folder: Path) -> None:
    data = {"kind": "arrays", "path": str(folder / "none.npz"), "patch_size": 16}
    experiment = tiny_experiment(folder, data=data).model_copy(update={"name": "lacking"})
    with pytest.raises(DataError, match=r"none\.npz"):
        run(folder, experiment)
    assert not list((folder / "runs").glob("lacking-*"))


def test_an_interrupted_run_keeps_what_it_has(folder: Path) -> None:
    experiment = tiny_experiment(folder, training={"epochs": 9})
    result, directory = run(folder, experiment, Witness(interrupt_after=1))

    assert result.status == "interrupted"
    stored = _read_result(directory)
    assert (stored["status"], stored["error"], stored["test"]) == ("interrupted", None, {})
    assert stored["best"]["epoch"] == 1
    assert [row["epoch"] for row in _read_epochs(directory)] == [1]
    assert load_experiment(directory.config) == experiment
    assert keras.models.load_model(directory.model).count_params() == result.parameters
    assert not [thread for thread in threading.enumerate() if thread.name == "batches"]


def test_pairs_of_grey_images_of_several_sizes_train(tmp_path: Path) -> None:
    for index, image in enumerate(waves(4, side=24, channels=1)):
        for name, pixels in (("clean", image), ("degraded", image / 2)):
            (tmp_path / name).mkdir(exist_ok=True)
            cut = to_bytes(pixels[: 24 - 2 * index, :, 0])
            Image.fromarray(cut).save(tmp_path / name / f"{index}.png")
    data = {"kind": "pairs", "patch_size": 16, "channels": "grey"}
    folders = {name: str(tmp_path / name) for name in ("clean", "degraded")}
    result, _ = run(
        tmp_path,
        tiny_experiment(tmp_path, data={**data, **folders}, task={"kind": "given"}),
    )

    assert result.status == "finished"
    assert result.baselines["identity"]["val_psnr"] < 20


def test_arrays_with_their_own_degraded_images_train(tmp_path: Path) -> None:
    path = write_arrays(tmp_path, given=True)
    data = {"kind": "arrays", "path": str(path), "patch_size": 16}
    experiment = tiny_experiment(tmp_path, data=data, task={"kind": "given"})
    result, _ = run(tmp_path, experiment)
    [validation] = prepare_images(experiment, load_split(experiment.data)).validation

    assert result.status == "finished"
    np.testing.assert_allclose(validation.degraded, validation.clean / 2, atol=1e-6)
