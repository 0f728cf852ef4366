from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dropstudy.analysis.cost import measure_cost
from dropstudy.analysis.cost_noise import find_noise
from dropstudy.runs.reading import Run
from tests.analysis.runs import SPATIAL, make_run


def _runs(
    folder: Path, name: str, starts: Sequence[str], *, seconds: float = 10.0, **changes: Any
) -> list[Run]:
    dropout = None if name == "plain" else SPATIAL
    environment = changes.pop("environment", {})
    return [
        make_run(
            folder / f"{name}-{seed}",
            seed=seed,
            dropout=dropout,
            seconds=seconds,
            environment={**environment, "started": start},
            **changes,
        )
        for seed, start in enumerate(starts)
    ]


def _noise(*sides: Sequence[Run], factor: str = "dropout", ratio: float = 1.5) -> str:
    costs = {run.directory.path: measure_cost(run) for runs in sides for run in runs}
    return find_noise(sides, ratio=ratio, costs=costs, margin=0.05, factor=factor)


EARLY = ("2026-01-02T10:00:00+00:00", "2026-01-02T10:10:00+00:00")
LATE = ("2026-01-02T11:00:00+00:00", "2026-01-02T11:10:00+00:00")


def test_arms_that_were_timed_in_turns_are_quiet(tmp_path: Path) -> None:
    plain = _runs(tmp_path, "plain", (EARLY[0], LATE[0]))
    spatial = _runs(tmp_path, "spatial", (EARLY[1], LATE[1]))
    assert _noise(plain, spatial) == ""


@pytest.mark.parametrize("starts", [(EARLY, LATE), (LATE, EARLY)])
def test_an_arm_that_was_timed_wholly_after_the_other_differs_by_the_hour_too(
    tmp_path: Path, starts: tuple[Sequence[str], Sequence[str]]
) -> None:
    sides = _runs(tmp_path, "plain", starts[0]), _runs(tmp_path, "spatial", starts[1])
    assert _noise(*sides) == "all runs of one arm were timed before all of the other"


def test_of_one_run_each_one_is_always_first(tmp_path: Path) -> None:
    assert _noise(_runs(tmp_path, "plain", EARLY[:1]), _runs(tmp_path, "spatial", LATE[:1])) == ""


@pytest.mark.parametrize(
    ("changes", "named", "factor"),
    [
        ({"sections": {"training": {"batch_size": 8}}}, "batch size", "training.batch_size"),
        ({"sections": {"data": {"patch_size": 32}}}, "patch size", "data.patch_size"),
        ({"environment": {"processor": "another"}}, "processor", ""),
        ({"environment": {"runtime": {"threads": 1}}}, "threads", "runtime.threads"),
        ({"environment": {"runtime": {"precision": "mixed_float16"}}}, "precision", "runtime"),
        ({"result": {"steps_per_epoch": 1}}, "patches per epoch", ""),
    ],
)
def test_epochs_of_another_kind_are_not_compared_unless_that_is_the_question(
    tmp_path: Path, changes: Mapping[str, Any], named: str, factor: str
) -> None:
    plain = _runs(tmp_path, "plain", EARLY)
    spatial = _runs(tmp_path, "spatial", EARLY, **changes)
    assert _noise(plain, spatial).startswith(f"the runs differ in {named}")
    if factor:
        assert named not in _noise(plain, spatial, factor=factor)
