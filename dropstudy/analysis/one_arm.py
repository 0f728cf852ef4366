"""The answer that runs of one arm give: whether they beat what needs no network, and the cost."""

from dataclasses import dataclass
from math import isfinite
from statistics import fmean

from dropstudy.analysis.cells import count_of
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.cost_noise import describe_drift, typical_drift
from dropstudy.analysis.measures import MEASURES, Measure
from dropstudy.runs.reading import Run


@dataclass(frozen=True)
class Level:
    """Where an arm stands beside what needs no network, means over its runs.

    Attributes:
        measure: By which number.
        value: The arm's.
        over_classical: By how much it is above the classical method; None where unknown.
        over_identity: By how much it is above the degraded images themselves; None where unknown.
        method: The classical method's name.
    """

    measure: Measure
    value: float
    over_classical: float | None
    over_identity: float | None
    method: str


def find_levels(comparison: Comparison) -> list[Level]:
    """The baseline arm's levels in validation and in test, the deciding part first."""
    chosen = comparison.measure
    alike = [item for item in MEASURES.values() if item.score == chosen.score]
    alike.sort(key=lambda item: item.part != chosen.part)
    levels = []
    for measure in alike:
        values = list(comparison.baseline.values(measure).values())
        if values:
            value, runs = fmean(values), comparison.baseline.runs
            methods = (run.baselines.get("classical", {}).get("method") for run in runs)
            levels.append(
                Level(
                    measure,
                    value,
                    _gain(value, runs, measure.key, "classical"),
                    _gain(value, runs, measure.key, "identity"),
                    str(next(filter(None, methods), "classical")),
                )
            )
    return levels


def answer_alone(comparison: Comparison) -> str:
    """Whether the only arm beats the classical method and the degraded images, and its cost."""
    arm = comparison.baseline
    sentences = [_answer_level(level, arm.label) for level in find_levels(comparison)]
    seconds = [item.cost.epoch_seconds for item in comparison.runs]
    known = [value for value in seconds if value is not None]
    if known:
        sentences.append(f"Training took {fmean(known):.2f} s per epoch.")
    sentences.append(describe_drift(typical_drift([item.cost for item in comparison.runs])))
    if len(arm.runs) > 1:
        sentences.append(f"Means over {count_of(len(arm.runs), 'run')}, as far as each has them.")
    return (
        " ".join(filter(None, sentences))
        or f"{arm.label} has no {comparison.measure.label} to report."
    )


def _answer_level(level: Level, label: str) -> str:
    measure = level.measure
    part = "In validation" if measure.part == "validation" else "In test"
    value = f"{measure.write(level.value)} {measure.score.upper() or measure.label}"
    if level.over_classical is None or level.over_identity is None:
        return f"{part} {label} reaches {value}."
    verb = "restores better than" if level.over_classical > 0 else "does not beat"
    return (
        f"{part} {label} {verb} {level.method}: {value}, "
        f"{measure.write(level.over_classical, signed=True)} against it and "
        f"{measure.write(level.over_identity, signed=True)} against the degraded images."
    )


def _gain(value: float, runs: tuple[Run, ...], key: str, name: str) -> float | None:
    """By how much a value is above a reference, which is the same for all runs of an arm."""
    known = [run.baselines.get(name, {}).get(key) for run in runs]
    return next((value - level for level in known if level is not None and isfinite(level)), None)
