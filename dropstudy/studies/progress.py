"""How far a study has come: which of its runs there are, and what is still to be done."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dropstudy.analysis.arms import is_trait, settings_traits
from dropstudy.config.probe import ProbeSetting
from dropstudy.errors import RunDirectoryError
from dropstudy.runs.manifests import can_go_on
from dropstudy.runs.probes import find_unanswered
from dropstudy.runs.reading import Run, RunStatus
from dropstudy.runs.store import find_runs
from dropstudy.studies.directory import StudyDirectory
from dropstudy.studies.jobs import Job, plain_path
from dropstudy.studies.plan import Plan, PlannedRun

State = RunStatus | Literal["waiting"]
"""As a run's status; ``waiting``: there is no run yet."""
_BEST_FIRST: tuple[RunStatus, ...] = (
    "finished",
    "running",
    "unfinished",
    "interrupted",
    "crashed",
    "failed",
)
"""Which of several runs of one place in the plan counts."""


@dataclass(frozen=True)
class Place:
    """One training of the plan, and what has become of it.

    Attributes:
        planned: What is to be trained.
        run: What has been; None: nothing yet.
    """

    planned: PlannedRun
    run: Run | None

    @property
    def state(self) -> State:
        """What has become of it."""
        return self.run.status if self.run else "waiting"

    @property
    def best_psnr(self) -> float | None:
        """Validation PSNR of its best epoch so far, in dB; None before the first one."""
        return self.run.best_psnr if self.run else None


def survey(directory: StudyDirectory, plan: Plan) -> list[Place]:
    """Every training of the plan beside its run, in the plan's order.

    A run belongs to the place whose settings and seed it began with. Runs of an earlier plan
    belong nowhere.
    """
    found: dict[str, list[Run]] = defaultdict(list)
    for run in find_runs(directory.runs) if directory.runs.exists() else []:
        try:
            found[_identify_run(run)].append(run)
        except RunDirectoryError:  # damaged: it counts as none
            continue
    places = []
    for planned in plan.runs():
        settings = planned.experiment.model_dump(mode="json")
        runs = found[_identify(planned.seed, settings_traits(settings))]
        # Of several in the same state, the one that began last.
        runs.sort(key=lambda run: run.started, reverse=True)
        runs.sort(key=lambda run: _BEST_FIRST.index(run.status))
        places.append(Place(planned, runs[0] if runs else None))
    return places


def is_complete(place: Place, probes: Sequence[ProbeSetting]) -> bool:
    """Whether a training is finished, and all that was asked of its network is known."""
    if place.state != "finished" or place.run is None:
        return False
    asked = [probe.model_dump(mode="json") for probe in probes]
    return not find_unanswered(place.run.directory, asked)


def find_jobs(
    directory: StudyDirectory,
    places: Sequence[Place],
    *,
    again: bool = False,
    probes: Sequence[ProbeSetting] = (),
) -> list[Job]:
    """What is to be done, in the plan's order; runs that were cut off are gone on with.

    So are finished ones of which not all probes are known.

    Args:
        directory: The study's.
        places: All of the plan.
        again: Whether failed runs are tried once more, from their beginning.
        probes: What is asked of each trained network.
    """
    asked = [probe.model_dump(mode="json") for probe in probes]
    jobs = []
    for number, place in enumerate(places):
        if place.state == "running" or (place.state == "failed" and not again):
            continue
        resume = None
        if place.run and place.state == "finished":
            if not find_unanswered(place.run.directory, asked):
                continue
            resume = plain_path(place.run.directory.path)
        elif place.run and place.state != "failed" and can_go_on(place.run.directory):
            resume = plain_path(place.run.directory.path)
        settings = place.planned.experiment.model_dump(mode="json")
        jobs.append(Job(number, plain_path(directory.runs), settings, resume, asked))
    return jobs


def _identify_run(run: Run) -> str:
    """By what the run began with: memory that ran out may have halved its batch since."""
    traits = settings_traits(run.settings)
    for change in run.changes[::-1]:
        traits.pop(change.key, None)
        if is_trait(change.key, change.old):
            traits[change.key] = change.old
    return _identify(run.seed, traits)


def _identify(seed: int, traits: dict[str, Any]) -> str:
    return repr((seed, sorted(traits.items())))
