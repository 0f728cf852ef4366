from pathlib import Path
from typing import Any

import pytest

from dropstudy.errors import RunDirectoryError
from dropstudy.runs.changes import Change
from dropstudy.runs.directory import write_json
from dropstudy.runs.history import Resume
from dropstudy.runs.reading import Run
from tests.runs.written import ENVIRONMENT, write_run


def test_what_happened_on_the_way_is_read_from_the_environment(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    assert (run.resumes, run.changes) == ([], [])
    resumes = [
        {"started": "2026-01-03T00:00:00+00:00", "epoch": 3, "step": 17, "differences": ["b"]},
        {"started": "2026-01-04T00:00:00+00:00", "epoch": 5, "step": 0, "more": "of a later day"},
    ]
    changes = [
        {"key": "training.epochs", "old": 8, "new": 50, "reason": "on resume", "at": "x"},
        {"key": "notes", "old": None, "new": ["a"]},
    ]
    write_json(run.directory.environment, {**ENVIRONMENT, "resumes": resumes, "changes": changes})
    again = Run(run.directory)
    assert again.resumes == [
        Resume("2026-01-03T00:00:00+00:00", 3, 17, ("b",)),
        Resume("2026-01-04T00:00:00+00:00", 5, 0),
    ]
    assert str(again.resumes[0]) == "2026-01-03 from epoch 3, step 17"
    assert again.changes == [
        Change("training.epochs", 8, 50, "on resume"),
        Change("notes", None, ["a"], ""),
    ]


@pytest.mark.parametrize(
    ("noted", "message"),
    [
        ({"resumes": 2}, "resumes is 2$"),
        ({"resumes": [2]}, r"resumes is \[2\]$"),
        ({"resumes": [{"started": "x", "epoch": 1}]}, "resumes has "),
        ({"resumes": [{"started": 1, "epoch": 1, "step": 1}]}, "resumes has "),
        ({"resumes": [{"started": "x", "epoch": "1", "step": 1}]}, "resumes has "),
        ({"resumes": [{"started": "x", "epoch": 1, "step": 1, "differences": 1}]}, "resumes has"),
        ({"resumes": [{"started": "x", "epoch": True, "step": 1}]}, "resumes has "),
        ({"changes": {}}, r"changes is \{\}$"),
        ({"changes": [{"key": "a", "old": 1}]}, "changes has "),
        ({"changes": [{"key": 1, "old": 1, "new": 2}]}, "changes has "),
    ],
)
def test_a_damaged_history_is_named(noted: dict[str, Any], message: str, tmp_path: Path) -> None:
    run = write_run(tmp_path)
    write_json(run.directory.environment, noted)
    with pytest.raises(RunDirectoryError, match=rf"environment\.json: damaged: {message}"):
        _ = [Run(run.directory).resumes, Run(run.directory).changes]
