import math
from pathlib import Path
from typing import Any

import pytest

from dropstudy.analysis.arms import arm_traits, form_arms, is_within, pair_runs, write_value
from dropstudy.analysis.measures import find_measure
from dropstudy.errors import ConfigError
from dropstudy.runs.directory import write_json
from dropstudy.runs.reading import Run
from tests.analysis.runs import SPATIAL, make_arm, make_run


def test_runs_that_differ_in_seed_name_tags_notes_or_pictures_are_one_arm(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "a-0"),
        make_run(tmp_path / "b-0", seed=3),
        make_run(tmp_path / "c-0", sections={"tags": ["x"], "notes": "why"}),
        make_run(tmp_path / "d-0", sections={"samples": {"count": 0, "images": 2}}),
    ]
    (arm,) = form_arms(runs)
    assert {run.name for run in arm.runs} == {"a-0", "b-0", "c-0", "d-0"}
    assert arm.seeds == [0, 3]


@pytest.mark.parametrize(
    "sections",
    [
        {"training": {"batch_size": 8}},
        {"training": {"steps_per_epoch": 11}},
        {"runtime": {"precision": "mixed_bfloat16"}},
        {"architecture": {"filters": 8}},
        {"data": {"evaluation_size": 64}},
        {"task": {"kind": "jpeg", "quality": 20}},
    ],
    ids=str,
)
def test_any_other_setting_makes_another_arm(tmp_path: Path, sections: dict[str, Any]) -> None:
    runs = [make_run(tmp_path / "a-0"), make_run(tmp_path / "a-1", sections=sections)]
    assert len(form_arms(runs)) == 2


def test_a_run_of_an_older_version_lacks_settings_that_change_nothing(tmp_path: Path) -> None:
    old, new = make_run(tmp_path / "a-0"), make_run(tmp_path / "a-1", seed=1)
    settings = old.settings
    del settings["data"]["text_pages"], settings["training"]["seconds"]
    write_json(old.directory.settings, settings)
    old = Run(old.directory)
    assert "text_pages" not in old.settings["data"]
    assert len(form_arms([old, new])) == 1
    assert arm_traits(old) == arm_traits(new)
    pages = make_run(tmp_path / "b-0", sections={"data": {"text_pages": 4}})
    limited = make_run(tmp_path / "c-0", sections={"training": {"seconds": 60.0}})
    assert len(form_arms([old, new, pages, limited])) == 3


def test_rate_0_is_one_arm_whatever_the_kind(tmp_path: Path) -> None:
    kinds = ["none", "dropout", "spatial", "gaussian", "dropblock"]
    settings = [{"kind": kind} | ({} if kind == "none" else {"rate": 0.0}) for kind in kinds]
    runs = [
        make_run(tmp_path / f"{setting['kind']}-0", dropout={"skip": setting})
        for setting in settings
    ]
    runs.append(
        make_run(tmp_path / "list-0", dropout={"encoder": {"kind": "spatial", "rate": [0.0, 0.0]}})
    )
    assert len(form_arms(runs)) == 1
    dropping = {"encoder": {"kind": "spatial", "rate": [0.0, 0.1]}}
    assert len(form_arms([*runs, make_run(tmp_path / "drops-0", dropout=dropping)])) == 2


def test_arms_are_in_the_order_given_and_their_runs_by_seed(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "b-2", seed=2, dropout=SPATIAL),
        make_run(tmp_path / "a-1", seed=1),
        make_run(tmp_path / "b-0", seed=0, dropout=SPATIAL),
    ]
    arms = form_arms(runs)
    assert [[run.name for run in arm.runs] for arm in arms] == [["b-0", "b-2"], ["a-1"]]
    assert [arm.label for arm in arms] == ["b", "a"]


def test_without_telling_names_arms_are_called_by_what_differs(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "x-0"),
        make_run(tmp_path / "x-1", dropout={"encoder": {"kind": "dropout", "rate": [0.1, 0.2]}}),
    ]
    assert [arm.label for arm in form_arms(runs)] == [
        "dropout.encoder.kind none",
        "dropout.encoder.kind dropout, dropout.encoder.rate 0.1/0.2",
    ]


def test_a_name_that_stands_for_two_arms_is_no_label(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "x-0"),
        make_run(tmp_path / "x-1", dropout=SPATIAL),
        make_run(tmp_path / "y-0", sections={"training": {"batch_size": 8}}),
    ]
    labels = [arm.label for arm in form_arms(runs)]
    assert len(set(labels)) == 3
    assert "training.batch_size 8" in labels[2]


def test_group_by_puts_together_what_agrees_in_a_section_or_a_key(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "a-0"),
        make_run(tmp_path / "b-0", sections={"training": {"batch_size": 8}}),
        make_run(tmp_path / "c-0", dropout=SPATIAL, sections={"training": {"batch_size": 8}}),
    ]

    def grouped(key: str) -> list[list[str]]:
        return [[run.name for run in arm.runs] for arm in form_arms(runs, group_by=key)]

    assert grouped("dropout") == grouped("dropout.skip.kind") == [["a-0", "b-0"], ["c-0"]]
    assert grouped("training.batch_size") == [["a-0"], ["b-0", "c-0"]]
    assert grouped("architecture") == [["a-0", "b-0", "c-0"]]
    assert form_arms(runs, group_by="architecture")[0].label == "all runs"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("dropout.skipp", r"a-0 has no setting dropout\.skipp; did you mean dropout\.skip\?"),
        ("drop", "a-0 has no setting drop"),
        ("seed", "seed makes no arm: it changes neither network nor training"),
        ("samples.count", "makes no arm"),
    ],
)
def test_group_by_what_makes_no_arm_is_refused(tmp_path: Path, key: str, message: str) -> None:
    runs = [make_run(tmp_path / "a-0")]
    with pytest.raises(ConfigError, match=f"group_by: .*{message}"):
        form_arms(runs, group_by=key)


def test_runs_of_one_seed_count_once_by_their_mean(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "a-0", psnrs=[24.0]),
        make_run(tmp_path / "a-again", name="a", psnrs=[25.0]),
        make_run(tmp_path / "a-1", seed=1, psnrs=[27.0]),
    ]
    (arm,) = form_arms(runs)
    assert arm.values(find_measure("val_psnr")) == {0: 24.5, 1: 27.0}


def test_a_seed_without_a_number_is_left_out(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "a-0", psnrs=[24.0], test_psnr=None),
        make_run(tmp_path / "a-1", seed=1, psnrs=[25.0]),
        make_run(tmp_path / "a-2", seed=2, psnrs=[26.0], test_psnr=math.nan),
    ]
    (arm,) = form_arms(runs)
    assert arm.values(find_measure("test_psnr")) == {1: 25.0}


def test_runs_are_paired_by_seed(tmp_path: Path) -> None:
    plain, spatial = (
        form_arms(make_arm(tmp_path, name, [25.0] * count, dropout=dropout))[0]
        for name, count, dropout in (("plain", 2, None), ("spatial", 3, SPATIAL))
    )
    names = [(after.name, before.name) for after, before in pair_runs(spatial, plain)]
    assert names == [("spatial-0", "plain-0"), ("spatial-1", "plain-1")]


def test_traits_are_dotted_settings(tmp_path: Path) -> None:
    traits = arm_traits(make_run(tmp_path / "a-0", dropout=SPATIAL))
    assert traits["dropout.skip.rate"] == 0.3
    assert traits["task.kind"] == "pixelate"
    assert not {"name", "seed", "tags", "notes", "samples.count"} & traits.keys()


def test_a_key_is_within_its_section_but_not_within_one_that_begins_alike() -> None:
    assert is_within("dropout.skip.rate", "dropout")
    assert is_within("dropout", "dropout")
    assert not is_within("dropout_schedule", "dropout")


@pytest.mark.parametrize(
    ("value", "written"),
    [([0.1, 0.2], "0.1/0.2"), (None, "null"), (True, "true"), (16, "16"), ("unet", "unet")],
)
def test_values_are_written_as_in_yaml(value: Any, written: str) -> None:
    assert write_value(value) == written


def _scheduled(**schedule: Any) -> dict[str, Any]:
    return {**SPATIAL, "schedule": schedule}


def test_schedules_make_arms_where_anything_drops(tmp_path: Path) -> None:
    schedules: list[dict[str, Any]] = [
        {"kind": "constant"},
        {"kind": "early"},
        {"kind": "early", "until": 0.25},
    ]
    runs = [
        make_run(tmp_path / f"a-{seed}", name="a", seed=seed, dropout=_scheduled(**schedule))
        for seed, schedule in enumerate(schedules)
    ]
    arms = form_arms(runs)
    assert [arm.label for arm in arms] == [
        "dropout.schedule.kind constant",
        "dropout.schedule.kind early, dropout.schedule.until 0.5",
        "dropout.schedule.kind early, dropout.schedule.until 0.25",
    ]
    zero = {"skip": {"kind": "spatial", "rate": 0.0}}
    for number, schedule in enumerate(schedules):
        dropout = {**zero, "schedule": schedule}
        runs.append(make_run(tmp_path / f"b-{number}", seed=number, dropout=dropout))
    assert [len(arm.runs) for arm in form_arms(runs)] == [1, 1, 1, 3]


def test_a_run_from_before_schedules_is_one_of_constant_rates(tmp_path: Path) -> None:
    old, new = (make_run(tmp_path / name, dropout=SPATIAL) for name in ("a-0", "a-1"))
    settings = old.settings
    assert settings["dropout"].pop("schedule") == {"kind": "constant"}
    write_json(old.directory.settings, settings)
    assert arm_traits(Run(old.directory)) == arm_traits(new)


@pytest.mark.parametrize(
    ("dropout", "differs"),
    [
        (SPATIAL, False),
        (_scheduled(kind="linear"), True),
        ({"schedule": {"kind": "linear"}}, False),
    ],
    ids=["constant", "linear", "nothing drops"],
)
def test_more_epochs_on_the_way_are_no_longer_run_where_rates_change_by_them(
    tmp_path: Path, dropout: dict[str, Any], differs: bool
) -> None:
    constant = {"training": {"schedule": {"kind": "constant"}}}
    change = {"key": "training.epochs", "old": 2, "new": 3, "reason": "on resume"}
    run, changed = (
        make_run(tmp_path / name, dropout=dropout, sections=constant, environment=environment)
        for name, environment in (("a-0", {}), ("a-1", {"changes": [change]}))
    )
    assert (arm_traits(run) != arm_traits(changed)) is differs
