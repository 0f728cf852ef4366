"""What a study trains: each of its models with each of its seeds, once."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dropstudy.analysis.arms import settings_traits
from dropstudy.config.experiment import Experiment
from dropstudy.config.study import Study
from dropstudy.config.study_loading import LoadedStudy, StudyArm
from dropstudy.runs.directory import to_json


@dataclass(frozen=True)
class PlannedArm:
    """One model under study.

    Attributes:
        name: Of the first of the arms that are this model.
        also: The names of the others, such as those with dropout of rate 0.
        experiment: What is trained, of the study's first seed.
        control_of: The arm that it is a control of; None: it is none.
    """

    name: str
    also: tuple[str, ...]
    experiment: Experiment
    control_of: str | None = None


@dataclass(frozen=True)
class PlannedRun:
    """One training.

    Attributes:
        arm: Its arm's name.
        seed: Its seed.
        experiment: What is trained; it has the arm's name and the seed.
    """

    arm: str
    seed: int
    experiment: Experiment


@dataclass(frozen=True)
class Plan:
    """All that is settled before anything is trained.

    Attributes:
        study: The question, and what will decide.
        arms: Each model once.
    """

    study: Study
    arms: tuple[PlannedArm, ...]

    def runs(self) -> Iterator[PlannedRun]:
        """All trainings, seed by seed, so that a study that is cut off has complete pairs."""
        for seed in self.study.seed_list:
            for arm in self.arms:
                experiment = arm.experiment.model_copy(update={"seed": seed})
                yield PlannedRun(arm.name, seed, experiment)

    def looks(self) -> Iterator[tuple[int, ...]]:
        """The seeds that are trained by each look; at the last one, all."""
        seeds, every = self.study.seed_list, self.study.budget.look_every
        for count in range(every or len(seeds), len(seeds), every or 1):
            yield seeds[:count]
        yield seeds

    def as_data(self) -> dict[str, Any]:
        """The plan as JSON has it: what would make it another study if it changed."""
        study = self.study
        asked_for = {
            "look_every": study.budget.look_every,
            "probes": [probe.model_dump(mode="json") for probe in study.probes],
            "timing": study.timing and study.timing.model_dump(mode="json"),
        }
        return {
            "name": study.name,
            "question": study.question,
            "hypothesis": study.hypothesis,
            "primary": study.primary.model_dump(mode="json"),
            "seeds": list(study.seed_list),
            **{key: value for key, value in asked_for.items() if value},
            "arms": {
                arm.name: {
                    "also": list(arm.also),
                    "settings": settings_traits(arm.experiment.model_dump(mode="json")),
                }
                for arm in self.arms
            },
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the plan, in hexadecimal."""
        return hashlib.sha256(to_json(self.as_data()).encode()).hexdigest()


def make_plan(loaded: LoadedStudy) -> Plan:
    """Makes arms that are the same model one: those with dropout of rate 0, whatever its kind."""
    groups: dict[str, list[StudyArm]] = {}
    for arm in loaded.arms:
        traits = settings_traits(arm.experiment.model_dump(mode="json"))
        groups.setdefault(repr(sorted(traits.items())), []).append(arm)
    return Plan(
        loaded.study,
        tuple(
            PlannedArm(
                first.name, tuple(arm.name for arm in others), first.experiment, first.control_of
            )
            for first, *others in groups.values()
        ),
    )
