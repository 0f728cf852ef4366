"""What a study will take of time and disk, from short runs of some of its arms."""

import heapq
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dropstudy.analysis.arms import settings_traits
from dropstudy.analysis.timing_pairs import find_baselines
from dropstudy.config.experiment import Experiment
from dropstudy.doctor.storage import nearest_existing
from dropstudy.runs.environment import available_cores
from dropstudy.runs.settings import changed_keys
from dropstudy.studies.choosing import estimate_work
from dropstudy.studies.directory import StudyDirectory
from dropstudy.studies.plan import Plan, PlannedArm
from dropstudy.studies.progress import Place
from dropstudy.studies.run_costs import RunCost
from dropstudy.studies.shares import share_machine
from dropstudy.studies.timing_sessions import find_session
from dropstudy.studies.trials import Trial, TrialProcess, trial_processes

MOST_TRIALS = 4
PATIENCE_SECONDS = 60.0
"""After which no further arm is tried."""
_NO_COST = ("dropout.", "training.optimizer.", "training.schedule.", "training.epochs")
"""Settings that make arms another shape of no other size."""


@dataclass(frozen=True)
class ArmEstimate:
    """What the runs of an arm will take.

    Attributes:
        name: The arm's.
        like: The arm that was tried out for it: itself, or the one nearest to it.
        runs: How many are left.
        step_seconds: Of a training step.
        epoch_seconds: Of an epoch: training, validating and saving.
        run_seconds: Of a whole run, while as many train beside it as were asked for.
        run_bytes: That a finished run leaves.
    """

    name: str
    like: str
    runs: int
    step_seconds: float
    epoch_seconds: float
    run_seconds: float
    run_bytes: int


@dataclass(frozen=True)
class Estimate:
    """What a study will still take, if no run ends early and nothing is decided before its end.

    Attributes:
        seconds: From the command to the last run's end.
        disk_bytes: What will have been written.
        free_bytes: What the disk has left now.
        jobs: How many runs train at a time.
        start_seconds: To start a process, part of ``seconds``.
        timing_seconds: To time the arms against each other, part of ``seconds``.
        run_peak_bytes: The most memory that a run's process held.
        arms: Each arm's part.
    """

    seconds: float
    disk_bytes: int
    free_bytes: int
    jobs: int
    start_seconds: float
    timing_seconds: float
    run_peak_bytes: int
    arms: tuple[ArmEstimate, ...]

    @property
    def fits(self) -> bool:
        """Whether the disk has room for it."""
        return self.disk_bytes < self.free_bytes

    @property
    def tried(self) -> tuple[str, ...]:
        """The arms that were tried out."""
        return tuple(arm.name for arm in self.arms if arm.like == arm.name)


def estimate(
    plan: Plan, places: Sequence[Place], directory: StudyDirectory, *, jobs: int
) -> Estimate:
    """Tries some arms out, as many at a time as will train, and counts what all will take.

    Of arms that differ in more than their dropout, one each is tried, four at most. The others
    are taken to be as the one that they differ least from, and their steps to take as much more
    or less as their networks multiply.

    Args:
        plan: What is trained.
        places: What has become of each training.
        directory: Where it will lie.
        jobs: How many runs train at a time.

    Raises:
        StudyError: An arm could not be trained; the text says why.
    """
    left = [place for place in places if place.state != "finished"]
    free = shutil.disk_usage(nearest_existing(directory.path)).free
    timing_is_left = plan.study.timing is not None and find_session(directory, plan) is None
    if not left and not timing_is_left:
        return Estimate(0.0, 0, free, jobs, 0.0, 0.0, 0, ())
    jobs = max(1, min(jobs, len(left), available_cores()))
    tries = _try_out(_choose_arms(plan), jobs)
    costs = {arm.name: _find_cost(arm, tries) for arm in plan.arms}
    start = tries.start_seconds
    timing = _timing_seconds(plan, costs) + start if timing_is_left else 0.0
    seconds = timing
    for group in _split_at_looks(plan, left):
        durations = [
            costs[place.planned.arm].run_seconds(_epochs_left(place), done=_epochs_done(place))
            for place in group
        ]
        seconds += start + _finish(durations, workers=jobs)
    return Estimate(
        seconds=seconds,
        disk_bytes=sum(costs[own.planned.arm].run_bytes() for own in left if _is_new(own)),
        free_bytes=free,
        jobs=jobs,
        start_seconds=start,
        timing_seconds=timing,
        run_peak_bytes=max(trial.peak_memory_bytes for trial in tries.trials.values()),
        arms=tuple(
            _describe(costs[arm.name], runs=sum(own.planned.arm == arm.name for own in left))
            for arm in plan.arms
        ),
    )


@dataclass(frozen=True)
class _Tries:
    """What was tried out.

    Attributes:
        arms: Those, by name.
        trials: What each took.
        start_seconds: To start a process, and what its first run takes longer than others.
    """

    arms: Mapping[str, PlannedArm]
    trials: Mapping[str, Trial]
    start_seconds: float


def _choose_arms(plan: Plan) -> list[PlannedArm]:
    """One of each shape; while there are few, others whose dropout differs."""
    shapes: dict[str, PlannedArm] = {}
    for arm in plan.arms:
        shapes.setdefault(_shape(arm), arm)
    first = list(shapes.values())
    return [*first, *(arm for arm in plan.arms if arm not in first)][:MOST_TRIALS]


def _shape(arm: PlannedArm) -> str:
    traits = _traits(arm)
    return repr(sorted(item for item in traits.items() if not item[0].startswith(_NO_COST)))


def _traits(arm: PlannedArm) -> dict[str, object]:
    return settings_traits(arm.experiment.model_dump(mode="json"))


def _try_out(arms: Sequence[PlannedArm], jobs: int) -> _Tries:
    """Makes short runs of some arms, each as many times at once as runs will train at once."""
    began = time.monotonic()
    trials: dict[str, Trial] = {}
    with trial_processes(share_machine(jobs, [arm.experiment.runtime for arm in arms])) as own:
        # The first once more: the first run of a process also starts what others find there.
        _try_on_all(own, arms[0].experiment)
        seconds = time.monotonic() - began
        for arm in arms:
            trials[arm.name] = _try_on_all(own, arm.experiment)
            if time.monotonic() - began > PATIENCE_SECONDS:
                break
    tried = {arm.name: arm for arm in arms if arm.name in trials}
    return _Tries(tried, trials, max(0.0, seconds - trials[arms[0].name].seconds))


def _try_on_all(processes: Sequence[TrialProcess], experiment: Experiment) -> Trial:
    for process in processes:
        process.ask_trial(experiment)
    return Trial.average([process.hear_trial() for process in processes])


def _find_cost(arm: PlannedArm, tries: _Tries) -> RunCost:
    """Of the arm itself, or of that which differs in the fewest settings."""
    like = min(tries.arms.values(), key=lambda own: len(changed_keys([_traits(own), _traits(arm)])))
    work = estimate_work(arm.experiment) / estimate_work(like.experiment)
    return RunCost(arm, like.name, tries.trials[like.name], work)


def _describe(cost: RunCost, *, runs: int) -> ArmEstimate:
    return ArmEstimate(
        name=cost.arm.name,
        like=cost.like,
        runs=runs,
        step_seconds=cost.step_seconds,
        epoch_seconds=cost.epoch_seconds,
        run_seconds=cost.run_seconds(cost.arm.experiment.training.epochs),
        run_bytes=cost.run_bytes(),
    )


def _split_at_looks(plan: Plan, left: Sequence[Place]) -> Iterator[list[Place]]:
    """What is trained for each look; each starts its processes anew."""
    done: set[int] = set()
    for seeds in plan.looks():
        group = [own for own in left if own.planned.seed in set(seeds) - done]
        done |= set(seeds)
        if group:
            yield group


def _epochs_left(place: Place) -> int:
    return max(0, place.planned.experiment.training.epochs - _epochs_done(place))


def _epochs_done(place: Place) -> int:
    return 0 if _is_new(place) or place.run is None else len(place.run.epochs)


def _is_new(place: Place) -> bool:
    """Whether it begins with its first epoch, in a directory of its own."""
    return place.run is None or place.state == "failed"


def _finish(durations: Sequence[float], *, workers: int) -> float:
    """When the last is done, if whoever is free takes the next one."""
    free = [0.0] * workers
    for duration in durations:
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)


def _timing_seconds(plan: Plan, costs: Mapping[str, RunCost]) -> float:
    """Of a session: each arm compiles and takes its turns, and each baseline once more."""
    timing = plan.study.timing
    if timing is None:
        return 0.0
    settings = {
        arm.name: arm.experiment.model_dump(mode="json")
        for arm in plan.arms
        if arm.control_of is None
    }
    baselines = find_baselines(settings)
    timed = [*settings, *(name for name, baseline in baselines.items() if not baseline)]
    steps = 2 * timing.repeats * (timing.warmup + timing.steps)
    return sum(
        costs[name].trial.first_step_seconds + steps * costs[name].step_seconds for name in timed
    )
