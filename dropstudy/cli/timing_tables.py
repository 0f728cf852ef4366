"""How ``dropstudy timing`` shows what it found."""

from textwrap import fill
from typing import TYPE_CHECKING

from dropstudy.cli.console import console, printable
from dropstudy.cli.tables import Column, fit_columns, write_text

if TYPE_CHECKING:
    from dropstudy.analysis.timing_findings import ArmTiming, TimingContrast, TimingFindings
    from dropstudy.analysis.timing_wording import ValueCost
    from dropstudy.runs.timings import TimingSession

_STYLES = {"slower": "red", "faster": "green", "equivalent": "cyan", "inconclusive": "yellow"}
_LONGEST_LINE = 110
"""Characters that are read with ease."""


def print_findings(findings: "TimingFindings", session: "TimingSession") -> None:
    """Prints the table of arms, a sentence for each, and what they rest on."""
    from dropstudy.analysis.timing_wording import (
        answer_timing,
        describe_drift,
        describe_noise,
        explain_timing,
        find_value_costs,
    )

    _print_columns(_arm_columns(findings))
    costs = find_value_costs(findings)
    if costs:
        console.print()
        _print_columns(_cost_columns(costs))
    console.print()
    for contrast in findings.contrasts:
        _print_paragraph(answer_timing(contrast), style=_STYLES[contrast.verdict])
    _print_paragraph(describe_noise(findings), style="")
    _print_paragraph(describe_drift(findings), style="")
    console.print()
    for line in explain_timing(findings):
        _print_paragraph(f"- {line}", style="dim", indent=2)
    _print_paragraph(f"- session: {session.path}", style="dim", indent=2)


def _arm_columns(findings: "TimingFindings") -> list[Column]:
    """A row for each arm; what is missed most gladly has the highest rank."""
    from dropstudy.analysis.timing_wording import write_drift, write_ratio

    arms = findings.arms
    ratios = {contrast.arm: contrast for contrast in findings.contrasts}

    def share(contrast: "TimingContrast | None") -> str:
        return "" if contrast is None else f"{contrast.dropout_share:.0%}".replace("-", "−")

    return [
        Column("arm", [printable(arm.name) for arm in arms], is_text=True),
        Column("ms/step", [_write_step(arm) for arm in arms]),
        Column(
            "ratio", [write_ratio(ratios[arm.name]) if arm.name in ratios else "1" for arm in arms]
        ),
        Column("share", [share(ratios.get(arm.name)) for arm in arms], rank=1),
        Column("drift", [write_drift(arm.drift) for arm in arms], rank=3),
        Column("first step", [f"{arm.first_step_seconds:.1f} s" for arm in arms], rank=4),
        Column("img/s", [f"{arm.images_per_second:,.0f}" for arm in arms], rank=5),
        Column("s/epoch", [f"{arm.epoch_seconds:.1f}" for arm in arms], rank=2),
        Column("layers", [str(arm.layers) for arm in arms], rank=6),
        Column("values/img", [f"{arm.values:,}" for arm in arms], rank=7),
    ]


def _cost_columns(costs: "list[ValueCost]") -> list[Column]:
    return [
        Column("dropout", [printable(cost.dropout) for cost in costs], is_text=True),
        Column("ms per million values", [f"{cost.milliseconds:.2f}" for cost in costs]),
        Column("lowest", [f"{cost.low:.2f}" for cost in costs]),
        Column("highest", [f"{cost.high:.2f}" for cost in costs]),
        Column("arms", [str(cost.arms) for cost in costs]),
    ]


def _write_step(arm: "ArmTiming") -> str:
    digits = 1 if arm.step_milliseconds >= 100 else 2
    return f"{arm.step_milliseconds:.{digits}f} ± {arm.deviation:.{digits}f}"


def _print_columns(columns: list[Column]) -> None:
    dropped: list[Column] = []
    if console.is_terminal:
        columns, dropped = fit_columns(columns, console.width)
    heading, *lines = write_text(columns)
    console.print(heading, style="bold", markup=False)
    console.print("\n".join(lines), markup=False)
    if dropped:
        names = ", ".join(column.heading for column in dropped)
        _print_paragraph(f"no room for: {names}; a pipe or --json has them", style="dim")


def _print_paragraph(text: str, *, style: str, indent: int = 0) -> None:
    """Prints text in lines that a terminal need not break; in a pipe on one."""
    text = printable(text)
    if console.is_terminal:
        text = fill(text, min(console.width, _LONGEST_LINE), subsequent_indent=" " * indent)
    console.print(text, style=style, markup=False)
