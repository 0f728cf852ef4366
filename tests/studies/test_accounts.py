import json
from dataclasses import replace
from pathlib import Path

import pytest

from dropstudy.analysis.study_account import Failure, StudyAccount
from dropstudy.config.claims import Claims
from dropstudy.errors import StudyError
from dropstudy.runs.store import find_runs
from dropstudy.studies.accounts import account_for
from dropstudy.studies.directory import StudyDirectory, settle_plan
from dropstudy.studies.plan import Plan
from tests.analysis.runs import with_copy_ratio
from tests.runs.timed import timed_arm, write_session
from tests.studies.finished import finish_runs
from tests.studies.makers import STUDY, plan_study

FAILURE = {
    "when": "2026-01-02T03:04:05+00:00",
    "arm": "spatial",
    "seed": 1,
    "stage": "crashed",
    "error": "killed by signal 9",
}
CLAIMS = Claims.model_validate(
    {
        "claims": [
            {
                "say": "it restores better",
                "metric": "val_psnr",
                "arm": "spatial",
                "against": "none",
                "difference": {"above": 0.1},
            }
        ]
    }
)


def finished(folder: Path) -> tuple[StudyDirectory, Plan]:
    directory, plan = plan_study(folder)
    finish_runs(directory, plan, {"none": [25.0, 25.2], "spatial": [26.0, 26.4]})
    return directory, plan


def test_a_study_that_was_not_begun_has_an_account(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path)
    account = account_for(directory, plan)
    assert (account.settled, account.comparison, account.timing) == ("", None, None)
    assert [(arm.planned, arm.finished) for arm in account.arms] == [(2, 0), (2, 0)]
    assert not account.is_complete
    assert account.environments == ()


def test_finished_runs_are_counted_and_compared(tmp_path: Path) -> None:
    account = account_for(*finished(tmp_path))
    assert account.is_complete
    assert account.comparison is not None
    (contrast,) = account.comparison.contrasts
    assert contrast.judgement.mean == pytest.approx(1.1)
    assert [own["processor"] for own in account.environments] == ["a processor"] * 4


def test_an_arm_says_what_it_is_and_what_it_has_that_the_first_has_not(tmp_path: Path) -> None:
    account = account_for(*plan_study(tmp_path))
    first, second = account.arms
    assert first.description == "pixelate, block 4 · unet of 2 filters, depth 1 · no dropout"
    assert first.changes == ()
    assert second.changes == ("dropout: skip spatial 0.1",)


def test_what_a_line_on_dropout_leaves_out_is_told_by_its_key(tmp_path: Path) -> None:
    text = STUDY.replace("  none: {}\n", "  none: {dropout.skip: {kind: dropblock, rate: 0.1}}\n")
    text = text.replace(
        "kind: spatial, rate: 0.1}",
        "kind: dropblock, rate: 0.1, block_size: 3}, architecture.filters: 3",
    )
    _, second = account_for(*plan_study(tmp_path, text)).arms
    assert second.changes == ("architecture.filters 3", "dropout.skip.block_size 3")


def test_an_arm_without_the_dropout_of_the_first_says_so(tmp_path: Path) -> None:
    arms = "  none: {}\n  spatial: {dropout.skip: {kind: spatial, rate: 0.1}}\n"
    turned = "".join(reversed(arms.splitlines(keepends=True)))
    _, second = account_for(*plan_study(tmp_path, STUDY.replace(arms, turned))).arms
    assert second.changes == ("no dropout",)


def test_controls_and_arms_of_one_model_are_named(tmp_path: Path) -> None:
    text = STUDY.replace("seeds: 2", "controls: [lr_matched]\nseeds: 2")
    text = text.replace(
        "  none: {}\n", "  none: {}\n  zero: {dropout.skip: {kind: dropout, rate: 0}}\n"
    )
    account = account_for(*plan_study(tmp_path, text))
    none, _, control = account.arms
    assert none.also == ("zero",)
    assert control.control_of == "spatial"


def test_networks_that_return_their_input_are_counted(tmp_path: Path) -> None:
    directory, plan = finished(tmp_path)
    for run in find_runs(directory.runs):
        if run.settings["name"] == "none":
            with_copy_ratio(run, 1.0 if run.seed else 0.4, gain=0.0 if run.seed else 3.0)
    account = account_for(directory, plan)
    assert [arm.returned_input for arm in account.arms] == [1, 0]


def test_when_the_plan_was_settled_and_how_it_changed_is_told(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path)
    settle_plan(directory, plan)
    longer = replace(plan, study=plan.study.model_copy(update={"seeds": 4}))
    settle_plan(directory, longer, amendment="two were too few")
    account = account_for(directory, longer)
    assert account.settled.endswith("+00:00")
    (amendment,) = account.amendments
    assert (amendment.reason, amendment.changed) == ("two were too few", ("seeds",))


def test_failures_are_told_in_order(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path)
    lines = [FAILURE, {**FAILURE, "stage": "failed", "seed": 0}]
    directory.failures.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    first, second = account_for(directory, plan).failures
    assert first == Failure(**FAILURE)  # type: ignore[arg-type]
    assert (second.stage, second.seed) == ("failed", 0)


@pytest.mark.parametrize("line", ["{", "[]", "3", '{"when": "now"}', '{"seed": "x"}'])
def test_a_damaged_failure_is_an_error_that_says_where(tmp_path: Path, line: str) -> None:
    directory, plan = plan_study(tmp_path)
    directory.failures.write_text(f"{json.dumps(FAILURE)}\n{line}\n")
    with pytest.raises(StudyError, match=r"failures\.jsonl:2: damaged; remove the line"):
        account_for(directory, plan)


def test_claims_have_outcomes_where_there_are_any(tmp_path: Path) -> None:
    directory, plan = finished(tmp_path)
    assert account_for(directory, plan).claims == ()
    (outcome,) = account_for(directory, plan, claims=CLAIMS).claims
    assert outcome.estimate == pytest.approx(1.1)


def test_a_timing_session_is_found(tmp_path: Path) -> None:
    text = STUDY.replace("seeds: 2", "timing: {repeats: 5, steps: 3, warmup: 1}")
    directory, plan = plan_study(tmp_path, text)
    settings = {arm.name: arm.experiment.model_dump(mode="json") for arm in plan.arms}
    arms = [timed_arm("none", "", settings=settings["none"])]
    arms.append(timed_arm("spatial", settings=settings["spatial"]))
    arms.append(timed_arm("none again", settings=settings["none"]))
    write_session(directory.timings / "20260102-030405", {"none": 0.1, "spatial": 0.15}, arms=arms)
    account: StudyAccount = account_for(directory, plan, file="studies/x.yaml")
    assert account.timing is not None
    assert account.timing.contrasts[0].ratio == pytest.approx(1.5)
    assert account.is_complete  # no run was asked for
    assert account.environments == ({"cores": 2},)
    assert account.file == "studies/x.yaml"


def test_a_study_is_never_told_by_another_plan_than_it_was_begun_with(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path)
    settle_plan(directory, plan)
    _, other = plan_study(tmp_path, STUDY.replace("It does not.", "It does."))
    with pytest.raises(StudyError, match="another plan: hypothesis changed since"):
        account_for(directory, other)
