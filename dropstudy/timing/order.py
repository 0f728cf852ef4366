"""Who takes turns when: there and back, near the baseline, beside changing neighbours."""

from collections.abc import Mapping


def group_arms(baselines: Mapping[str, str]) -> list[list[str]]:
    """The arms in groups that share a baseline, each in the order given.

    Args:
        baselines: Of each arm by name; empty for one that others are held against.
    """
    groups: dict[str, list[str]] = {}
    for name, baseline in baselines.items():
        groups.setdefault(baseline or name, []).append(name)
    return list(groups.values())


def order_turns(baselines: Mapping[str, str], number: int) -> list[str]:
    """The arms of round ``number`` (from 1): each group there and back, A B C C B A.

    What grows or shrinks steadily meanwhile then weighs on all arms of a group alike. A group
    begins one arm later in each round, so that none keeps its place or its neighbours.
    """
    order = []
    for group in group_arms(baselines):
        shift = (number - 1) % len(group)
        there = [*group[shift:], *group[:shift]]
        order += [*there, *reversed(there)]
    return order
