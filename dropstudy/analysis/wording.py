"""A comparison in sentences: the answer, what it rests on, and what it cannot say."""

from statistics import fmean

from dropstudy.analysis import cells
from dropstudy.analysis.comparison import Comparison
from dropstudy.analysis.contrasts import Contrast
from dropstudy.analysis.cost_contrast import TIME_MARGIN, CostContrast
from dropstudy.analysis.cost_noise import describe_drift
from dropstudy.analysis.measures import MEASURES
from dropstudy.analysis.one_arm import answer_alone
from dropstudy.analysis.significance import EXACT_COUNT, holm, seeds_to_reach
from dropstudy.runs.records import find_shortfall


def headline(comparison: Comparison) -> str:
    """The answer: a sentence or two for each arm against the baseline, or of the only arm."""
    if comparison.contrasts:
        answers = [answer(comparison, contrast) for contrast in comparison.contrasts]
        return " ".join([*warn_of_one_seed(comparison), *answers, *warn_of_baselines(comparison)])
    return answer_alone(comparison)


def answer(comparison: Comparison, contrast: Contrast) -> str:
    """What is known of one arm against the baseline: its quality, then its cost."""
    sentences = [_answer_quality(comparison, contrast)]
    if contrast.cost is not None:
        sentences.append(_answer_cost(contrast.cost))
        sentences.append(describe_drift(contrast.cost.drift))
    return " ".join(filter(None, sentences))


def warn_of_one_seed(comparison: Comparison) -> list[str]:
    """A sentence where no arm has more than one seed in common with the baseline, else none."""
    judgements = [own.judgement for own in comparison.contrasts if not own.obstacle]
    if not judgements or any(own.count > 1 for own in judgements):
        return []
    needed = _more_seeds(max(own.seeds_needed for own in judgements))
    return [
        f"One seed decides nothing about training: a verdict takes at least {needed} of each arm."
    ]


def warn_of_baselines(comparison: Comparison) -> list[str]:
    """A sentence for each arm that restores worse than no network at all would, on average."""
    warnings = []
    for arm in comparison.arms:
        values = arm.values(MEASURES["val_psnr"])
        scores = next((run.baselines for run in arm.runs if run.baselines), {})
        if not values:
            continue
        reached = fmean(values.values())
        found = find_shortfall(reached, scores)
        if found is not None:
            warnings.append(
                f"{arm.label} ({reached:.2f} dB) is below {found.words} ({found.psnr:.2f} dB) "
                "in validation."
            )
    return warnings


def explain(comparison: Comparison) -> list[str]:
    """What the numbers rest on and what they cannot show, a sentence or two each."""
    lines = []
    if comparison.confounds:
        names = ", ".join(difference.key for difference in comparison.confounds)
        besides = f"Besides {comparison.factor}, t" if comparison.contrasts else "T"
        lines.append(
            f"{besides}he runs differ in: {names}. Any of it may be what made a difference."
        )
    if not comparison.contrasts:
        return lines
    counts = [contrast.judgement.count for contrast in comparison.contrasts]
    lines.append(
        "The unit is the training seed: arms are paired by it, and runs of one seed share their "
        "initial weights, their batches and their noise. Images and epochs of one run are no "
        "replicates of its training."
    )
    lines += _explain_seeds(comparison, counts)
    lines.append(
        f"{comparison.measure.label} decides"
        f"{'' if comparison.measure.higher_is_better else ', the lower the better'}; a difference "
        "within "
        f"±{cells.margin(comparison.measure, comparison.margin)} counts as none. Fix it, and the "
        "number of seeds, before the runs."
        + (
            " The validation images also chose each run's best epoch."
            if comparison.measure.part == "validation"
            else " Choosing by it uses the test images up."
        )
    )
    if any(own.verdict == "inconclusive" and not own.obstacle for own in comparison.contrasts):
        lines.append(
            "Seeds that are added after a look make p smaller than it should be. For a verdict "
            "that holds, run as many new seeds as it takes and compare those alone."
        )
    if any(contrast.images for contrast in comparison.contrasts):
        lines.append(
            "The same images side by side tell whether these very networks differ on images like "
            "these. They cannot tell whether networks trained with other seeds would."
        )
    if any(contrast.cost for contrast in comparison.contrasts):
        lines.append(
            "Seconds are of training alone, the first epoch left out; a ratio within "
            f"±{TIME_MARGIN:.0%} counts as none. Nothing here tells what else the machine did "
            "while a run was timed, unless the arms were run in turns."
        )
    return [line[0].upper() + line[1:] for line in lines]


def _answer_quality(comparison: Comparison, contrast: Contrast) -> str:
    arm, baseline, judgement = contrast.arm.label, contrast.baseline.label, contrast.judgement
    measure = comparison.measure
    if contrast.obstacle:
        return f"{arm} and {baseline} cannot be compared: {contrast.obstacle}."
    found = f"{measure.write(judgement.mean, signed=True)} {measure.label}"
    if judgement.interval is None:
        decides = "" if warn_of_one_seed(comparison) else ", which decides nothing about training"
        return f"With one seed, {arm} has {found} against {baseline}{decides}."
    seeds = cells.count_of(judgement.count, "seed")
    around = (
        f"{found}, {cells.percent(judgement.interval.level)} interval "
        f"{cells.measure_ends(measure, judgement.interval)} over {seeds}"
    )
    p = f"p = {cells.p_value(judgement.adjusted_p)}".replace("= <", "< ")
    match contrast.verdict:
        case "better" | "worse":
            found_out = measure.better if contrast.verdict == "better" else measure.worse
            return f"{arm} {found_out} {baseline}: {around}, {p}."
        case "equivalent":
            within = f"within ±{cells.margin(measure, comparison.margin)}"
            return f"{arm} {measure.as_good} {baseline}, {within}: {around}."
        case "inconclusive":
            needed, margin = (
                _more_seeds(judgement.seeds_needed),
                cells.margin(measure, comparison.margin),
            )
            return (
                f"Whether {arm} {measure.better} {baseline} is undecided: {around}, {p}. "
                f"A verdict takes about {needed} of each, or fewer if the true difference is well "
                f"above {margin}."
            )


def _more_seeds(count: int) -> str:
    return f"{cells.seeds(count)} more {'seed' if count == 1 else 'seeds'}"


def _answer_cost(cost: CostContrast) -> str:
    ratio = f"{cells.ratio(cost)} the seconds per epoch"
    if cost.noise:
        return f"It took {ratio}, of which nothing follows: {cost.noise}."
    match cost.verdict:
        case "faster" | "slower":
            return f"It is {cost.verdict}: {ratio}."
        case "equivalent":
            return f"It costs the same, within ±{TIME_MARGIN:.0%}: {ratio}."
        case "inconclusive" if cost.over == "epochs":
            return f"It took {ratio} in this pair of runs."
        case "inconclusive":
            return f"It took {ratio}; whether it costs more is undecided."


def _explain_seeds(comparison: Comparison, counts: list[int]) -> list[str]:
    lines = []
    family = len(comparison.contrasts)
    if counts and max(counts) == 1:
        lines.append(
            f"With one seed an arm, nothing here separates {comparison.factor} from luck: two "
            "trainings that differ in their seed alone differ, too."
        )
    # The least that Holm could make of them, were every arm's differences as clear as can be.
    least = holm([contrast.judgement.smallest_p for contrast in comparison.contrasts])
    few = {
        contrast.judgement.count: contrast.judgement.smallest_p
        for contrast, p in zip(comparison.contrasts, least, strict=True)
        if contrast.judgement.count > 1 and p > comparison.level
    }
    among = f" among {family} arms" if family > 1 else ""
    for count, smallest in sorted(few.items()):
        lines.append(
            f"With {cells.count_of(count, 'seed')} the sign-flip test cannot give a p below "
            f"{smallest:g}, so no difference can be shown at {comparison.level:g}{among}: that "
            f"takes {seeds_to_reach(comparison.level / family)} seeds."
        )
    for contrast in comparison.contrasts:
        every = {*contrast.arm.seeds, *contrast.baseline.seeds}
        left_out = sorted(every - set(contrast.seeds))
        if left_out and contrast.seeds:
            lines.append(
                f"Without a {comparison.measure.label} in both, and left out of the difference "
                f"between {contrast.arm.label} and {contrast.baseline.label}: "
                f"seed{'' if len(left_out) == 1 else 's'} {', '.join(map(str, left_out))}."
            )
    if any(len(arm.runs) > len(arm.seeds) for arm in comparison.arms):
        lines.append("Several runs of one arm have the same seed: their mean counts once.")
    if max(counts) > 1:
        intervals = [contrast.judgement.interval for contrast in comparison.contrasts]
        exact = "exact " if max(counts) <= EXACT_COUNT else ""
        methods = " or ".join(dict.fromkeys(own.method for own in intervals if own))
        lines.append(
            f"Intervals hold the true mean difference in {cells.percent(1 - comparison.level)} of "
            f"such comparisons (method: {methods}); p is of the {exact}two-sided sign-flip test"
            + (f", adjusted for {family} arms (Holm)." if family > 1 else ".")
        )
    return lines
