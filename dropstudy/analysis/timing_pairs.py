"""Which timed arm is held against which: the ratio shall be dropout's and nothing else's."""

from collections.abc import Mapping
from typing import Any

from dropstudy.analysis.arms import settings_traits
from dropstudy.config.dropout import GROUPS

_OF_DROPOUT = "dropout."
_KERNEL = "dropout.kernel"


def find_baselines(arms: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The arm that each is held against, by name; empty for those that others are held against.

    It is the one without dropout that is the same in all else, the kernel included, which
    computes the activations too. An arm without such a partner is held against the session's
    first, as a study's arms are.

    Args:
        arms: The settings of each, in the session's order.
    """
    traits = {name: settings_traits(settings) for name, settings in arms.items()}
    first = next(iter(arms))
    plain = {_without_dropout(own): name for name, own in traits.items() if not drops(own)}
    found = {name: plain.get(_without_dropout(own), first) for name, own in traits.items()}
    partners = {partner for name, partner in found.items() if partner != name}
    return {
        name: "" if name in partners else partner if partner != name else _other(name, first)
        for name, partner in found.items()
    }


def drops(traits: Mapping[str, Any]) -> bool:
    """Whether an arm of these settings, by dotted key, has any dropout that takes effect."""
    return bool(_find_kinds(traits))


def name_dropout(settings: Mapping[str, Any]) -> str:
    """The kinds of an arm's dropout, each once, such as ``dropout (keras)``; empty for none."""
    traits = settings_traits(settings)
    kinds = _find_kinds(traits)
    if not kinds:
        return ""
    words = " + ".join(kinds)
    return words if traits.get(_KERNEL) == "fast" else f"{words} ({traits.get(_KERNEL)})"


def _find_kinds(traits: Mapping[str, Any]) -> list[str]:
    """The kinds that take effect, each once, in the order of the groups."""
    kinds = (str(traits.get(f"{_OF_DROPOUT}{group}.kind", "none")) for group in GROUPS)
    return [kind for kind in dict.fromkeys(kinds) if kind != "none"]


def _without_dropout(traits: Mapping[str, Any]) -> str:
    kept = {
        key: value
        for key, value in traits.items()
        if key == _KERNEL or not key.startswith(_OF_DROPOUT)
    }
    return repr(sorted(kept.items()))


def _other(name: str, first: str) -> str:
    """For an arm without dropout that no other is held against."""
    return "" if name == first else first
