"""What a study trains: each of its models with each of its seeds, once."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dropstudy.analysis.arms import settings_traits
from dropstudy.config.experiment import Experiment
from dropstudy.config.study import Study
from dropstudy.config.study_loading import LoadedStudy
from dropstudy.runs.directory import to_json


@dataclass(frozen=True)
class PlannedArm:
    """One model under study.

    Attributes:
        name: Of the first of the arms that are this model.
        also: The names of the others, such as those with dropout of rate 0.
        experiment: What is trained, of the study's first seed.
    """

    name: str
    also: tuple[str, ...]
    experiment: Experiment


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

    def as_data(self) -> dict[str, Any]:
        """The plan as JSON has it: what would make it another study if it changed."""
        study = self.study
        return {
            "name": study.name,
            "question": study.question,
            "hypothesis": study.hypothesis,
            "primary": study.primary.model_dump(mode="json"),
            "seeds": list(study.seed_list),
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
    groups: dict[str, list[str]] = {}
    experiments: dict[str, Experiment] = {}
    for arm in loaded.arms:
        traits = settings_traits(arm.experiment.model_dump(mode="json"))
        identity = repr(sorted(traits.items()))
        groups.setdefault(identity, []).append(arm.name)
        experiments.setdefault(identity, arm.experiment)
    return Plan(
        loaded.study,
        tuple(
            PlannedArm(name, tuple(also), experiments[identity])
            for identity, (name, *also) in groups.items()
        ),
    )
