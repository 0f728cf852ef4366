"""From what was measured to the rows of the table, with the targets."""

from collections.abc import Sequence
from statistics import median

from scripts.bench.epochs import EpochTimes, Part, Program, Trainee
from scripts.bench.experiments import BFLOAT16, FLOAT32
from scripts.bench.scaling import PointTimes
from scripts.bench.steps import AGAIN, KINDS, NONE, StepTimes
from scripts.bench.table import Row, Target, at_least, at_most
from scripts.bench.turns import Spread, Turn, neighbour_ratios, typical_seconds
from scripts.bench_input import InputRate
from scripts.bench_startup import IMPORT, RUN, RUN_TARGET, TITLES, Startup

STEP_TARGETS = {
    ("dropout", FLOAT32): at_most(1.08),
    ("dropout", BFLOAT16): at_most(1.15),
    ("spatial", FLOAT32): at_most(1.02),
    ("spatial", BFLOAT16): at_most(1.05),
}
LIMIT_TARGETS = {FLOAT32: at_least(0.9), BFLOAT16: at_least(0.8)}
EPOCH_TARGETS: dict[tuple[Program, str], Target] = {
    ("fit", "dropout"): at_least(2.5),
    ("PyTorch", "dropout"): at_least(1.5),
    ("PyTorch", "none"): at_least(1.1),
}
RIVALS: dict[Program, str] = {
    "fit": "Keras fit, float32",
    "fit, same precision": "Keras fit, same precision",
    "PyTorch": "PyTorch, same precision",
}


def step_rows(times: StepTimes) -> list[Row]:
    """Each kind of dropout against none, and none against itself, which shows the noise."""
    turns = [turn for turns in times.turns for turn in turns]
    names = dict.fromkeys(turn.name for turn in turns)
    rows = []
    for name in [*KINDS, *(name for name in names if name not in (*KINDS, NONE))]:
        what = "none / none (the noise)" if name == AGAIN else f"{name} / none"
        ratios = [
            ratio for of_round in times.turns for ratio in neighbour_ratios(of_round, name, NONE)
        ]
        rows.append(
            Row(
                f"{what}, {times.precision}",
                f"{_milliseconds(turns, name)} / {_milliseconds(turns, NONE)} ms",
                Spread.of(ratios),
                STEP_TARGETS.get((name, times.precision)),
            )
        )
    return rows


def limit_rows(times: StepTimes, convolutions: Spread) -> list[Row]:
    """The step without dropout against matrix products, and against its own convolutions."""
    turns = [turn for turns in times.turns for turn in turns]
    seconds = typical_seconds(turns, NONE)
    achieved, limit = times.multiply_adds / seconds, median(times.product_rates)
    return [
        Row(
            f"none: share of matrix products' rate, {times.precision}",
            f"{achieved / 1e9:.0f} / {limit / 1e9:.0f} G multiply-adds/s",
            Spread.of(times.shares_of_limit),
            LIMIT_TARGETS.get(times.precision),
        ),
        Row(
            f"none / its convolutions alone, {times.precision}",
            f"{seconds * 1e3:.1f} / {convolutions.median * 1e3:.1f} ms",
            Spread.of([seconds / convolutions.median]),
        ),
    ]


def epoch_rows(times: EpochTimes) -> list[Row]:
    """Images a second of dropstudy against the others', and where dropstudy's seconds went."""
    rows = []
    for kind in ("dropout", NONE, "spatial"):
        for rival in RIVALS:
            rows += [
                _compare(times, Trainee(rival, kind), part)
                for part in ("whole", "train")
                if (rival, kind) in EPOCH_TARGETS or _had_turns(times, Trainee(rival, kind))
            ]
    for kind in ("dropout", NONE, "spatial"):
        ratio = times.wall_over_recorded(kind)
        if ratio is not None:
            what = f"{kind}: wall time / train + val + other seconds"
            rows.append(Row(what, "", Spread.of([ratio]), at_most(1.02)))
    epoch = times.images / times.rate(Trainee("dropstudy", "dropout"))
    saving = median(times.checkpoint_seconds)
    shares = [seconds / epoch for seconds in times.checkpoint_seconds]
    rows.append(
        Row(
            "saving best network and checkpoint / epoch",
            f"{saving:.2f} / {epoch:.2f} s",
            Spread.of(shares),
            at_most(0.01),
        )
    )
    return rows


def input_rows(rates: Sequence[InputRate], images_per_second: float) -> list[Row]:
    """How many times over the loader makes what a training step uses, for its slowest kinds."""
    threads = max(rate.threads for rate in rates)
    found = [rate for rate in rates if rate.threads == threads]
    found.sort(key=lambda rate: median(rate.patches_per_second))
    return [
        Row(
            f"{rate.kind}: patches made / used by the fastest step, {threads} threads",
            f"{median(rate.patches_per_second):.0f} / {images_per_second:.0f} a second",
            Spread.of([rate / images_per_second for rate in rate.patches_per_second]),
            at_least(10),
        )
        for rate in found[:3]
    ]


def startup_rows(found: Startup) -> list[Row]:
    """A whole small run, its first step and ``--help`` against a plain import."""
    return [
        Row(
            f"{TITLES[name].strip()} / {TITLES[IMPORT]}",
            f"{found.seconds[name]:.2f} / {found.seconds[IMPORT]:.2f} s",
            ratio,
            at_most(RUN_TARGET) if name == RUN else None,
        )
        for name, ratio in found.ratios.items()
    ]


def scaling_lines(found: Sequence[PointTimes]) -> list[tuple[str, ...]]:
    """A table's lines: the step without dropout, and what each kind adds to it."""
    lines: list[tuple[str, ...]] = [
        ("what varies", "value", "none, ms", *(f"{kind} / none" for kind in KINDS))
    ]
    for point in found:
        spreads = [Spread.of(neighbour_ratios(point.turns, kind, NONE)) for kind in KINDS]
        ratios = [f"{spread.median:.3f} ±{spread.deviation:.3f}" for spread in spreads]
        lines.append((point.what, point.value, _milliseconds(point.turns, NONE), *ratios))
    return lines


def _compare(times: EpochTimes, rival: Trainee, part: Part) -> Row:
    ours = Trainee("dropstudy", rival.kind)
    alone = "" if part == "whole" else ", training alone"
    what = f"{rival.kind}: dropstudy, {times.precision} / {RIVALS[rival.program]}{alone}"
    target = EPOCH_TARGETS.get((rival.program, rival.kind)) if part == "whole" else None
    if not _had_turns(times, rival):
        return Row(what, "PyTorch is not installed", None, target)
    # Seconds of the rival over ours: images a second of ours over the rival's.
    ratios = neighbour_ratios(times.turns(part), str(rival), str(ours))
    figures = f"{times.rate(ours, part):.1f} / {times.rate(rival, part):.1f} images/s"
    return Row(what, figures, Spread.of(ratios), target)


def _had_turns(times: EpochTimes, trainee: Trainee) -> bool:
    return any(name == str(trainee) for name, _ in times.epochs)


def _milliseconds(turns: Sequence[Turn], name: str) -> str:
    return f"{typical_seconds(turns, name) * 1e3:.1f}"
