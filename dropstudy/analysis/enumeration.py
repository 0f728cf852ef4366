"""Several names in a sentence."""

from collections.abc import Sequence

MOST_NAMED = 4
"""More arms than that are counted in a sentence, not named."""


def join(names: Sequence[str]) -> str:
    """``a, b and c``."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def name_arms(names: Sequence[str], *, each: str = "each of ") -> str:
    """One arm by its name, ``each of a and b``, ``each of 12 arms``."""
    if len(names) == 1:
        return names[0]
    return f"{each}{join(names) if len(names) <= MOST_NAMED else f'{len(names)} arms'}"
