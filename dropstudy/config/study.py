"""What a study's YAML says: a question, its arms and seeds, and what will decide."""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, Strict

from dropstudy.config.experiment import Name
from dropstudy.config.probe import ProbeSetting
from dropstudy.config.setting import (
    Allowed,
    Count,
    CountOrZero,
    Positive,
    Rate,
    Setting,
)
from dropstudy.config.timing import Timing

MOST_SEEDS = 1000
MOST_ARMS = 1000
Text = Annotated[str, Field(min_length=1), Allowed("a sentence")]
Score = Literal["val_psnr", "val_ssim", "test_psnr", "test_ssim", "val_copy_ratio"]
PROBED = "probe."
"""What the name of a metric begins with that a probe measures."""
Probed = Annotated[str, Field(pattern=r"^probe\.[A-Za-z0-9_-]+(\.[a-z_]+)?$")]
Control = Literal["rate_0", "lr_matched", "param_matched"]
Changes = dict[str, Any]
"""Settings by dotted key, such as ``dropout.skip.rate: 0.3``."""


class Primary(Setting):
    """What decides, and what counts as a difference; stated before anything is trained."""

    metric: Annotated[
        Score | Probed,
        Allowed(f"{', '.join(get_args(Score))}, or {PROBED}NAME of one of the study's probes"),
    ] = "val_psnr"
    """A PSNR or an SSIM is the better the higher, a copy ratio the lower."""
    margin: Positive | None = None
    """Differences below it do not matter, in the metric's unit; null: 0.1 dB of a PSNR,
    0.005 of an SSIM, 0.02 of a copy ratio."""
    level: Annotated[Rate, Field(gt=0), Allowed("a fraction above 0 and below 1")] = 0.05
    """How often a verdict may be wrong where nothing differs, over all arms together."""


class Budget(Setting):
    """What a study may spend."""

    epochs: Count | None = None
    """Of each run, in place of ``training.epochs``; null: as the arms say."""
    seconds: Positive | None = None
    """Of training for each run, so that dear arms get fewer epochs; null: no limit."""
    look_every: Count | None = None
    """Seeds from one look to the next: the study ends at the first where every arm is decided.

    The level is divided by the number of looks, for each is a chance to err; null: one look,
    at the end.
    """


class Study(Setting):
    """A question to dropout, and the trainings that answer it."""

    name: Name
    """What its directory is called."""
    question: Text
    """What shall be found out, in a sentence."""
    hypothesis: Text
    """What is expected, and why."""
    base: Annotated[str, Field(min_length=1), Allowed("the path of an experiment's YAML file")]
    """The experiment that all arms are changes of; its path counts from the study's file."""
    settings: Changes = Field(default_factory=dict)
    """Changes of the base for every arm."""
    arms: Annotated[dict[Name, Changes], Field(min_length=1)]
    """Each arm's changes by its name; the others are held against the first."""
    axes: dict[str, Annotated[tuple[Any, ...], Strict(False), Field(min_length=1)]] = Field(
        default_factory=dict
    )
    """Settings with several values; each arm stands for its combination with each of them."""
    exclude: Annotated[tuple[Changes, ...], Strict(False)] = ()
    """Combinations to leave out: values of axes, and ``arm``; one that agrees in all is."""
    controls: Annotated[tuple[Control, ...], Strict(False)] = ()
    """Arms to add for each arm with dropout: ``rate_0``, itself without; ``lr_matched``, that at
    the learning rate times the share kept; and for each arm that has more or fewer parameters
    than the first: ``param_matched``, itself with as many as the first."""
    seeds: Annotated[
        Annotated[int, Field(ge=0, le=MOST_SEEDS)]
        | Annotated[
            tuple[CountOrZero, ...], Strict(False), Field(min_length=1, max_length=MOST_SEEDS)
        ],
        Allowed(f"a whole number up to {MOST_SEEDS:,}, or a list of seeds"),
    ] = 0
    """How many, from 0 on, or which. Of an arm and a seed there is one run; 0: none is trained."""
    budget: Budget = Budget()
    """What it may spend."""
    probes: Annotated[tuple[ProbeSetting, ...], Strict(False)] = ()
    """What is asked of each trained network beside its scores."""
    timing: Timing | None = None
    """How the arms' steps are timed against each other, before anything is trained; null: not."""
    primary: Primary = Primary()
    """What decides."""

    @property
    def seed_list(self) -> tuple[int, ...]:
        """All seeds, in the order in which they are trained."""
        return tuple(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds

    @property
    def looks(self) -> int:
        """How often the study may be decided."""
        every = self.budget.look_every
        return -(-len(self.seed_list) // every) if every else 1

    @property
    def level_at_look(self) -> float:
        """The level at each look, so that all of them together keep the study's (Bonferroni)."""
        return self.primary.level / max(self.looks, 1)
