import json
import math
import os
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropstudy.config import load_experiment
from dropstudy.errors import RunDirectoryError
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.parsing import MAX_NUMBER
from dropstudy.runs.process import hold
from dropstudy.runs.reading import Run
from dropstudy.runs.records import (
    EpochRecord,
    ImageRecord,
    RunResult,
    append_epoch,
    write_image_records,
    write_result,
)
from tests.runs.holding import another_process, leave_process_file
from tests.runs.written import BASELINES, epoch_record, image_record, write_run

NUMBERS = (
    st.floats(-MAX_NUMBER, MAX_NUMBER)
    | st.sampled_from([math.nan, math.inf, -math.inf])
    | st.integers(-(10**6), 10**6).map(float)
)
COUNTS = st.integers(0, 2**60)
EPOCHS = st.builds(
    EpochRecord,
    **{
        name: COUNTS if name in ("epoch", "peak_memory_bytes") else NUMBERS
        for name in asdict(epoch_record(1))
        if name not in ("peak_gpu_memory_bytes", "val_identity_gain", "val_copy_ratio")
    },
    val_identity_gain=st.none() | st.floats(-MAX_NUMBER, MAX_NUMBER),
    val_copy_ratio=st.none() | st.floats(-MAX_NUMBER, MAX_NUMBER),
    peak_gpu_memory_bytes=st.none() | COUNTS,
)
IMAGES = st.builds(
    ImageRecord,
    part=st.sampled_from(["validation", "test"]),
    image=st.text(),
    **{
        name: NUMBERS
        for name in asdict(image_record())
        if name.endswith(("psnr", "ssim", "accuracy"))
    },
    files=st.dictionaries(st.text(), st.text(), max_size=3),
)


def with_null_as_nan(value: Any) -> Any:
    """What is left of a record: JSON has no word for infinity or NaN. As text, NaN equals NaN."""
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else "nan"
    if isinstance(value, dict):
        return {key: with_null_as_nan(item) for key, item in value.items()}
    return [with_null_as_nan(item) for item in value] if isinstance(value, list) else value


def plain(records: list[EpochRecord] | list[ImageRecord]) -> Any:
    return with_null_as_nan([asdict(record) for record in records])


@given(epochs=st.lists(EPOCHS, max_size=4))
@settings(max_examples=30)
def test_epochs_come_back_as_they_were_written(epochs: list[EpochRecord]) -> None:
    with TemporaryDirectory() as folder:
        run = Run(RunDirectory(Path(folder)))
        for epoch in epochs:
            append_epoch(run.directory, epoch)
        assert plain(run.epochs) == plain(epochs)


def test_rows_of_a_version_that_noted_less_are_read(tmp_path: Path) -> None:
    run = write_run(tmp_path, epochs=2)
    rows = [json.loads(line) for line in run.directory.epochs.read_text().splitlines()]
    for row in rows:
        del row["val_identity_gain"], row["val_copy_ratio"]
    run.directory.epochs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert Run(run.directory).epochs == [epoch_record(1), epoch_record(2)]
    rows[1].pop("val_psnr")
    run.directory.epochs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(RunDirectoryError, match=r"epochs\.jsonl:2: damaged: has no val_psnr"):
        _ = Run(run.directory).epochs


@given(images=st.lists(IMAGES, max_size=4))
@settings(max_examples=30)
def test_images_come_back_as_they_were_written(images: list[ImageRecord]) -> None:
    with TemporaryDirectory() as folder:
        run = Run(RunDirectory(Path(folder)))
        write_image_records(run.directory, images)
        assert plain(run.images) == plain(images)


@given(
    epochs=st.lists(EPOCHS, max_size=3),
    test=st.dictionaries(st.sampled_from(["psnr", "ssim"]), NUMBERS),
    baseline=st.dictionaries(st.sampled_from(["val_psnr", "test_psnr"]), NUMBERS),
)
@settings(max_examples=30)
def test_a_result_comes_back_as_it_was_written(
    epochs: list[EpochRecord], test: dict[str, float], baseline: dict[str, float]
) -> None:
    result = RunResult("finished", epochs=epochs, test=test, baselines={"identity": baseline})
    with TemporaryDirectory() as folder:
        run = Run(RunDirectory(Path(folder)))
        write_result(run.directory, result)
        assert run.status == "finished"
        for read, written in ((run.best, result.best), (run.last, epochs[-1] if epochs else None)):
            assert (read is None) == (written is None)
            assert not read or not written or plain([read]) == plain([written])
        assert with_null_as_nan(run.test) == with_null_as_nan(test)
        assert with_null_as_nan(run.baselines["identity"]) == with_null_as_nan(baseline)
        seconds = result.median_train_seconds
        assert run.median_train_seconds == (
            seconds if seconds is not None and math.isfinite(seconds) else None
        )


def test_a_finished_run_is_read_whole(tmp_path: Path) -> None:
    run = write_run(tmp_path, epochs=4, changes=("seed=3",))
    assert (run.status, run.seed, run.started) == ("finished", 3, "2026-01-02T03:04:05+00:00")
    assert run.settings["dropout"]["encoder"] == {"kind": "spatial", "rate": [0.02, 0.05]}
    assert [epoch.epoch for epoch in run.epochs] == [1, 2, 3, 4]
    assert run.best == run.last == run.epochs[3]
    assert run.median_train_seconds == pytest.approx(2.03)
    assert run.baselines == BASELINES
    assert run.test["psnr"] == 23.0
    [image] = run.images
    assert math.isnan(image.psnr), "an infinite one is null in JSON"


def test_a_run_that_goes_on_is_read_from_its_epochs(tmp_path: Path) -> None:
    run = write_run(tmp_path, epochs=3, status=None)
    assert (run.status, run.result, run.test, run.images) == ("unfinished", {}, {}, [])
    assert run.best == run.last == epoch_record(3)
    assert run.median_train_seconds == pytest.approx(2.025)


def test_without_a_result_the_status_is_that_of_the_process(tmp_path: Path) -> None:
    directory = write_run(tmp_path, status=None).directory
    with another_process(directory) as writer:
        assert Run(directory).status == "running"
        kept = Run(directory)
        assert kept.status == "running"
        writer.kill()
        writer.wait()
        assert Run(directory).status == "crashed"
        assert kept.status == "running", "one reading says one thing"
    leave_process_file(directory, host="elsewhere")
    assert Run(directory).status == "unfinished"


def test_a_result_says_more_than_a_process_that_is_gone_or_ending(tmp_path: Path) -> None:
    directory = write_run(tmp_path, status="interrupted").directory
    leave_process_file(directory)
    assert Run(directory).status == "interrupted"
    with hold(directory):
        assert Run(directory).status == "interrupted"


def test_a_run_that_ends_while_it_is_read_has_not_crashed(tmp_path: Path) -> None:
    ended = write_run(tmp_path, "ended").directory
    directory = write_run(tmp_path, "ending", status=None).directory
    leave_process_file(directory)
    run = Run(directory)
    assert run.result == {}
    directory.result.write_bytes(ended.result.read_bytes())
    assert run.status == "running"
    assert Run(directory).status == "finished"


def test_the_best_epoch_of_a_run_that_goes_on_is_that_of_its_monitor(tmp_path: Path) -> None:
    changes = ("training.early_stopping={monitor: val_ssim}",)
    run = write_run(tmp_path, epochs=3, status=None, changes=changes)
    assert run.best == epoch_record(1), "the SSIM is the same in all"


def test_a_run_that_has_just_begun_has_neither_epochs_nor_environment(tmp_path: Path) -> None:
    run = write_run(tmp_path, epochs=0, status=None)
    run.directory.environment.unlink()
    assert (run.epochs, run.environment, run.started) == ([], {}, "")
    assert (run.best, run.last, run.median_train_seconds) == (None, None, None)


def test_a_run_without_settings_in_json_is_read_from_its_yaml(tmp_path: Path) -> None:
    run = write_run(tmp_path, changes=("seed=5",))
    stored = run.settings
    run.directory.settings.unlink()
    assert Run(run.directory).settings == stored
    assert load_experiment(run.directory.config).seed == 5


def test_a_result_of_before_these_keys_were_written_is_read(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    old = {
        key: value
        for key, value in run.result.items()
        if key not in ("steps_per_epoch", "draws_per_step", "resumes")
    }
    run.directory.result.write_text(json.dumps(old))
    run.directory.image_scores.unlink()
    again = Run(run.directory)
    assert (again.best, again.images) == (run.best, [])


def test_a_last_line_cut_short_is_left_out_and_one_without_its_end_is_not(tmp_path: Path) -> None:
    run = write_run(tmp_path, epochs=3, status=None)
    text = run.directory.epochs.read_bytes()
    for cut, count in ((0, 3), (1, 3), (2, 2), (300, 2)):
        run.directory.epochs.write_bytes(text[: len(text) - cut])
        assert len(Run(run.directory).epochs) == count, cut


def test_blank_lines_and_keys_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    run = write_run(tmp_path, epochs=1, status=None)
    row = {**json.loads(run.directory.epochs.read_text()), "epoch": 2, "news": [1]}
    run.directory.epochs.write_text(
        run.directory.epochs.read_text() + "\n" + json.dumps(row) + "\r\n"
    )
    assert Run(run.directory).epochs == [epoch_record(1), replace(epoch_record(1), epoch=2)]


def _edit_epochs(directory: RunDirectory, old: str, new: str) -> None:
    lines = directory.epochs.read_text().split("\n")
    assert old in lines[1]
    lines[1] = lines[1].replace(old, new)
    directory.epochs.write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"epoch": 2', '"epoch" 2', r"not JSON: Expecting ':' delimiter \(column 10\)"),
        ('"epoch": 2', '"epoch": 2.5', "epoch is 2.5"),
        ('"epoch": 2', '"epoch": true', "epoch is true"),
        ('"epoch": 2', '"epoch": null', "epoch is null"),
        ('"epoch": 2', '"epoch": 1e999', "epoch is Infinity"),
        ('"epoch": 2, ', "", "has no epoch"),
        ('"val_psnr": 24.5', '"val_psnr": "24.5"', 'val_psnr is "24.5"'),
        ('"val_psnr": 24.5', '"val_psnr": [24.5]', r"val_psnr is \[24.5\]"),
        ('"val_psnr": 24.5', '"val_psnr": 1e308', r"val_psnr is 1e\+308"),
        ('"val_psnr": 24.5', '"val_psnr": Infinity', "val_psnr is Infinity"),
        ('"epoch": 2', f'"epoch": {2**63}', "epoch is 9223372036854775808"),
        ('"val_psnr": 24.5', f'"val_psnr": 1{"0" * 400}', r"val_psnr is 10+\.\.\."),
        ('"val_psnr": 24.5', f'"val_psnr": 1{"0" * 5000}', "not JSON: Exceeds the limit"),
        ('"peak_gpu_memory_bytes": null', '"peak_gpu_memory_bytes": "a"', 'bytes is "a"'),
        ('{"epoch"', '[{"epoch"', "not JSON"),
        ('"epoch": 2', '"epoch": \ud800', "not UTF-8"),
    ],
)
def test_a_damaged_epoch_is_named_with_its_line(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    run = write_run(tmp_path, epochs=3, status=None)
    if "\ud800" in new:
        text = run.directory.epochs.read_bytes()
        run.directory.epochs.write_bytes(text.replace(b'"epoch": 2', b'"epoch": \xff'))
    else:
        _edit_epochs(run.directory, old, new)
    with pytest.raises(RunDirectoryError, match=rf"epochs\.jsonl:2: damaged: .*{message}"):
        _ = run.epochs


READ: dict[str, Callable[[Run], Any]] = {
    "settings": lambda run: run.settings,
    "seed": lambda run: run.seed,
    "environment": lambda run: run.environment,
    "started": lambda run: run.started,
    "status": lambda run: run.status,
    "best": lambda run: run.best,
    "test": lambda run: run.test,
    "baselines": lambda run: run.baselines,
    "median": lambda run: run.median_train_seconds,
    "images": lambda run: run.images,
}


def _settings(**changes: object) -> str:
    """The least that is taken for settings."""
    sections = ("data", "task", "architecture", "dropout", "training", "runtime")
    return json.dumps({"name": "a", "seed": 0, **{name: {} for name in sections}, **changes})


@pytest.mark.parametrize(
    ("file", "content", "asked", "message"),
    [
        ("config.json", "{\n\n]", "settings", r":3: damaged: not JSON: .* \(column 1\)"),
        ("config.json", "[]", "settings", ": damaged: not a JSON object"),
        ("config.json", '{"seed": "1"}', "seed", ": damaged: it has no usable data, task, "),
        ("config.json", _settings(seed="1"), "seed", ": damaged: its seed is '1'"),
        ("config.json", _settings(dropout={"skip": 1}), "seed", "it has no usable dropout$"),
        ("config.json", _settings(name=None), "seed", "it has no usable name$"),
        ("environment.json", "nonsense", "environment", ":1: damaged: not JSON"),
        ("environment.json", "[" * 100_000, "environment", ": damaged: not JSON"),
        ("result.json", '{"best": null}', "status", ": damaged: its status is None"),
        ("result.json", '{"status": "done"}', "status", ": damaged: its status is 'done'"),
        ("result.json", '{"status": "failed", "best": "x"}', "best", ': damaged: "x" is no JSON'),
        ("result.json", '{"status": "failed", "best": {"a": 1}}', "best", "damaged: has no epoch"),
        ("result.json", '{"status": "failed", "test": [1]}', "test", r"damaged: test is \[1\]"),
        ("result.json", '{"status": "failed", "test": {"a": "b"}}', "test", "damaged: test is"),
        ("result.json", '{"status": "failed", "baselines": [1]}', "baselines", "baselines are no"),
        (
            "result.json",
            '{"status": "failed", "baselines": {"identity": {"val_psnr": "x"}}}',
            "baselines",
            r"damaged: baselines\.identity is",
        ),
        (
            "result.json",
            '{"status": "failed", "median_train_seconds": "x"}',
            "median",
            'damaged: median_train_seconds is "x"',
        ),
        ("config.json", _settings(tags="a"), "seed", "it has no usable tags$"),
        ("environment.json", '{"packages": []}', "environment", r": damaged: packages is \[\]$"),
        ("environment.json", '{"packages": null}', "environment", "damaged: packages is null"),
        ("environment.json", '{"runtime": "cpu"}', "environment", 'damaged: runtime is "cpu"'),
        (
            "environment.json",
            '{"runtime": {"xla": []}}',
            "environment",
            r"damaged: runtime\.xla is \[\]",
        ),
        (
            "environment.json",
            '{"pictures": {"test": 3}}',
            "environment",
            r"damaged: pictures\.test is 3$",
        ),
        ("environment.json", '{"command": "run"}', "environment", 'damaged: command is "run"'),
        ("environment.json", '{"started": "today"}', "started", 'damaged: started is "today"'),
        ("environment.json", '{"git": "1af46a8"}', "environment", 'damaged: git is "1af46a8"'),
        *(
            (
                "result.json",
                json.dumps({"status": "finished", name: value}),
                "status",
                f"damaged: {name} is {re.escape(json.dumps(value))}$",
            )
            for name, value in (
                ("draws_per_step", "many"),
                ("parameters", "x"),
                ("multiply_adds", [1]),
                ("steps_per_epoch", 2.5),
                ("resumes", True),
                ("total_seconds", math.inf),
                ("error", 1),
            )
        ),
        ("images.jsonl", "{}\n", "images", ":1: damaged: has no part"),
    ],
)
def test_a_damaged_file_is_named(
    file: str, content: str, asked: str, message: str, tmp_path: Path
) -> None:
    run = write_run(tmp_path)
    (run.directory.path / file).write_text(content)
    with pytest.raises(RunDirectoryError, match=rf"{file}.*{message}"):
        READ[asked](Run(run.directory))


@pytest.mark.parametrize(("changes", "tested"), [([], 1), (["training.restore_best=false"], 3)])
def test_the_final_network_is_the_best_unless_it_was_not_restored(
    changes: list[str], tested: int, tmp_path: Path
) -> None:
    run = write_run(tmp_path, changes=tuple(changes))
    result = {**run.result, "best": {**run.result["best"], "epoch": 1}}
    run.directory.result.write_text(json.dumps(result))
    again = Run(run.directory)
    assert again.final is not None
    assert again.final.epoch == tested


def test_settings_that_do_not_say_so_mean_that_the_best_network_was_restored(
    tmp_path: Path,
) -> None:
    run = write_run(tmp_path)
    training = {key: item for key, item in run.settings["training"].items() if "best" not in key}
    run.directory.settings.write_text(json.dumps({**run.settings, "training": training}))
    assert Run(run.directory).final == run.best


def test_the_classical_method_has_a_name_whether_it_is_known_or_not(tmp_path: Path) -> None:
    assert write_run(tmp_path, "ended").classical_method == "cubic"
    assert write_run(tmp_path, "going", status=None).classical_method == "classical"


def test_a_name_that_is_no_utf_8_can_be_printed(tmp_path: Path) -> None:
    run = write_run(tmp_path, os.fsdecode(b"caf\xe9-1"))
    assert run.name == "caf\N{REPLACEMENT CHARACTER}-1"
    assert run.epochs


def test_a_damaged_yaml_is_an_error_of_the_run(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    run.directory.settings.unlink()
    run.directory.config.write_text("name: [")
    with pytest.raises(RunDirectoryError, match=r"config\.yaml:1: not YAML"):
        _ = Run(run.directory).settings


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    run.directory.result.unlink()
    run.directory.result.mkdir()
    with pytest.raises(RunDirectoryError, match=r"result\.json: cannot be read: Is a directory"):
        _ = Run(run.directory).status


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("part", "train", 'part is "train"'), ("files", {"clean": 1}, "files is"), ("image", 1, "im")],
)
def test_a_damaged_image_is_named_with_its_line(
    name: str, value: Any, message: str, tmp_path: Path
) -> None:
    run = write_run(tmp_path)
    rows = [asdict(image_record("first")), {**asdict(image_record("second")), name: value}]
    run.directory.image_scores.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(RunDirectoryError, match=rf"images\.jsonl:2: damaged: {message}"):
        _ = Run(run.directory).images


def test_an_images_file_is_found_where_it_was_saved_and_still_is(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    (run.directory.path / "images").mkdir()
    (run.directory.path / "images" / "a.png").touch()
    image = image_record(files={"clean": "images/a.png", "restored": "images/gone.png"})
    assert run.image_file(image, "clean") == (run.directory.path / "images/a.png").resolve()
    assert run.image_file(image, "restored") is None
    assert run.image_file(image, "degraded") is None


@pytest.mark.parametrize("name", ["../secret.png", "/etc/hostname", "images/link.png"])
def test_an_images_file_never_leads_out_of_the_run(name: str, tmp_path: Path) -> None:
    run = write_run(tmp_path)
    (tmp_path / "secret.png").touch()
    (run.directory.path / "images").mkdir()
    (run.directory.path / "images" / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(RunDirectoryError, match=r"images\.jsonl: damaged: .* leads out of the run"):
        run.image_file(image_record(files={"clean": name}), "clean")


@pytest.mark.parametrize("name", ["a\0b", "loop.png"])
def test_an_images_file_that_cannot_be_is_damage(name: str, tmp_path: Path) -> None:
    run = write_run(tmp_path)
    (run.directory.path / "loop.png").symlink_to("loop.png")
    with pytest.raises(RunDirectoryError, match="is no file's name"):
        run.image_file(image_record(files={"clean": name}), "clean")
