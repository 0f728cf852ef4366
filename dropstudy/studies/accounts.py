"""Gathers all that a report says of a study."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from dropstudy.analysis.arms import settings_traits, write_value
from dropstudy.analysis.identity import input_returned
from dropstudy.analysis.study_account import Amendment, ArmAccount, Failure, StudyAccount
from dropstudy.analysis.timing import find_timing
from dropstudy.config.claims import Claims
from dropstudy.config.description import describe_dropout, describe_experiment
from dropstudy.errors import StudyError
from dropstudy.runs.parsing import read_json
from dropstudy.studies.claims import check_claims
from dropstudy.studies.directory import StudyDirectory, check_plan
from dropstudy.studies.findings import compare_arms, needed_places
from dropstudy.studies.plan import Plan, PlannedArm
from dropstudy.studies.progress import Place, survey
from dropstudy.studies.timing_sessions import find_session

_IN_A_LINE = re.compile(r"dropout\.(schedule\.|\w+\.(kind|rate)$)")
"""Settings of dropout that `describe_dropout` tells."""
_NOTHING = object()


def account_for(
    directory: StudyDirectory, plan: Plan, *, claims: Claims | None = None, file: str = ""
) -> StudyAccount:
    """What a study asked, what it did, and what it found so far.

    Args:
        directory: The study's.
        plan: What its file says.
        claims: About its arms; None: there are none.
        file: The study's file, as commands shall name it.

    Raises:
        StudyError: It was begun with another plan, or one of its files is damaged.
    """
    check_plan(directory, plan)
    places = needed_places(plan, survey(directory, plan))
    stored: dict[str, Any] = read_json(directory.plan, if_missing={})
    session = find_session(directory, plan)
    study = plan.study
    environments = [
        place.run.environment for place in places if place.state == "finished" and place.run
    ]
    return StudyAccount(
        name=study.name,
        question=study.question,
        hypothesis=study.hypothesis,
        fingerprint=plan.fingerprint,
        settled=stored.get("settled", ""),
        amendments=tuple(
            Amendment(own["when"], own["reason"], tuple(own["changed"]))
            for own in stored.get("amendments", [])
        ),
        failures=tuple(_read_failures(directory)),
        arms=tuple(_account_for_arm(plan, arm, places) for arm in plan.arms),
        level=study.level_at_look,
        looks=study.looks,
        comparison=compare_arms(plan, places),
        timing=find_timing(session, level=study.primary.level) if session else None,
        claims=check_claims(directory, plan, claims, places=places) if claims else (),
        file=file,
        environments=(*environments, *([session.environment] if session else [])),
    )


def _account_for_arm(plan: Plan, arm: PlannedArm, places: Sequence[Place]) -> ArmAccount:
    own = [place for place in places if place.planned.arm == arm.name]
    finished = [place.run for place in own if place.state == "finished" and place.run]
    return ArmAccount(
        name=arm.name,
        also=arm.also,
        control_of=arm.control_of,
        planned=len(own),
        finished=len(finished),
        returned_input=sum(bool(input_returned(run)) for run in finished),
        description=describe_experiment(arm.experiment),
        changes=tuple(_changes(plan.arms[0], arm)),
    )


def _changes(first: PlannedArm, arm: PlannedArm) -> Iterator[str]:
    """The settings in which an arm is not like the first, each with the arm's own value."""
    own, known = (settings_traits(each.experiment.model_dump(mode="json")) for each in (arm, first))
    changed = {key: value for key, value in own.items() if known.get(key, _NOTHING) != value}
    dropout = describe_dropout(arm.experiment)
    if dropout != describe_dropout(first.experiment):
        yield dropout
    for key, value in changed.items():
        if not _IN_A_LINE.match(key):
            yield f"{key} {write_value(value)}"


def _read_failures(directory: StudyDirectory) -> list[Failure]:
    try:
        lines = directory.failures.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    failures = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            noted = json.loads(line)
            failures.append(
                Failure(
                    when=str(noted["when"]),
                    arm=str(noted["arm"]),
                    seed=int(noted["seed"]),
                    stage=str(noted["stage"]),
                    error=str(noted["error"]),
                )
            )
        except (ValueError, KeyError, TypeError):
            raise StudyError(
                f"{directory.failures}:{number}: damaged; remove the line to go on without it"
            ) from None
    return failures
