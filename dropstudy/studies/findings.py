"""What a study has found so far."""

from collections.abc import Sequence

from dropstudy.analysis.comparison import Comparison, compare
from dropstudy.studies.plan import Plan
from dropstudy.studies.progress import Place


def compare_arms(plan: Plan, places: Sequence[Place]) -> Comparison | None:
    """Holds the arms that have finished runs against the first, by what the plan says decides.

    Returns:
        None until two arms have finished runs, the first among them.
    """
    done = [place for place in places if place.state == "finished" and place.run]
    arms = {place.planned.arm for place in done}
    baseline = plan.arms[0].name
    if baseline not in arms or len(arms) < 2:
        return None
    primary = plan.study.primary
    return compare(
        [place.run for place in done if place.run],
        baseline=next(place.run for place in done if place.planned.arm == baseline),
        metric=primary.metric,
        margin=primary.margin,
        level=primary.level,
    )
