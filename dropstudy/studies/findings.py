"""What a study has found so far."""

from collections.abc import Sequence

from dropstudy.analysis.arms import arm_traits, settings_traits
from dropstudy.analysis.comparison import Comparison, compare
from dropstudy.studies.plan import Plan
from dropstudy.studies.progress import Place, is_complete


def compare_arms(plan: Plan, places: Sequence[Place]) -> Comparison | None:
    """Holds the arms that have finished runs against the first, by what the plan says decides.

    Returns:
        None until two arms have finished runs, the first among them.
    """
    done = [place for place in places if place.state == "finished" and _is_as_planned(place)]
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
        level=plan.study.level_at_look,
    )


def is_decided(plan: Plan, places: Sequence[Place]) -> bool:
    """Whether all runs are finished and nothing remains to be said of any arm.

    Args:
        plan: What is asked.
        places: The trainings of a look.
    """
    if not are_complete(plan, places):
        return False
    found = compare_arms(plan, places)
    return found is not None and all(own.verdict != "inconclusive" for own in found.contrasts)


def are_complete(plan: Plan, places: Sequence[Place]) -> bool:
    """Whether all are finished, and all that was asked of their networks is known."""
    return all(is_complete(place, plan.study.probes) for place in places)


def needed_places(plan: Plan, places: Sequence[Place]) -> Sequence[Place]:
    """The trainings up to the look that decides; where none does, all.

    Args:
        plan: What is asked.
        places: All of the plan.
    """
    for seeds in plan.looks():
        own = of_seeds(places, seeds)
        if is_decided(plan, own):
            return own
    return places


def of_seeds(places: Sequence[Place], seeds: Sequence[int]) -> list[Place]:
    """The trainings of some seeds."""
    return [place for place in places if place.planned.seed in seeds]


def _is_as_planned(place: Place) -> bool:
    """A run that started over with half the batch, say, is no run of its arm."""
    settings = place.planned.experiment.model_dump(mode="json")
    return place.run is not None and arm_traits(place.run) == settings_traits(settings)
