from pathlib import Path
from typing import Any

import pytest

from dropstudy.analysis.arms import form_arms
from dropstudy.analysis.confounds import Difference, find_differences
from dropstudy.runs.reading import Run
from tests.analysis.runs import SPATIAL, make_run


def _differences(*runs: Run, group_by: str | None = None) -> dict[str, Difference]:
    arms = form_arms(runs, group_by=group_by)
    found = find_differences(arms, factor=group_by or "dropout")
    assert len({difference.key for difference in found}) == len(found)
    return {difference.key: difference for difference in found}


def test_runs_that_differ_in_their_seed_alone_do_not_differ(tmp_path: Path) -> None:
    assert not _differences(*(make_run(tmp_path / f"a-{seed}", seed=seed) for seed in range(3)))


def test_dropout_is_a_difference_but_no_confound(tmp_path: Path) -> None:
    found = _differences(
        make_run(tmp_path / "plain-0"), make_run(tmp_path / "spatial-0", dropout=SPATIAL)
    )
    assert {key: item.values for key, item in found.items()} == {
        "dropout.skip.kind": ("none", "spatial"),
        "dropout.skip.rate": ("–", "0.3"),
    }
    assert not any(item.confounds for item in found.values())


def test_the_kernel_is_a_question_by_itself_and_else_a_confound(tmp_path: Path) -> None:
    keras = {"dropout": {"kernel": "keras"}}
    plain, by_keras, spatial = (
        make_run(tmp_path / "a-0"),
        make_run(tmp_path / "b-0", sections=keras),
        make_run(tmp_path / "c-0", dropout=SPATIAL),
    )

    assert not _differences(plain, by_keras)["dropout.kernel"].confounds
    found = _differences(by_keras, spatial)
    assert found["dropout.kernel"].confounds == "other arithmetic and another speed"
    assert not found["dropout.skip.kind"].confounds
    grouped = _differences(by_keras, spatial, group_by="dropout.kernel")
    assert not grouped["dropout.kernel"].confounds


@pytest.mark.parametrize(
    ("circumstance", "sections", "environment", "result", "values"),
    [
        (
            "data fingerprint",
            {},
            {"data_fingerprint": "fedcba9876543210"},
            {},
            ("0123456789ab", "fedcba987654"),
        ),
        ("package keras", {}, {"packages": {"keras": "3.14.0"}}, {}, ("3.15.1", "3.14.0")),
        ("python", {}, {"python": "3.12.1"}, {}, ("3.11.7", "3.12.1")),
        ("device", {}, {"runtime": {"device_models": ["H100"]}}, {}, ("CPU:0", "H100")),
        ("processor", {}, {"processor": "another"}, {}, ("a processor", "another")),
        ("cores", {}, {"cores": 64}, {}, ("2", "64")),
        ("threads", {}, {"runtime": {"threads": 1}}, {}, ("2", "1")),
        ("precision", {}, {"runtime": {"precision": "bfloat16"}}, {}, ("float32", "bfloat16")),
        ("XLA", {}, {"runtime": {"xla": True}}, {}, ("false", "true")),
        ("steps per epoch", {}, {}, {"steps_per_epoch": 11}, ("10", "11")),
        ("resumed", {}, {}, {"resumes": 2}, ("never", "2×")),
        ("training.batch_size", {"training": {"batch_size": 8}}, {}, {}, ("16", "8")),
        (
            "runtime.precision",
            {"runtime": {"precision": "float32"}},
            {},
            {},
            ("auto", "float32"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_other_circumstance_is_found_and_named(
    tmp_path: Path,
    circumstance: str,
    sections: dict[str, Any],
    environment: dict[str, Any],
    result: dict[str, Any],
    values: tuple[str, str],
) -> None:
    found = _differences(
        make_run(tmp_path / "plain-0"),
        make_run(
            tmp_path / "spatial-0",
            dropout=SPATIAL,
            sections=sections,
            environment=environment,
            result=result,
        ),
    )
    confounds = {key: item for key, item in found.items() if item.confounds}
    assert list(confounds) == [circumstance]
    assert confounds[circumstance].values == values


COSINE = {"training": {"schedule": {"kind": "cosine"}}}


@pytest.mark.parametrize(
    ("keys", "sections", "told"),
    [
        (["training.epochs"], {}, ""),
        (["training.epochs"], COSINE, "training.epochs 8 → 50"),
        (["training.early_stopping.patience"], {}, ""),
        (["runtime.device"], {}, "runtime.device 8 → 50"),
        (
            ["runtime.device", "runtime.threads"],
            {},
            "runtime.device 8 → 50, runtime.threads 8 → 50",
        ),
        (["samples.every", "recovery.keep", "notes", "tags"], {}, ""),
        (["training.batch_size"], {}, ""),  # then it has started over, with what it says
        (
            ["runtime.device", "training.batch_size", "runtime.threads"],
            {},
            "runtime.threads 8 → 50",
        ),
    ],
)
def test_a_run_that_was_changed_on_the_way_is_no_arm_of_the_others(
    keys: list[str], sections: dict[str, Any], told: str, tmp_path: Path
) -> None:
    changes = [{"key": key, "old": 8, "new": 50, "reason": "a reason"} for key in keys]
    runs = [
        make_run(tmp_path / f"a-{seed}", seed=seed, sections=sections, environment=environment)
        for seed, environment in enumerate(({}, {"changes": changes}))
    ]
    assert len(form_arms(runs)) == (2 if told else 1)
    found = _differences(*runs)
    assert list(found) == (["changed on the way"] if told else [])
    if told:
        assert found["changed on the way"].values == ("–", told)
        assert found["changed on the way"].confounds == "a part of it was trained otherwise"


def test_a_run_that_went_on_elsewhere_is_found(tmp_path: Path) -> None:
    resume = {"started": "2026-01-03T00:00:00+00:00", "epoch": 2, "step": 0}
    noted = {"resumes": [resume, {**resume, "differences": ["the processor was a and is b"]}]}
    found = _differences(
        *(make_run(tmp_path / f"a-{n}", seed=n, environment=noted) for n in (0, 1))
    )
    assert {key: item.values for key, item in found.items()} == {
        "resumed": ("2×",),
        "resumed elsewhere": ("1×",),
    }


def test_a_run_without_a_result_counts_its_resumes_too(tmp_path: Path) -> None:
    resume = {"started": "2026-01-03T00:00:00+00:00", "epoch": 2, "step": 0}
    found = _differences(
        make_run(tmp_path / "a-0", status=None, environment={"resumes": [resume] * 2})
    )
    assert found["resumed"].values == ("2×",)


def test_how_often_a_run_saves_where_it_stands_makes_no_arm(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / f"a-{seed}", seed=seed, sections={"recovery": {"keep": 1 + seed}})
        for seed in range(2)
    ]
    assert len(form_arms(runs)) == 1
    assert not _differences(*runs)


def test_unequal_epochs_and_an_early_end_are_found(tmp_path: Path) -> None:
    found = _differences(
        make_run(tmp_path / "plain-0"),
        make_run(tmp_path / "spatial-0", dropout=SPATIAL, psnrs=[24.0], status="interrupted"),
    )
    assert found["epochs finished"].values == ("3", "1")
    assert found["status"].values == ("finished", "interrupted")


def test_a_difference_within_one_arm_is_found_as_well(tmp_path: Path) -> None:
    """All four seeds are one arm, though the last of them ran on another machine."""
    runs = [make_run(tmp_path / f"a-{seed}", seed=seed) for seed in range(3)]
    other = make_run(tmp_path / "a-3", seed=3, environment={"processor": "another"})
    found = _differences(*runs, other)
    assert found["processor"].values == ("a processor, another",)
    assert found["processor"].confounds


def test_all_runs_resumed_alike_are_a_confound_still(tmp_path: Path) -> None:
    found = _differences(
        *(
            make_run(tmp_path / f"{name}-0", dropout=dropout, result={"resumes": 1})
            for name, dropout in (("plain", None), ("spatial", SPATIAL))
        )
    )
    assert found["resumed"].values == ("1×", "1×")


def test_two_devices_that_all_runs_had_are_no_difference(tmp_path: Path) -> None:
    runtime = {"runtime": {"device_names": ["GPU:0", "GPU:1"]}}
    found = _differences(
        *(make_run(tmp_path / f"a-{seed}", seed=seed, environment=runtime) for seed in range(2))
    )
    assert not found


def test_what_an_older_run_did_not_note_is_unknown(tmp_path: Path) -> None:
    old = make_run(tmp_path / "old-0", dropout=SPATIAL, environment={"cores": None})
    found = _differences(make_run(tmp_path / "new-0"), old)
    assert found["cores"].values == ("2", "unknown")


def test_what_is_grouped_by_is_the_factor_and_dropout_then_a_confound(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "a-0"),
        make_run(tmp_path / "b-0", dropout=SPATIAL, sections={"training": {"batch_size": 8}}),
    ]
    found = _differences(*runs, group_by="training.batch_size")
    assert not found["training.batch_size"].confounds
    assert found["dropout.skip.kind"].confounds
    assert next(iter(found)) == "training.batch_size"  # the factor is told first


def test_what_a_killed_run_could_not_note_is_no_difference_but_its_status_is(
    tmp_path: Path,
) -> None:
    found = _differences(
        make_run(tmp_path / "plain-0"),
        make_run(tmp_path / "spatial-0", dropout=SPATIAL, status=None),
    )
    assert "status" in found
    assert not found.keys() & {"degraded images", "steps per epoch"}
