"""What a run does so that a fault costs it little."""

from typing import Literal

from dropstudy.config.setting import Count, Positive, Setting


class Recovery(Setting):
    """How often a run saves where it stands, and what it does about a fault."""

    every_seconds: Positive | None = 120.0
    """Seconds from one checkpoint to the next within an epoch; null: at its end alone."""
    every_steps: Count | None = None
    """The same in training steps; null: by time alone."""
    keep: Count = 2
    """Newest checkpoints that stay."""
    out_of_memory: Literal["stop", "halve_batch"] = "stop"
    """``halve_batch``: start over with half the batch size, and note it as a change."""
    not_finite: Literal["stop", "float32"] = "stop"
    """Where a loss under mixed precision is no number: ``float32`` starts over in it."""
