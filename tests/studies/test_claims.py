from collections.abc import Mapping
from pathlib import Path

import pytest

from dropstudy.config.claims import Claims
from dropstudy.config.study_loading import load_study
from dropstudy.runs.timings import (
    TimedArm,
    TimingSession,
    Turn,
    append_turn,
    make_session_directory,
)
from dropstudy.studies.claims import check_claims, claims_beside, load_claims_of
from dropstudy.studies.directory import StudyDirectory
from dropstudy.studies.plan import Plan, make_plan
from tests.config.experiments import CONFIGS
from tests.studies.finished import finish_runs
from tests.studies.makers import STUDY, plan_study

BETTER = {
    "say": "it restores better",
    "metric": "val_psnr",
    "arm": "spatial",
    "against": "none",
    "difference": {"above": 0.1},
}
CLAIMS = sorted(CONFIGS.glob("studies/*.claims.yaml"))


def claims(level: float = 0.05) -> Claims:
    return Claims.model_validate({"level": level, "claims": [BETTER]})


def test_claims_lie_beside_their_study() -> None:
    assert claims_beside(Path("a/story.yaml")) == Path("a/story.claims.yaml")


@pytest.mark.parametrize("path", CLAIMS, ids=lambda path: path.stem)
def test_every_shipped_file_of_claims_is_valid_for_its_study(path: Path) -> None:
    study = path.with_name(f"{path.name.partition('.')[0]}.yaml")
    plan = make_plan(load_study(study))
    assert len(load_claims_of(plan, path).claims) > 2
    assert claims_beside(study) == path


def test_an_arm_is_known_by_all_its_names(tmp_path: Path) -> None:
    text = STUDY.replace("seeds: 2", "axes: {dropout.skip.rate: [0, 0.1]}\nseeds: 2")
    text = text.replace("  none: {}\n", "  plain: {dropout.skip: {kind: dropout, rate: 0.1}}\n")
    directory, plan = plan_study(tmp_path, text)
    path = tmp_path / "x.yaml"
    path.write_text(
        "claims: [{say: x, metric: parameters, arm: plain-0.1, against: spatial-0, "
        "ratio: {within: 0.001}}]"
    )
    finish_runs(directory, plan, {"plain-0": [25.0] * 2, "plain-0.1": [25.0] * 2})
    (outcome,) = check_claims(directory, plan, load_claims_of(plan, path))
    assert (outcome.state, outcome.n, outcome.estimate) == ("confirmed", 2, 1.0)


@pytest.mark.parametrize(("gain", "state", "count"), [(1.0, "confirmed", 7), (0.1, "undecided", 7)])
def test_seeds_that_a_decided_study_did_not_need_are_not_waited_for(
    tmp_path: Path, gain: float, state: str, count: int
) -> None:
    text = STUDY.replace("seeds: 2", "seeds: 14\nbudget: {look_every: 7}")
    directory, plan = plan_study(tmp_path, text)
    gains = [gain + more for more in (0.0, 0.01, -0.01, 0.02, -0.02, 0.01, 0.03)]
    seven = {"none": [25.0] * 7, "spatial": [25 + own for own in gains]}
    finish_runs(directory, plan, seven)
    (outcome,) = check_claims(directory, plan, claims())
    assert (outcome.state, outcome.n) == (state, count)
    assert outcome.level == 0.025  # half of it for each of two looks
    if state == "undecided":  # the study is over all the same: the arm is shown to be better
        assert outcome.reason == "its interval holds 0.1; more seeds would narrow it"


def test_seeds_of_an_undecided_study_are_waited_for(tmp_path: Path) -> None:
    text = STUDY.replace("seeds: 2", "seeds: 8\nbudget: {look_every: 4}")
    directory, plan = plan_study(tmp_path, text)
    four = {"none": [25.0] * 4, "spatial": [26.0, 26.01, 25.99, 26.02]}
    finish_runs(directory, plan, four)  # of 4 seeds no test can reach the level
    (outcome,) = check_claims(directory, plan, claims())
    assert (outcome.state, outcome.n) == ("undecided", 4)
    assert outcome.reason == "8 of 16 runs are finished"


def test_a_planned_timing_is_waited_for(tmp_path: Path) -> None:
    directory, plan = plan_study(tmp_path, f"{STUDY}timing: {{repeats: 2}}\n")
    finish_runs(directory, plan, {"none": [25.0] * 2, "spatial": [25.0] * 2})
    cost = {**BETTER, "metric": "step_seconds", "ratio": {"below": 1.1}, "difference": None}
    (outcome,) = check_claims(directory, plan, Claims.model_validate({"claims": [cost]}))
    assert (outcome.state, outcome.reason) == ("undecided", "the arms have not been timed yet")


@pytest.mark.parametrize("partner", ["none", ""])
def test_a_timing_session_of_the_study_decides(tmp_path: Path, partner: str) -> None:
    """Whether the session held the two arms against each other or not."""
    directory, plan = plan_study(tmp_path, f"{STUDY}timing: {{repeats: 3}}\n")
    leave_session(directory, plan, seconds={"none": 0.01, "spatial": 0.02}, partner=partner)
    cost = {**BETTER, "metric": "step_seconds", "difference": None}
    for bound, state in (({"above": 1.5}, "confirmed"), ({"below": 1.5}, "refuted")):
        (outcome,) = check_claims(
            directory, plan, Claims.model_validate({"claims": [{**cost, "ratio": bound}]})
        )
        assert (outcome.state, outcome.n, outcome.over) == (state, 3, "repeats")
        assert outcome.estimate == pytest.approx(2.0, rel=0.01)


def leave_session(
    directory: StudyDirectory, plan: Plan, *, seconds: Mapping[str, float], partner: str
) -> None:
    """A whole session on disk in which each step took its arm's seconds, but for a thousandth."""
    assert plan.study.timing is not None
    path = directory.timings / "20260102-030405"
    make_session_directory(path)
    arms = [
        TimedArm(
            name=name, baseline=baseline, again=again, steps_per_epoch=100, batch_size=16,
            dropout="", layers=0, values=0, settings=settings, first_step_seconds=1.0,
        )
        for name, baseline, again, settings in (
            ("none", "", False, plan.arms[0].experiment.model_dump(mode="json")),
            ("none again", "none", True, plan.arms[0].experiment.model_dump(mode="json")),
            ("spatial", partner, False, plan.arms[1].experiment.model_dump(mode="json")),
        )
    ]  # fmt: skip
    asked = plan.study.timing
    session = TimingSession(
        path=path, name="trial", started="2026-01-02T03:04:05+00:00",
        finished="2026-01-02T03:05:05+00:00", repeats=asked.repeats, steps=asked.steps,
        warmup=asked.warmup, arms=tuple(arms), turns=(), environment={},
    )  # fmt: skip
    session.write()
    names = [arm.name for arm in arms]
    for number in range(1, asked.repeats + 1):
        for place, name in enumerate([*names, *reversed(names)], 1):
            step = seconds[name.removesuffix(" again")] * (1 + (number + place) % 3 / 1000)
            append_turn(path, Turn(name, number, place, (step,) * asked.steps, None, 0.0))
