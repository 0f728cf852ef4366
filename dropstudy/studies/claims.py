"""What has become of the claims that were made about a study."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from dropstudy.analysis.claim_numbers import ClaimEvidence
from dropstudy.analysis.claims import ClaimOutcome, judge_claims
from dropstudy.analysis.timing import find_timing
from dropstudy.analysis.timing_rounds import find_objection
from dropstudy.config.claims import Claims
from dropstudy.config.claims_loading import load_claims
from dropstudy.runs.reading import Run
from dropstudy.studies.directory import StudyDirectory, check_plan
from dropstudy.studies.findings import needed_places
from dropstudy.studies.plan import Plan
from dropstudy.studies.progress import Place, survey
from dropstudy.studies.timing_sessions import find_session


def claims_beside(study: Path) -> Path:
    """Where the claims about a study's file lie: ``NAME.claims.yaml`` beside ``NAME.yaml``."""
    return study.with_name(f"{study.stem}.claims.yaml")


def load_claims_of(plan: Plan, path: Path) -> Claims:
    """The claims of a file, checked against the plan's arms.

    Raises:
        ConfigError: Something is wrong with them; one line for each problem.
    """
    return load_claims(path, _models(plan), probes=plan.study.probes)


def check_claims(
    directory: StudyDirectory,
    plan: Plan,
    claims: Claims,
    *,
    places: Sequence[Place] | None = None,
) -> tuple[ClaimOutcome, ...]:
    """What the study says of each claim so far.

    Args:
        directory: The study's.
        plan: What it trains.
        claims: About its arms.
        places: What has become of every training, if that is known already.

    Raises:
        StudyError: The study was begun with another plan.
    """
    check_plan(directory, plan)
    reached = needed_places(plan, places or survey(directory, plan))
    runs: dict[str, list[Run]] = {}
    for place in reached:
        if place.state == "finished" and place.run is not None:
            runs.setdefault(place.planned.arm, []).append(place.run)
    session = find_session(directory, plan)
    # All arms against one, so that of any two there is a ratio for each repeat.
    timing = find_timing(session, baseline=plan.arms[0].name) if session else None
    evidence = ClaimEvidence(
        runs=runs,
        planned=Counter(place.planned.arm for place in reached),
        models=_models(plan),
        timing=timing,
        timing_objection=find_objection(session, timing.repeats) if session and timing else "",
        awaits_timing=plan.study.timing is not None and session is None,
    )
    return judge_claims(claims, evidence, looks=plan.study.looks)


def _models(plan: Plan) -> dict[str, str]:
    """The arm that is trained under each name of an arm."""
    return {name: arm.name for arm in plan.arms for name in (arm.name, *arm.also)}
