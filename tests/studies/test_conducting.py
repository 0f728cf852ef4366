import json
from dataclasses import replace
from pathlib import Path

from dropstudy.runs.store import load_run
from dropstudy.studies.accounts import account_for
from dropstudy.studies.conducting import conduct, is_done
from dropstudy.studies.findings import compare_arms
from dropstudy.studies.progress import Place, find_jobs, survey
from tests.studies.makers import STUDY, ScoringExecutor, plan_study

SEEDS = 20
EVERY = 8
LOOKING = STUDY.replace("seeds: 2", f"seeds: {SEEDS}\nbudget: {{look_every: {EVERY}}}")


def _conduct(
    folder: Path, executor: ScoringExecutor, text: str = LOOKING, *, again: bool = False
) -> list[Place]:
    folder.mkdir(exist_ok=True)
    directory, plan = plan_study(folder, text)
    places = conduct(
        directory,
        plan,
        executor,
        on_timing=lambda _: None,
        on_begin=lambda _: None,
        on_event=lambda _: None,
        on_stop=lambda: None,
        again=again,
    )
    assert is_done(plan, places) == all(
        place.state == "finished" for place in places if place.state != "waiting"
    )
    return places


def test_a_study_ends_at_the_look_at_which_every_arm_is_decided(tmp_path: Path) -> None:
    clear = ScoringExecutor(lambda arm, seed: 24 + 0.01 * seed + (arm == "spatial"))
    places = _conduct(tmp_path, clear)

    assert len(clear.done) == 2 * EVERY
    assert [place.state for place in places].count("waiting") == 2 * (SEEDS - EVERY)
    _conduct(tmp_path, clear, again=True)
    assert len(clear.done) == 2 * EVERY


def test_a_study_goes_on_while_an_arm_is_undecided(tmp_path: Path) -> None:
    spread = ScoringExecutor(lambda arm, seed: 24 + (seed % 2 - 0.5) * (arm == "spatial"))
    places = _conduct(tmp_path, spread)

    assert {place.state for place in places} == {"finished"}
    assert spread.done == [(arm, seed) for seed in range(SEEDS) for arm in ("none", "spatial")]


def test_at_a_look_the_level_is_a_share_of_the_studys(tmp_path: Path) -> None:
    """At 6 seeds the least p is 2⁻⁵, about 0.031: below 0.05, not below half of it."""

    def gain(arm: str, seed: int) -> float:
        return 24 + (1 + 0.01 * seed) * (arm == "spatial")

    one = ScoringExecutor(gain)
    looks = ScoringExecutor(gain)
    text = STUDY.replace("seeds: 2", "seeds: 12")
    _conduct(tmp_path / "one", one, text)
    _conduct(tmp_path / "looks", looks, text + "budget: {look_every: 6}\n")

    assert len(looks.done) == len(one.done) == 2 * 12


def test_what_comes_after_a_look_with_a_run_missing_is_not_trained(tmp_path: Path) -> None:
    def gain(arm: str, seed: int) -> float:
        return 24 + 0.01 * seed + (arm == "spatial")

    failing = ScoringExecutor(lambda arm, seed: None if seed == 0 else gain(arm, seed))
    places = _conduct(tmp_path, failing)
    assert [place.state for place in places].count("waiting") == 2 * (SEEDS - EVERY)

    mended = ScoringExecutor(gain)
    places = _conduct(tmp_path, mended, again=True)
    assert sorted(mended.done) == [("none", 0), ("spatial", 0)]
    assert [place.state for place in places].count("waiting") == 2 * (SEEDS - EVERY)


def test_what_went_wrong_is_told_by_the_account(tmp_path: Path) -> None:
    failing = ScoringExecutor(lambda _, seed: None if seed == 0 else 24.0 + 0.01 * seed)
    _conduct(tmp_path, failing, STUDY)
    directory, plan = plan_study(tmp_path, STUDY)
    told = account_for(directory, plan).failures
    assert [(failure.arm, failure.seed, failure.error) for failure in told] == [
        ("none", 0, "no memory"),
        ("spatial", 0, "no memory"),
    ]


def test_a_run_whose_network_was_not_probed_is_not_done(tmp_path: Path) -> None:
    probed = f"{STUDY}probes: [{{kind: unseen, name: noise, task: {{kind: gaussian}}}}]\n"
    scoring = ScoringExecutor(lambda arm, seed: 24 + 0.01 * seed + (arm == "spatial"))
    directory, plan = plan_study(tmp_path, probed)
    places = survey(directory, plan)
    with scoring.run(find_jobs(directory, places)) as events:
        assert {event.stage for event in events} == {"finished"}

    places = survey(directory, plan)
    assert {place.state for place in places} == {"finished"}
    assert not is_done(plan, places)
    assert len(find_jobs(directory, places, probes=plan.study.probes)) == len(places)


def test_a_run_with_half_the_batch_is_no_run_of_its_arm(tmp_path: Path) -> None:
    scoring = ScoringExecutor(lambda arm, seed: 24 + 0.01 * seed + (arm == "spatial"))
    places = _conduct(tmp_path, scoring, STUDY.replace("seeds: 2", "seeds: 3"))
    _, plan = plan_study(tmp_path, STUDY.replace("seeds: 2", "seeds: 3"))
    odd = next(place.run for place in places if place.planned.arm == "spatial" and place.run)
    settings = json.loads(odd.directory.settings.read_text())
    settings["training"]["batch_size"] //= 2
    odd.directory.settings.write_text(json.dumps(settings))
    reread = [
        replace(place, run=place.run and load_run(place.run.directory.path)) for place in places
    ]
    found = compare_arms(plan, reread)

    assert found is not None
    assert [arm.label for arm in found.arms] == ["none", "spatial"]
    assert [len(arm.runs) for arm in found.arms] == [3, 2]


def test_a_failed_run_is_tried_once_more_however_many_looks_there_are(tmp_path: Path) -> None:
    failing = ScoringExecutor(lambda _, seed: None if seed == 0 else 24.0)
    _conduct(tmp_path, failing)
    assert failing.done.count(("none", 0)) == 1
    _conduct(tmp_path, failing, again=True)
    assert failing.done.count(("none", 0)) == 2
    assert failing.done.count(("none", 1)) == 1
