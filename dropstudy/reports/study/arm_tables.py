"""A study's arms as tables: what each is, what was found of it, what it costs, what was claimed."""

from collections.abc import Mapping
from statistics import fmean

from dropstudy.analysis import cells
from dropstudy.analysis.arms import Arm
from dropstudy.analysis.cells import NOTHING
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.contrasts import Contrast
from dropstudy.analysis.measures import MEASURES
from dropstudy.analysis.statistics import mean_interval
from dropstudy.analysis.study_account import ArmAccount, StudyAccount
from dropstudy.analysis.table import Table
from dropstudy.analysis.timing_findings import ArmTiming, TimingContrast, TimingFindings
from dropstudy.analysis.timing_wording import write_drift, write_ratio

MOST_SEEDS = 20
"""Of more, the figure alone shows every one."""


def tabulate_models(account: StudyAccount) -> Table:
    """What each arm is."""
    first, *others = account.arms
    rows = [(first.name, first.description)]
    rows += [(arm.name, _describe_model(arm)) for arm in others]
    return Table(
        "The arms", ("arm", f"what it is; below {first.name}: its changes"), tuple(rows), words=2
    )


def tabulate_findings(account: StudyAccount) -> Table:
    """What was found of each arm."""
    comparison = account.comparison
    arms = {arm.label: arm for arm in comparison.arms} if comparison else {}
    contrasts = {own.arm.label: own for own in comparison.contrasts} if comparison else {}
    measure = comparison.measure.label if comparison else "measure"
    level = cells.percent(1 - comparison.level) if comparison else "95%"
    return Table(
        "What each arm reached",
        ("arm", "runs", measure, "difference", "verdict", "p", "returns its input", "copy ratio"),
        tuple(
            _findings_row(comparison, own, arms.get(own.name), contrasts) for own in account.arms
        ),
        remark=f"In brackets {level} intervals over seeds.",
        legend={
            "difference": f"to {account.arms[0].name}, paired by seed",
            "p": "of the sign-flip test, adjusted for several arms (Holm)",
            "returns its input": "networks that do no more than hand their input on",
            "copy ratio": "share of the input's degradation that the network of the best epoch "
            "passes on, mean: 1 returns its input, 0 leaks none of it",
        },
    )


def tabulate_seeds(comparison: Comparison) -> Table | None:
    """Every run's number; None where there are too many for a table."""
    seeds = sorted({seed for arm in comparison.arms for seed in arm.seeds})
    if len(seeds) > MOST_SEEDS:
        return None
    measure = comparison.measure
    pattern = f".{measure.decimals}f"
    rows = []
    for arm in comparison.arms:
        values = arm.values(measure)
        rows.append((arm.label, *(cells.number(values.get(seed), pattern) for seed in seeds)))
    return Table(f"{measure.label} by seed", ("arm", *map(str, seeds)), tuple(rows))


def tabulate_timing(findings: TimingFindings) -> Table:
    """What a step of each arm takes."""
    ratios = {contrast.arm: contrast for contrast in findings.contrasts}
    return Table(
        "Time",
        ("arm", "against", "ms/step", "ratio", "verdict", "share", "drift", "s/epoch", "images/s"),
        tuple(_timing_row(arm, ratios.get(arm.name)) for arm in findings.arms),
        words=2,
        legend={"share": "of the step that its baseline does without"},
    )


def tabulate_claims(account: StudyAccount) -> Table:
    """What was claimed, and what has become of it."""
    return Table(
        "Claims",
        ("claim", "checked", "outcome", "found"),
        tuple(
            (
                outcome.say,
                outcome.statement,
                outcome.state + (f": {outcome.reason}" if outcome.reason else ""),
                outcome.found,
            )
            for outcome in account.claims
        ),
        words=4,
    )


def tabulate_confounds(comparison: Comparison) -> Table:
    """Circumstances that were not alike; what the plan gave the arms is not among them."""
    settings = {key for arm in comparison.arms for key in arm.traits}
    return Table(
        "What else differs",
        (
            "circumstance",
            *(arm.label for arm in comparison.arms),
            "may explain a difference as well",
        ),
        tuple(
            (own.key, *own.values, own.confounds)
            for own in comparison.confounds
            if own.key not in settings
        ),
        words=len(comparison.arms) + 2,
    )


def _describe_model(arm: ArmAccount) -> str:
    words = ", ".join(arm.changes) or arm.description
    return words + (f" (control of {arm.control_of})" if arm.control_of else "")


def _findings_row(
    comparison: Comparison | None,
    account: ArmAccount,
    arm: Arm | None,
    contrasts: Mapping[str, Contrast],
) -> tuple[str, ...]:
    runs = f"{account.finished}" + ("" if _is_done(account) else f" of {account.planned}")
    if comparison is None or arm is None:
        return (account.name, runs, *(NOTHING,) * 6)
    contrast = contrasts.get(account.name)
    ratios = list(arm.values(MEASURES["val_copy_ratio"]).values())
    return (
        account.name,
        runs,
        _mean(comparison, arm),
        *(_verdict_cells(comparison, contrast) if contrast else (NOTHING, "held against", NOTHING)),
        f"{account.returned_input} of {account.finished}",
        cells.number(fmean(ratios) if ratios else None, ".3f"),
    )


def _is_done(account: ArmAccount) -> bool:
    return account.finished == account.planned


def _mean(comparison: Comparison, arm: Arm) -> str:
    values = list(arm.values(comparison.measure).values())
    if not values:
        return NOTHING
    pattern = f".{comparison.measure.decimals}f"
    interval = mean_interval(values, level=1 - comparison.level)
    around = f" ({cells.ends(interval, pattern)})" if interval else ""
    return comparison.measure.write(fmean(values)) + around


def _verdict_cells(comparison: Comparison, contrast: Contrast) -> tuple[str, str, str]:
    judgement, measure = contrast.judgement, comparison.measure
    if contrast.obstacle:
        return NOTHING, f"none: {contrast.obstacle}", NOTHING
    difference = measure.write(judgement.mean, signed=True)
    if judgement.interval is None:
        return difference, "one seed", NOTHING
    around = cells.ends(judgement.interval, f"+.{measure.decimals}f")
    return f"{difference} ({around})", contrast.verdict, cells.p_value(judgement.adjusted_p)


def _timing_row(arm: ArmTiming, contrast: TimingContrast | None) -> tuple[str, ...]:
    digits = 1 if arm.step_milliseconds >= 100 else 2
    return (
        arm.name,
        contrast.baseline if contrast else NOTHING,
        f"{arm.step_milliseconds:.{digits}f} ± {arm.deviation:.{digits}f}",
        write_ratio(contrast) if contrast else "1",
        contrast.verdict if contrast else NOTHING,
        cells.number(contrast.dropout_share, ".0%") if contrast else NOTHING,
        write_drift(arm.drift),
        f"{arm.epoch_seconds:.1f}",
        f"{arm.images_per_second:,.0f}",
    )
