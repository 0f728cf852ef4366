"""All that a report says of a study, gathered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dropstudy.analysis.claims import ClaimOutcome
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.timing import TimingFindings


@dataclass(frozen=True)
class Amendment:
    """A change of the plan after the study was begun.

    Attributes:
        when: As ISO 8601.
        reason: Why, in the words of whoever made it.
        changed: The keys of the plan that changed.
    """

    when: str
    reason: str
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Failure:
    """A run that failed or whose process died; it may have been finished since.

    Attributes:
        when: As ISO 8601.
        arm: The run's.
        seed: The run's.
        stage: ``failed`` or ``crashed``.
        error: What was wrong.
    """

    when: str
    arm: str
    seed: int
    stage: str
    error: str


@dataclass(frozen=True)
class ArmAccount:
    """What has become of an arm.

    Attributes:
        name: Its name.
        also: Names of arms that are the same model.
        control_of: The arm that it is a control of; None: it is none.
        planned: Runs that were needed.
        finished: Those of them that are finished.
        returned_input: Those of them whose network returns its input.
        description: Its task, network and dropout in a line.
        changes: What it has that the first arm has not, as ``key value``; of that one nothing.
    """

    name: str
    also: tuple[str, ...]
    control_of: str | None
    planned: int
    finished: int
    returned_input: int
    description: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class StudyAccount:
    """What a study asked, what it did, and what it found.

    Attributes:
        name: The study's.
        question: In its author's words.
        hypothesis: The same.
        fingerprint: Of the plan.
        settled: When the plan was, as ISO 8601; empty: not yet.
        amendments: Later changes of the plan.
        failures: Everything that went wrong, in order.
        arms: In the plan's order, the one that the others are held against first.
        level: Of a look, over all arms.
        looks: How often the study might have been decided.
        comparison: What the finished runs say; None: nothing yet.
        timing: What the arms cost; None: they were not timed.
        claims: What became of the claims; empty: there are none.
        file: The study's file, as its commands name it; empty where it is not known.
        environments: What each finished run ran on, and the timing session.
    """

    name: str
    question: str
    hypothesis: str
    fingerprint: str
    settled: str
    amendments: tuple[Amendment, ...]
    failures: tuple[Failure, ...]
    arms: tuple[ArmAccount, ...]
    level: float
    looks: int
    comparison: Comparison | None
    timing: TimingFindings | None
    claims: tuple[ClaimOutcome, ...]
    file: str = ""
    environments: tuple[Mapping[str, Any], ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether all runs that were needed are finished."""
        return all(arm.finished == arm.planned for arm in self.arms)
