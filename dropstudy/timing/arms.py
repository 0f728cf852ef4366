"""The arms that ``dropstudy timing --vary`` asks for: kinds of dropout, in cells of settings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import get_args

from dropstudy.analysis.arms import settings_traits
from dropstudy.analysis.timing_pairs import drops, name_dropout
from dropstudy.config import Experiment, load_experiment
from dropstudy.config.dropout import DropBlock, NoDropout, RatedDropout
from dropstudy.errors import ConfigError

NONE = "none"
KINDS = tuple(
    kind
    for setting in (NoDropout, RatedDropout, DropBlock)
    for kind in get_args(setting.model_fields["kind"].annotation)
)
_DROPOUT = "dropout."


@dataclass(frozen=True)
class _Axis:
    """A setting and its values, as text.

    Attributes:
        key: Dotted.
        values: As ``--set`` takes them.
    """

    key: str
    values: tuple[str, ...]


def load_arms(
    path: Path, vary: Sequence[str], overrides: Sequence[str] = ()
) -> list[tuple[str, Experiment]]:
    """The arms of a config, by name: without dropout, as it is, and with each kind.

    Args:
        path: An experiment's YAML file.
        vary: ``dropout.KIND`` has each place of dropout be of this kind, at its rate;
            ``KEY=V1,V2`` makes a cell of arms for each value, and several keys for each
            combination. Arms that are the same model are one.
        overrides: As for `load_experiment`, of every arm.

    Raises:
        ConfigError: A word of ``vary`` is wrong, an arm is no experiment, or nothing drops.
    """
    kinds = [_read_kind(word) for word in vary if "=" not in word]
    axes = [_read_axis(word) for word in vary if "=" in word]
    found: dict[str, tuple[str, Experiment]] = {}
    for values in product(*(axis.values for axis in axes)):
        cell = list(zip((axis.key for axis in axes), values, strict=True))
        for name, experiment in _load_cell(path, cell, kinds, overrides):
            traits = settings_traits(experiment.model_dump(mode="json"))
            found.setdefault(repr(sorted(traits.items())), (name, experiment))
    if not any(_drops(experiment) for _, experiment in found.values()):
        raise ConfigError(
            f"{path}: drops nothing, so that there is nothing to time; say where, such as "
            "--set 'dropout.skip={kind: dropout, rate: 0.2}'"
        )
    return list(found.values())


def _read_kind(word: str) -> str:
    kind = word.removeprefix(_DROPOUT)
    if kind == word or kind not in KINDS:
        raise ConfigError(
            f"--vary {word}: give dropout.KIND, where KIND is one of {', '.join(KINDS)}, or "
            "KEY=VALUE,VALUE, such as architecture.filters=8,16"
        )
    return kind


def _read_axis(word: str) -> _Axis:
    key, _, text = word.partition("=")
    values = tuple(value.strip() for value in _split(text))
    if not key.strip() or not all(values):
        raise ConfigError(f"--vary {word}: give KEY=VALUE,VALUE, such as architecture.filters=8,16")
    return _Axis(key.strip(), values)


def _split(text: str) -> Iterator[str]:
    """Parts between commas, but for those within brackets, braces or quotes."""
    depth, quote, part = 0, "", ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        else:
            depth += (sign in "[{") - (sign in "]}")
        if sign == "," and not (depth or quote):
            yield part
            part = ""
        else:
            part += sign
    yield part


def _load_cell(
    path: Path, cell: Sequence[tuple[str, str]], kinds: Sequence[str], overrides: Sequence[str]
) -> Iterator[tuple[str, Experiment]]:
    """One baseline and all that is held against it."""
    changes = [*overrides, *(f"{key}={value}" for key, value in cell)]
    own = load_experiment(path, changes)
    outside = [
        pair for pair in cell if not pair[0].startswith(_DROPOUT) or pair[0].endswith(".kernel")
    ]
    yield (
        _name(NONE, outside),
        load_experiment(path, [*changes, f"dropout={{kernel: {own.dropout.kernel}}}"]),
    )
    yield _name(name_dropout(own.model_dump(mode="json")) or NONE, cell), own
    for kind in kinds:
        if kind != NONE:
            changed = load_experiment(path, [*changes, *_replace_kinds(own, kind)])
            yield _name(name_dropout(changed.model_dump(mode="json")) or kind, cell), changed


def _replace_kinds(experiment: Experiment, kind: str) -> Iterator[str]:
    """Changes that give each place that drops another kind at the same rate."""
    for group, setting in experiment.dropout.by_group().items():
        if not isinstance(setting, NoDropout):
            rate = list(setting.rate) if isinstance(setting.rate, tuple) else setting.rate
            yield f"dropout.{group}={{kind: {kind}, rate: {rate}}}"


def _name(kind: str, cell: Sequence[tuple[str, str]]) -> str:
    """The kind, and the cell: ``spatial, filters 8``."""
    return ", ".join([kind, *(f"{key.rpartition('.')[2]} {value}" for key, value in cell)])


def _drops(experiment: Experiment) -> bool:
    return drops(settings_traits(experiment.model_dump(mode="json")))
