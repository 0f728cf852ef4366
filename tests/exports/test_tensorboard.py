import math
from collections import defaultdict
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dropstudy.errors import ExportError, RunDirectoryError
from dropstudy.exports.tensorboard import TAGS, TensorBoardFolder
from dropstudy.runs.directory import write_json
from dropstudy.runs.records import EpochRecord
from dropstudy.runs.store import load_run
from tests.exports.example_runs import FORMS, STARTED_SECONDS, example_epoch, write_run


def read_events(folder: Path) -> list[Any]:
    """All events of a folder as TensorFlow, not the library that wrote them, reads them."""
    import tensorflow

    files = sorted(folder.glob("*tfevents*"))
    iterate = tensorflow.compat.v1.train.summary_iterator
    return [event for file in files for event in iterate(str(file))]


def read_scalars(folder: Path) -> dict[str, list[tuple[int, float, float]]]:
    """Step, wall time and value of each point, by tag."""
    scalars = defaultdict(list)
    for event in read_events(folder):
        for item in event.summary.value:
            if item.HasField("simple_value"):
                scalars[item.tag].append((event.step, event.wall_time, item.simple_value))
    return dict(scalars)


def read_images(folder: Path) -> dict[str, tuple[int, Any]]:
    return {
        item.tag: (event.step, item.image)
        for event in read_events(folder)
        for item in event.summary.value
        if item.HasField("image")
    }


def read_hparams(folder: Path) -> dict[str, Any]:
    """What TensorBoard's HPARAMS page is told, by tag."""
    from tensorboardX.proto.plugin_hparams_pb2 import (  # type: ignore[import-untyped]
        HParamsPluginData,
    )

    return {
        item.tag: HParamsPluginData.FromString(item.metadata.plugin_data.content)
        for event in read_events(folder)
        for item in event.summary.value
        if item.metadata.plugin_data.plugin_name == "hparams"
    }


def test_each_number_of_an_epoch_has_a_tag_of_its_own() -> None:
    assert set(TAGS) == {field.name for field in fields(EpochRecord)} - {"epoch"}
    assert len(set(TAGS.values())) == len(TAGS)


def test_every_epoch_is_a_step_at_the_time_at_which_it_ended(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    assert TensorBoardFolder(tmp_path / "board").export(run) == str(tmp_path / "board" / "run")
    scalars = read_scalars(tmp_path / "board" / "run")
    for name, tag in TAGS.items():
        points: list[tuple[int, float, Any]] = [
            (record.epoch, STARTED_SECONDS + 6 * record.epoch, pytest.approx(value))
            for record in run.epochs
            if (value := asdict(record)[name]) is not None
        ]
        assert scalars.get(tag, []) == points, tag
    assert "memory/peak_gpu_bytes" not in scalars


def test_scores_of_the_whole_run_stand_beside_its_curves(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    TensorBoardFolder(tmp_path).export(run)
    scalars = {
        tag: [(step, value) for step, _, value in points]
        for tag, points in read_scalars(tmp_path / "run").items()
    }
    assert scalars["psnr/test"] == [(3, 24.25)]
    assert scalars["ssim/test"] == [(3, 0.75)]
    assert scalars["identity/val_psnr"] == [(3, 22.0)]
    assert scalars["classical/val_psnr"] == [(3, 23.0)]
    assert scalars["classical/test_psnr"] == [(3, 22.5)]
    assert "classical/method" not in scalars
    assert scalars["best/epoch"] == [(3, 3.0)]
    assert scalars["best/val_psnr"] == [(3, 25.5)]
    assert scalars["cost/parameters"] == [(3, 1000.0)]
    assert scalars["cost/median_train_seconds"] == [(3, 3.0)]


@pytest.mark.parametrize(("restore_best", "step"), [("true", 1), ("false", 2)])
def test_test_scores_and_images_belong_to_the_epoch_whose_network_made_them(
    tmp_path: Path, restore_best: str, step: int
) -> None:
    epochs = [example_epoch(1, val_loss=0.1), example_epoch(2, val_loss=0.2)]
    overrides = [f"training.restore_best={restore_best}"]
    run = write_run(tmp_path / "run", epochs=epochs, overrides=overrides)
    TensorBoardFolder(tmp_path).export(run)
    assert read_scalars(tmp_path / "run")["psnr/test"][0][0] == step
    assert {at for at, _ in read_images(tmp_path / "run").values()} == {step}


def test_settings_that_do_not_say_which_network_was_kept_mean_the_best(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", epochs=[example_epoch(1), example_epoch(2, val_loss=2.0)])
    training = {key: item for key, item in run.settings["training"].items() if "best" not in key}
    write_json(run.directory.settings, {**run.settings, "training": training})
    TensorBoardFolder(tmp_path).export(load_run(run.directory.path))
    assert read_scalars(tmp_path / "run")["psnr/test"][0][0] == 1


def test_a_config_that_is_no_text_is_damage(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    run.directory.config.write_bytes(b"name: caf\xe9")
    with pytest.raises(RunDirectoryError, match=r"config\.yaml: damaged: not UTF-8 text"):
        TensorBoardFolder(tmp_path).export(run)


def test_pictures_arrive_as_they_are(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    grid = run.directory.epoch_samples(2)
    Image.new("RGB", (5, 4), (1, 2, 3)).save(grid)
    TensorBoardFolder(tmp_path).export(run)
    images = read_images(tmp_path / "run")
    files = {f"validation_cat/{form}": run.image_file(run.images[0], form) for form in FORMS}
    files |= {"samples/final": run.directory.final_samples, "samples/epochs": grid}
    assert images.keys() == files.keys()
    for tag, file in files.items():
        assert file is not None
        assert images[tag][1].encoded_image_string == file.read_bytes()
    assert {tag: step for tag, (step, _) in images.items() if step != 3} == {"samples/epochs": 2}
    small = images["validation_cat/clean"][1]
    assert (small.width, small.height, small.colorspace) == (8, 6, 1)
    large = images["samples/final"][1]
    assert (large.width, large.height, large.colorspace) == (12, 9, 3)


def test_settings_are_hyperparameters_of_all_runs_together(tmp_path: Path) -> None:
    overrides = ["dropout.encoder={kind: spatial, rate: [0.1, 0.2]}", "notes=why", "seed=7"]
    TensorBoardFolder(tmp_path).export(write_run(tmp_path / "run", overrides=overrides))
    told = read_hparams(tmp_path / "run")
    # With an experiment record TensorBoard would show the settings of one run's kinds alone.
    assert told.keys() == {"_hparams_/session_start_info", "_hparams_/session_end_info"}
    settings = told["_hparams_/session_start_info"].session_start_info.hparams
    assert settings["seed"].number_value == 7
    assert settings["dropout.encoder.kind"].string_value == "spatial"
    assert settings["dropout.encoder.rate"].string_value == "[0.1, 0.2]"
    assert settings["architecture.residual"].HasField("bool_value")
    assert "training.early_stopping" not in settings  # null
    assert "notes" not in settings


def test_the_config_can_be_read_as_text(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    TensorBoardFolder(tmp_path).export(run)
    values = [item for event in read_events(tmp_path / "run") for item in event.summary.value]
    (text,) = (item.tensor.string_val[0] for item in values if item.tag == "config/text_summary")
    config = run.directory.config.read_text(encoding="utf-8")
    assert text.decode() == f"```yaml\n{config}```"


def test_a_second_export_replaces_the_first_and_nothing_else(tmp_path: Path) -> None:
    board = TensorBoardFolder(tmp_path / "board")
    foreign = tmp_path / "board" / "run" / "events.out.tfevents.1.host"
    foreign.parent.mkdir(parents=True)
    foreign.touch()
    epochs = [example_epoch(1), example_epoch(2)]
    board.export(write_run(tmp_path / "run", epochs=epochs, status=None))
    assert [step for step, *_ in read_scalars(foreign.parent)["psnr/val"]] == [1, 2]
    assert "_hparams_/session_end_info" not in read_hparams(foreign.parent)
    board.export(write_run(tmp_path / "run"))
    assert [step for step, *_ in read_scalars(foreign.parent)["psnr/val"]] == [1, 2, 3]
    assert "_hparams_/session_end_info" in read_hparams(foreign.parent)
    assert foreign.exists()
    assert len(list(foreign.parent.iterdir())) == 2


def test_an_open_tensorboard_is_told_to_forget_what_it_read_before(tmp_path: Path) -> None:
    TensorBoardFolder(tmp_path).export(write_run(tmp_path / "run"))
    version, restart = read_events(tmp_path / "run")[:2]
    assert version.file_version == "brain.Event:2"
    assert restart.session_log.status == restart.session_log.START


def test_a_run_that_has_just_begun_is_exported_without_a_curve(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", epochs=[], status=None)
    run.directory.environment.unlink()
    TensorBoardFolder(tmp_path).export(run)
    assert read_scalars(tmp_path / "run") == {}
    assert read_hparams(tmp_path / "run").keys() == {"_hparams_/session_start_info"}


def test_numbers_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    epochs = [example_epoch(1, train_eval_loss=math.nan), example_epoch(2, psnr_gap=math.inf)]
    TensorBoardFolder(tmp_path).export(write_run(tmp_path / "run", epochs=epochs))
    scalars = read_scalars(tmp_path / "run")
    assert [step for step, *_ in scalars["loss/train_eval"]] == [2]
    assert [step for step, *_ in scalars["psnr/gap"]] == [1]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match=r"file/run: cannot be written: Not a directory"):
        TensorBoardFolder(tmp_path / "file").export(run)


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    run.directory.final_samples.write_bytes(b"no picture")
    with pytest.raises(ExportError, match=r"final\.png: cannot be read as an image: "):
        TensorBoardFolder(tmp_path).export(run)
