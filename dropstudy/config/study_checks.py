"""What can be wrong between the parts of a study that are each allowed."""

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

from dropstudy.config.probe import find_probe_fault, find_repeated_names
from dropstudy.config.problems import Key, split_path
from dropstudy.config.study import MOST_ARMS, PROBED, Study

ARM = "arm"
"""The key by which ``exclude`` names an arm."""
_NOT_FOR_ARMS = {
    "name": "a study names its runs itself; remove it",
    "seed": "remove it; seeds stand beside the arms",
}

Found = tuple[tuple[Key, ...], str]
"""Something wrong: the keys that lead to it, and what it is."""


def find_faults(study: Study) -> Iterator[Found]:
    """All that is wrong with a study whose arms are not yet looked at."""
    yield from _check_changes(study)
    yield from _check_axes(study)
    yield from _check_exclusions(study)
    yield from _check_budget(study)
    yield from _check_probes(study)
    count = len(study.arms) * prod(map(len, study.axes.values()))
    if count > MOST_ARMS:
        yield ("axes",), f"make {count:,} arms; at most {MOST_ARMS:,} are allowed"
    seeds = study.seed_list
    for number, seed in enumerate(seeds):
        if seed in seeds[:number]:
            yield ("seeds", number), f"{seed} stands there twice"


def _check_changes(study: Study) -> Iterator[Found]:
    for place, changes in _sections(study).items():
        for key in changes:
            if key in _NOT_FOR_ARMS:
                yield (*place, key), _NOT_FOR_ARMS[key]
            elif not all(split_path(key)):
                yield (*place, key), "give a setting by its dotted key, such as dropout.skip.rate"


def _sections(study: Study) -> dict[tuple[Key, ...], Mapping[str, Any]]:
    """All that changes the base, by its place in the study's file."""
    return {
        ("settings",): study.settings,
        **{("arms", name): changes for name, changes in study.arms.items()},
        ("axes",): study.axes,
    }


def _check_axes(study: Study) -> Iterator[Found]:
    for key, values in study.axes.items():
        for number, value in enumerate(values):
            if isinstance(value, dict | list):
                text = "give single values; what changes several settings at once is an arm"
                yield ("axes", key, number), text
            elif value in values[:number]:
                yield ("axes", key, number), f"{value} stands there twice"


def _check_exclusions(study: Study) -> Iterator[Found]:
    known = {ARM: list(study.arms), **{key: list(axis) for key, axis in study.axes.items()}}
    for number, excluded in enumerate(study.exclude):
        for key, value in excluded.items():
            if key not in known:
                yield ("exclude", number, key), f"no such axis; give {' or '.join(known)}"
            elif value not in known[key]:
                allowed = ", ".join(map(str, known[key]))
                yield ("exclude", number, key), f"got {value}; give one of {allowed}"


def _check_budget(study: Study) -> Iterator[Found]:
    count, every = len(study.seed_list), study.budget.look_every
    if not count and study.timing is None:
        yield ("seeds",), "give at least 1, or timing: {} to time the arms alone"
    elif every is not None and every >= count:
        yield ("budget", "look_every"), f"got {every}; give less than the {count} seeds"
    given = {
        "training.epochs": study.budget.epochs is not None,
        "training.seconds": study.budget.seconds is not None,
    }
    for place, changes in _sections(study).items():
        for key in changes:
            if given.get(key):
                yield (*place, key), f"the budget has {key.partition('.')[2]}, too; remove one"


def _check_probes(study: Study) -> Iterator[Found]:
    for number in find_repeated_names(study.probes):
        name = study.probes[number].name
        yield ("probes", number), f"two probes are called {name}; give this one another name"
    metric = study.primary.metric
    text = find_probe_fault(metric, study.probes) if metric.startswith(PROBED) else ""
    if text:
        yield ("primary", "metric"), text
