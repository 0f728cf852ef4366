"""Quality against cost, where the cost was measured."""

from collections.abc import Iterator
from statistics import median

from dropstudy.analysis import cells
from dropstudy.analysis.arms import Arm
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.enumeration import name_arms
from dropstudy.analysis.study_account import StudyAccount
from dropstudy.reports.drawing import Figure
from dropstudy.reports.study.points import Point, PointChart, draw_points
from dropstudy.reports.study.rows import row_of


def draw_cost(account: StudyAccount, comparison: Comparison) -> Iterator[Figure]:
    """Each arm by its seconds and its quality; nothing where `why_no_cost` says why."""
    seconds = _seconds_by_arm(account, comparison)
    measure, level = comparison.measure, 1 - comparison.level
    points = []
    for place, arm in enumerate(comparison.arms):
        values = list(arm.values(measure).values())
        if values and arm.label in seconds:
            row = row_of(arm.label, place, values, level=level)
            points.append(Point(arm.label, place, seconds[arm.label], row.centre, row.interval))
    if not points:
        return
    chart = PointChart(
        "cost-quality",
        f"{measure.label[0].upper()}{measure.label[1:]} against cost",
        f"{_describe_seconds(account, comparison, seconds)} The line through each arm is the "
        f"{cells.percent(level)} interval of its mean over seeds.",
        "seconds to train an epoch",
        measure.unit,
        measure.decimals,
    )
    yield draw_points(chart, points)


def why_no_cost(account: StudyAccount) -> str:
    """Why the quality that is known is not drawn against cost; empty where it is."""
    if account.comparison is None or _seconds_by_arm(account, account.comparison):
        return ""
    if any(map(_trained_beside_others, account.comparison.arms)):
        why = "runs were trained side by side, whose seconds are no measure"
    else:
        why = "no run has an epoch beyond its first, which compiles"
    return f"Quality is not drawn against cost: {why}, and the arms were not timed."


def _describe_seconds(
    account: StudyAccount, comparison: Comparison, seconds: dict[str, float]
) -> str:
    """How they were measured, of which arms they were not, and what speaks against them."""
    if account.timing is not None:
        words = "Timed in turns."
        without = [arm.label for arm in comparison.arms if arm.label not in seconds]
        return f"{words} Not timed: {name_arms(without, each='')}." if without else words
    costs = [contrast.cost for contrast in comparison.contrasts]
    doubts = dict.fromkeys(cost.noise for cost in costs if cost and cost.noise)
    words = "Medians of the runs' epochs"
    return f"{words}, of which nothing follows: {'; '.join(doubts)}." if doubts else f"{words}."


def _seconds_by_arm(account: StudyAccount, comparison: Comparison) -> dict[str, float]:
    """To train an epoch, by the arm's label; empty where no one measured it."""
    if account.timing is not None:
        return {arm.name: arm.epoch_seconds for arm in account.timing.arms}
    if any(map(_trained_beside_others, comparison.arms)):
        return {}
    found = {}
    for arm in comparison.arms:
        seconds = [own.cost.epoch_seconds for own in comparison.of_arm(arm)]
        known = [value for value in seconds if value is not None]
        if known:
            found[arm.label] = median(known)
    return found


def _trained_beside_others(arm: Arm) -> bool:
    return any(run.environment.get("runs_beside") for run in arm.runs)
