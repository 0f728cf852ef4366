import csv
import json
import math
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from dropstudy.config.training import Monitor
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.records import (
    EpochRecord,
    RunResult,
    append_epoch,
    is_better,
    write_image_records,
    write_result,
)
from tests.runs.written import image_record

BASELINES: dict[str, dict[str, Any]] = {
    "identity": {"val_psnr": 24.0},
    "classical": {"val_psnr": 25.5, "method": "cubic"},
}


def _record(epoch: int = 1, **values: Any) -> EpochRecord:
    numbers: dict[str, Any] = {
        item.name: (7 if get_type_hints(EpochRecord)[item.name] is int else 1 / 3)
        for item in fields(EpochRecord)
    }
    return EpochRecord(**{**numbers, "peak_gpu_memory_bytes": None, **values, "epoch": epoch})


def _records(**columns: list[float]) -> list[EpochRecord]:
    names = list(columns)
    rows = zip(*columns.values(), strict=True)
    return [
        _record(index, **dict(zip(names, row, strict=True))) for index, row in enumerate(rows, 1)
    ]


@pytest.mark.parametrize(
    ("monitor", "values", "best"),
    [
        ("val_loss", [0.5, 0.2, 0.3], 2),
        ("val_loss", [0.5, 0.2, 0.2], 2),
        ("val_psnr", [20.0, 19.0, 21.0], 3),
        ("val_psnr", [21.0, 19.0, 21.0], 1),
        ("val_ssim", [0.8, 0.9, 0.85], 2),
    ],
)
def test_the_best_epoch_is_the_first_with_the_best_monitored_value(
    monitor: Monitor, values: list[float], best: int
) -> None:
    result = RunResult("finished", epochs=_records(**{monitor: values}), monitor=monitor)
    assert result.best is not None
    assert result.best.epoch == best


@pytest.mark.parametrize(
    ("monitor", "value", "minimum_gain", "better"),
    [
        ("val_loss", 0.25, 0.125, True),
        ("val_loss", 0.375, 0.125, False),
        ("val_loss", 0.5, 0.0, False),
        ("val_loss", math.nan, 0.0, False),
        ("val_psnr", 0.75, 0.125, True),
        ("val_psnr", 0.625, 0.125, False),
        ("val_ssim", 0.25, 0.0, False),
    ],
)
def test_a_better_epoch_is_better_by_more_than_the_minimum_gain(
    monitor: Monitor, value: float, minimum_gain: float, better: bool
) -> None:
    old, new = _records(**{monitor: [0.5, value]})
    assert is_better(new, old, monitor, minimum_gain=minimum_gain) == better


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [([], None), ([90.0], None), ([90.0, 3.0], 3.0), ([90.0, 3.0, 1.0, 2.0, 9.0], 2.5)],
)
def test_the_median_time_leaves_the_first_epoch_out(
    seconds: list[float], expected: float | None
) -> None:
    result = RunResult("finished", epochs=_records(train_seconds=seconds))
    assert result.median_train_seconds == expected


def test_an_epochs_time_is_the_sum_of_its_parts() -> None:
    record = _record(train_seconds=4.0, val_seconds=2.0, other_seconds=1.0)
    assert record.total_seconds == 7.0


def test_the_table_and_the_lines_of_the_epochs_agree(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    records = [
        _record(1, val_psnr=27.123456789012345, learning_rate=1e-20),
        _record(2, peak_gpu_memory_bytes=2**40),
    ]
    for record in records:
        append_epoch(directory, record)
    lines = [json.loads(line) for line in directory.epochs.read_text().splitlines()]
    with directory.epochs_table.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert lines == [asdict(record) for record in records]
    assert [list(row) for row in rows] == [list(line) for line in lines]
    for row, line in zip(rows, lines, strict=True):
        assert {name: json.loads(text) if text else None for name, text in row.items()} == line


def test_a_line_is_json_even_where_a_number_is_not_finite(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    append_epoch(directory, _record(train_eval_loss=math.nan, images_per_second=math.inf))

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    line = json.loads(directory.epochs.read_text(), parse_constant=refuse)
    assert (line["train_eval_loss"], line["images_per_second"]) == (None, None)


def test_a_result_has_the_keys_of_the_contract(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    epochs = _records(val_loss=[0.5, 0.2, 0.3], train_seconds=[9.0, 2.0, 4.0])
    result = RunResult(
        "finished",
        epochs=epochs,
        baselines=BASELINES,
        test={"psnr": 26.0},
        parameters=123,
        multiply_adds=456,
        steps_per_epoch=25,
        draws_per_step=768,
        resumes=1,
        total_seconds=16.5,
    )
    write_result(directory, result)
    assert json.loads(directory.result.read_text()) == {
        "status": "finished",
        "error": None,
        "monitor": "val_loss",
        "best": asdict(epochs[1]),
        "last": asdict(epochs[2]),
        "test": {"psnr": 26.0},
        "baselines": BASELINES,
        "median_train_seconds": 3.0,
        "total_seconds": 16.5,
        "parameters": 123,
        "multiply_adds": 456,
        "steps_per_epoch": 25,
        "draws_per_step": 768,
        "resumes": 1,
    }


def test_a_line_for_each_image_holds_its_scores_and_replaces_older_lines(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    records = [
        image_record("größe", files={"clean": "images/a.png"}),
        image_record("b\n", psnr=math.inf),
    ]
    for _ in range(2):
        write_image_records(directory, records)
    lines = directory.image_scores.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        asdict(records[0]),
        {**asdict(records[1]), "psnr": None},
    ]


def test_a_run_that_failed_before_its_first_epoch_has_neither_best_nor_last() -> None:
    content = RunResult("failed", error="no images").as_dict()
    assert (content["status"], content["error"]) == ("failed", "no images")
    assert content["best"] is content["last"] is content["median_train_seconds"] is None


def test_a_record_cannot_be_changed_but_copied() -> None:
    record = _record()
    with pytest.raises(AttributeError):
        record.epoch = 2  # type: ignore[misc]
    assert replace(record, epoch=2).epoch == 2
