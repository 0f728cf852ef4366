"""How the arms' costs are measured against each other."""

from dropstudy.config.setting import Count, Setting


class Timing(Setting):
    """Turns of some training steps, arm after arm and back, in one process."""

    repeats: Count = 10
    """Rounds; each goes through all arms there and back (A B B A). Many short turns tell more than
    few long ones where a machine's speed wanders."""
    steps: Count = 10
    """Timed steps of an arm in each turn."""
    warmup: Count = 2
    """Steps before them that are not timed."""
