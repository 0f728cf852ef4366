"""Which runs are one arm: those that differ in nothing but their seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from statistics import fmean
from typing import Any

from dropstudy.analysis.measures import Measure
from dropstudy.errors import ConfigError
from dropstudy.runs.changes import MAY_CHANGE, Change
from dropstudy.runs.reading import Run
from dropstudy.runs.settings import LATER_SETTINGS, changed_keys, flatten, is_as_before, kernel_of

NOT_OF_AN_ARM = frozenset({"name", "seed", "tags", "notes"})
"""Settings that change neither a network nor how it is fitted."""
_SECTIONS_OF_NO_ARM = ("samples", "recovery")
"""Of which the same is true."""
CHANGED = "changed on the way"
"""The trait of a run one of whose settings was another one when it started."""


@dataclass(frozen=True)
class Arm:
    """One variant under study.

    Attributes:
        label: What tables call it.
        runs: Its runs, at least one, by seed.
        traits: The settings that make it, by dotted key.
    """

    label: str
    runs: tuple[Run, ...]
    traits: dict[str, Any]

    @property
    def seeds(self) -> list[int]:
        """The seeds of its runs, each once."""
        return sorted({run.seed for run in self.runs})

    def of_seed(self, seed: int) -> list[Run]:
        """Its runs of one seed."""
        return [run for run in self.runs if run.seed == seed]

    def values(self, measure: Measure) -> dict[int, float]:
        """The measure by seed: a seed's mean, where it has several runs; finite ones alone."""
        values = {}
        for seed in self.seeds:
            numbers = [measure.read(run) for run in self.of_seed(seed)]
            known = [number for number in numbers if number is not None and isfinite(number)]
            if known:
                values[seed] = fmean(known)
        return values


def form_arms(runs: Sequence[Run], *, group_by: str | None = None) -> list[Arm]:
    """Puts runs that belong together into arms, in the order in which they are met.

    Args:
        runs: At least one.
        group_by: A dotted key or the beginning of one, such as ``dropout.skip``: runs that
            agree in it are one arm, whatever else differs. None: runs are one arm if they
            agree in all that makes the network and its training.

    Raises:
        ConfigError: A run lacks the key.
    """
    groups: dict[str, list[Run]] = {}
    traits: dict[str, dict[str, Any]] = {}
    for run in runs:
        own = arm_traits(run)
        if group_by is not None:
            own = {key: value for key, value in own.items() if is_within(key, group_by)}
            if not own:
                raise ConfigError(_explain_no_group(run, group_by))
        identity = repr(sorted(own.items()))
        groups.setdefault(identity, []).append(run)
        traits[identity] = own
    labels = _label(list(groups.values()), list(traits.values()))
    return [
        Arm(label, tuple(sorted(group, key=lambda run: run.seed)), traits[identity])
        for label, (identity, group) in zip(labels, groups.items(), strict=True)
    ]


def common_seeds(arm: Arm, baseline: Arm) -> list[int]:
    """The seeds that both arms have."""
    return [seed for seed in arm.seeds if seed in baseline.seeds]


def pair_runs(arm: Arm, baseline: Arm) -> list[tuple[Run, Run]]:
    """A run of each arm for every seed that both have; the first of several of one seed."""
    seeds = common_seeds(arm, baseline)
    return [(arm.of_seed(seed)[0], baseline.of_seed(seed)[0]) for seed in seeds]


def representative_runs(arms: Sequence[Arm]) -> list[Run]:
    """A run of each arm: of the first seed of which all kept images, else its first."""
    common = sorted(set.intersection(*(set(arm.seeds) for arm in arms)))
    choices = [[arm.of_seed(seed)[0] for arm in arms] for seed in common]
    keeping = [runs for runs in choices if all(_keeps_images(run) for run in runs)]
    return next(iter([*keeping, *choices]), [arm.runs[0] for arm in arms])


def arm_traits(run: Run) -> dict[str, Any]:
    """The settings that make an arm, by dotted key.

    Dropout of rate 0 is no dropout, whatever its kind: it adds no layer. A run that was
    changed on the way has a trait that says so, unless it is what it would have been anyhow.
    """
    traits = settings_traits(run.settings)
    changes = [
        f"{change.key} {write_value(change.old)} → {write_value(change.new)}"
        for change in _changes_within(run)
        if _makes_an_arm(change.key) and not _only_lengthens(change, traits)
    ]
    return {**traits, CHANGED: ", ".join(changes)} if changes else traits


def settings_traits(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that make an arm, by dotted key, of an experiment as plain data.

    One that does what older versions did is left out: their runs lack it.
    """
    effective = {**settings, "dropout": _effective(settings["dropout"])}
    return {key: value for key, value in flatten(effective).items() if is_trait(key, value)}


def is_trait(key: str, value: Any) -> bool:
    """Whether a setting is one of those that make an arm."""
    return _makes_an_arm(key) and not is_as_before(key, value)


def is_within(key: str, section: str) -> bool:
    """Whether a dotted key is ``section`` itself or below it."""
    return key == section or key.startswith(f"{section}.")


def _makes_an_arm(key: str) -> bool:
    outside = any(is_within(key, section) for section in _SECTIONS_OF_NO_ARM)
    return key not in NOT_OF_AN_ARM and not outside


def _changes_within(run: Run) -> list[Change]:
    """Changes that a part of the training had been done before.

    After one that may not be made on resume, the run has started over: its settings tell all.
    """
    within: list[Change] = []
    for change in run.changes:
        may_be = any(is_within(change.key, allowed) for allowed in MAY_CHANGE)
        within = [*within, change] if may_be else []
    return within


def _only_lengthens(change: Change, traits: dict[str, Any]) -> bool:
    """Whether a run became what it would have been if it had been meant to be longer at once."""
    if change.key == "training.epochs":
        is_scheduled = any(is_within(key, "dropout.schedule") for key in traits)
        return traits.get("training.schedule.kind") == "constant" and not is_scheduled
    return change.key in ("training.early_stopping.patience", "training.seconds")


def _explain_no_group(run: Run, group_by: str) -> str:
    settings = flatten(run.settings)
    if any(is_within(key, group_by) for key in settings):
        return f"group_by: {group_by} makes no arm: it changes neither network nor training"
    keys = [*settings, *{key.rpartition(".")[0] for key in settings}]
    likely = get_close_matches(group_by, keys, n=1)
    hint = f"; did you mean {likely[0]}?" if likely else ""
    return f"group_by: {run.name} has no setting {group_by}{hint}"


def _effective(dropout: dict[str, Any]) -> dict[str, Any]:
    """What takes effect of a run's dropout, and what computed it.

    Where nothing drops, there are no rates that a schedule could change.
    """
    groups = {key: own for key, own in dropout.items() if key not in ("schedule", "kernel")}
    dropping = {group for group, setting in groups.items() if _drops(setting)}
    effective = {
        group: setting if group in dropping else {"kind": "none"}
        for group, setting in groups.items()
    }
    if dropping and "schedule" in dropout:
        effective["schedule"] = dropout["schedule"]
    return {**effective, "kernel": kernel_of(dropout)}


def _drops(setting: dict[str, Any]) -> bool:
    rate = setting.get("rate", 0)
    return any(rate) if isinstance(rate, list) else bool(rate)


def _keeps_images(run: Run) -> bool:
    return any(image.files for image in run.images)


def _label(groups: list[list[Run]], traits: list[dict[str, Any]]) -> list[str]:
    """The experiment's name where it tells the arms apart, else what differs between them."""
    names = [{run.settings["name"] for run in group} for group in groups]
    if all(len(own) == 1 for own in names) and len(set.union(*names)) == len(groups):
        return [next(iter(own)) for own in names]
    keys = changed_keys(traits)
    labels = []
    for own in traits:
        known = {**LATER_SETTINGS, **own}
        words = [f"{key} {write_value(known[key])}" for key in keys if key in known]
        labels.append(", ".join(words) or "all runs")
    return labels


def write_value(value: Any) -> str:
    """A setting as labels and tables give it; a list of rates as ``0.1/0.2``."""
    if isinstance(value, list):
        return "/".join(map(write_value, value))
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
