"""The few numbers of a comparison that are read first."""

from dataclasses import dataclass
from statistics import fmean

from dropstudy.analysis import cells
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.contrasts import Contrast
from dropstudy.analysis.one_arm import find_levels

_SIGNS = {"better": "▲", "worse": "▼", "equivalent": "=", "inconclusive": "?"}


@dataclass(frozen=True)
class Card:
    """A few numbers at a glance.

    Attributes:
        title: What of.
        sign: A sign for ``value``; may be empty.
        value: The most important.
        facts: The others, each with its name.
    """

    title: str
    sign: str
    value: str
    facts: tuple[tuple[str, str], ...]


def make_cards(comparison: Comparison) -> list[Card]:
    """A card for each arm against the baseline; of one arm alone, for its parts and its cost."""
    if comparison.contrasts:
        return [_contrast_card(comparison, contrast) for contrast in comparison.contrasts]
    cards = []
    for level in find_levels(comparison):
        write = level.measure.write
        facts = (
            (f"over {level.method}", write(level.over_classical, signed=True)),
            ("over the degraded images", write(level.over_identity, signed=True)),
        )
        cards.append(Card(level.measure.label, "", write(level.value), facts))
    return [*cards, _cost_card(comparison)]


def _contrast_card(comparison: Comparison, contrast: Contrast) -> Card:
    if contrast.obstacle:
        return Card(contrast.arm.label, "", "no verdict", (("because", contrast.obstacle),))
    write, judgement = comparison.measure.write, contrast.judgement
    interval = judgement.interval
    facts = [(comparison.measure.label, write(judgement.mean, signed=True))]
    if interval:
        facts.append(
            (f"{interval.level:.0%} interval", cells.measure_ends(comparison.measure, interval))
        )
    if contrast.cost:
        facts.append(("seconds per epoch", cells.ratio(contrast.cost)))
    facts.append(("seeds", str(judgement.count)))
    if judgement.seeds_needed:
        facts.append(("seeds still needed", cells.seeds(judgement.seeds_needed)))
    return Card(contrast.arm.label, _SIGNS[contrast.verdict], contrast.verdict, tuple(facts))


def _cost_card(comparison: Comparison) -> Card:
    costs = [compared.cost for compared in comparison.runs]
    known = [cost.epoch_seconds for cost in costs if cost.epoch_seconds is not None]
    facts = (
        ("first step", f"{fmean(cost.first_step_seconds for cost in costs):.2f} s"),
        ("all epochs", f"{fmean(cost.all_epochs_seconds for cost in costs):,.1f} s"),
        ("most memory", f"{cells.memory(max(cost.peak_memory_bytes for cost in costs))} MiB"),
    )
    seconds = f"{fmean(known):.2f} s" if known else cells.NOTHING
    return Card("to train an epoch", "", seconds, facts)
