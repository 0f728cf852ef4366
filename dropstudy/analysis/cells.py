"""Numbers as the cells of a table: units, decimals, and a dash for what is not known."""

from dropstudy.analysis.cost_contrast import CostContrast
from dropstudy.analysis.measures import Measure
from dropstudy.analysis.significance import MOST_SEEDS
from dropstudy.analysis.statistics import Drift, Interval

NOTHING = "–"
MEBIBYTE = 1 << 20


def number(value: float | None, pattern: str) -> str:
    """``value`` by a format such as ``+.2f``, with a true minus sign and never ``−0.00``."""
    if value is None or value != value:
        return NOTHING
    if not pattern.endswith("d"):
        pattern = "+z" + pattern[1:] if pattern.startswith("+") else "z" + pattern
    return f"{value:{pattern}}".replace("-", "−")


def percent(share: float) -> str:
    """A level such as ``95%`` or ``99.5%``."""
    return f"{100 * share:g}%"


def margin(measure: Measure, value: float) -> str:
    """A margin with its unit, whatever its size."""
    return f"{value:g} {measure.unit}".rstrip()


def p_value(p: float) -> str:
    """To three decimals, never 0."""
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def ends(interval: Interval | None, pattern: str) -> str:
    """The ends of an interval by a format: ``−0.05 to +0.12``."""
    if interval is None:
        return NOTHING
    return f"{number(interval.low, pattern)} to {number(interval.high, pattern)}"


def measure_ends(measure: Measure, interval: Interval | None) -> str:
    """The ends of an interval of a measure, with its unit."""
    text = ends(interval, f"+.{measure.decimals}f")
    return f"{text} {measure.unit}" if interval and measure.unit else text


def ratio(cost: CostContrast) -> str:
    """A ratio of seconds and its interval: ``1.56× (1.50 to 1.62)``."""
    around = f" ({ends(cost.interval, '.2f')})" if cost.interval else ""
    return f"{cost.ratio:.2f}×{around}"


def count_of(number_of_things: int, noun: str) -> str:
    """``1 seed``, ``2 seeds``."""
    return f"{number_of_things:,} {noun}{'' if number_of_things == 1 else 's'}"


def seeds(count: int) -> str:
    """Further seeds that a decision takes, as far as they can be known."""
    return f"over {MOST_SEEDS:,}" if count >= MOST_SEEDS else f"{count:,}"


def memory(count: int | None) -> str:
    """Bytes in MiB."""
    return NOTHING if count is None else f"{count / MEBIBYTE:,.0f}"


def drifted(drift: Drift | None) -> str:
    """The change from a run's first third to its last, and whether chance explains it."""
    if drift is None:
        return NOTHING
    change = number(drift.last_to_first_third - 1, "+.0%")
    slope = f"{change}, {number(drift.slope, '+.2g')} s an epoch"
    return f"{slope} (chance)" if drift.low <= 0 <= drift.high else slope
