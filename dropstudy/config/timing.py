"""How the arms' costs are measured against each other."""

from dropstudy.config.setting import Count, Setting


class Timing(Setting):
    """Turns of some training steps, arm after arm and back, in one process."""

    repeats: Count = 5
    """Rounds; each goes through all arms there and back (A B B A)."""
    steps: Count = 20
    """Timed steps of an arm in each turn."""
    warmup: Count = 3
    """Steps before them that are not timed."""
