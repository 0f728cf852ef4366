"""Where runs come from: what they ran on, how they were started, how to run them again."""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dropstudy.analysis import cells
from dropstudy.analysis.comparison import Comparison
from dropstudy.imaging.pairing import list_some
from dropstudy.runs.parsing import read_text
from dropstudy.runs.reading import Run

MOST_SEEDS = 20
"""The most further seeds for which a command is written out."""

MOST_NAMES = 10
"""The most images of a part that are named."""


@dataclass(frozen=True)
class Fact:
    """A circumstance of all runs.

    Attributes:
        name: What it is.
        values: Each value that some run has, and whose it is: no names where all agree.
    """

    name: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Source:
    """How one run came to be.

    Attributes:
        name: The run's.
        arm: The label of its arm.
        seed: Its seed.
        status: How it ended.
        started: When, in UTC.
        command: What was typed; empty where it was not noted.
        config: The whole config, as YAML.
    """

    name: str
    arm: str
    seed: int
    status: str
    started: str
    command: str
    config: str


@dataclass(frozen=True)
class Recipe:
    """Commands for the same again, or for more seeds.

    Attributes:
        purpose: What they do.
        commands: One a line.
    """

    purpose: str
    commands: str


def list_sources(comparison: Comparison) -> list[Source]:
    """How each run came to be, arm by arm."""
    return [
        Source(
            name=compared.run.name,
            arm=compared.arm.label,
            seed=compared.run.seed,
            status=compared.run.status,
            started=compared.run.started,
            command=shlex.join(map(str, compared.run.environment.get("command") or [])),
            config=read_text(compared.run.directory.config).rstrip(),
        )
        for compared in comparison.runs
    ]


def list_facts(comparison: Comparison) -> list[Fact]:
    """What the runs ran on; where they disagree, each value with the runs that have it."""
    circumstances = {
        compared.run.name: _circumstances(compared.run) for compared in comparison.runs
    }
    names = dict.fromkeys(name for known in circumstances.values() for name in known)
    facts = []
    for name in names:
        holders: dict[str, list[str]] = {}
        for run, known in circumstances.items():
            holders.setdefault(known.get(name) or "unknown", []).append(run)
        alike = len(holders) == 1
        values = tuple((value, "" if alike else ", ".join(runs)) for value, runs in holders.items())
        if list(holders) != ["unknown"]:
            facts.append(Fact(name, values))
    return facts


def write_recipes(comparison: Comparison) -> list[Recipe]:
    """Commands that train every run again, and those that add the seeds a verdict lacks."""
    again = "\n".join(
        f"dropstudy run {shlex.quote(str(compared.run.directory.config))}"
        for compared in comparison.runs
    )
    recipes = [Recipe("Train every run again, with the same seeds:", again)]
    needed = max((item.judgement.seeds_needed for item in comparison.contrasts), default=0)
    if needed and not any(item.obstacle for item in comparison.contrasts):
        written = min(needed, MOST_SEEDS)
        start = 1 + max(compared.run.seed for compared in comparison.runs)
        first = [arm.runs[0].directory.config for arm in comparison.arms]
        commands = "\n".join(
            f"dropstudy run {shlex.quote(str(config))} --set seed={seed}"
            for seed in range(start, start + written)
            for config in first
        )
        share = f"; the first {written}" if written < needed else ""
        judgements = [item.judgement for item in comparison.contrasts]
        total = max(own.count + own.seeds_needed for own in judgements if own.seeds_needed)
        purpose = (
            f"Add the {cells.seeds(needed)} seeds that a verdict lacks{share}. Added after looking "
            "they make p inexact: for a clean verdict run as many new seeds as there would then "
            f"be, {cells.seeds(total)}, and compare those alone."
        )
        recipes.append(Recipe(purpose, commands))
    return recipes


def _circumstances(run: Run) -> dict[str, str]:
    environment = run.environment
    runtime = _mapping(environment.get("runtime"))
    git = _mapping(environment.get("git"))
    changed = ", with changes" if git.get("changed") else ""
    known: dict[str, Any] = {
        "processor": environment.get("processor"),
        "cores": environment.get("cores"),
        "threads": runtime.get("threads"),
        "device": _join(runtime.get("device_models") or runtime.get("device_names") or ()),
        "precision": runtime.get("precision"),
        "XLA": {True: "on", False: "off"}.get(runtime.get("xla")),  # type: ignore[arg-type]
        "platform": environment.get("platform"),
        "Python": environment.get("python"),
        "git commit": git.get("commit") and f"{git['commit']}{changed}",
        "data fingerprint": environment.get("data_fingerprint"),
    }
    pictures = _mapping(environment.get("pictures"))
    known |= {
        f"{part} images": f"{len(names)}: {list_some(list(map(str, names)), most=MOST_NAMES)}"
        for part, names in pictures.items()
        if names
    }
    packages = _mapping(environment.get("packages"))
    known["packages"] = _join(f"{name} {version}" for name, version in packages.items())
    return {name: "" if value is None else str(value) for name, value in known.items()}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _join(values: Iterable[Any]) -> str:
    return ", ".join(map(str, values))
