"""The same images in the hands of two arms."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from dropstudy.analysis.arms import Arm, common_seeds
from dropstudy.analysis.measures import Measure
from dropstudy.analysis.significance import share_won, sign_flip_p
from dropstudy.analysis.statistics import Interval, hierarchical_interval, mean_interval
from dropstudy.runs.reading import Run
from dropstudy.runs.records import ImagePart, ImageRecord

SAME_PICTURE_DB = 1e-6
"""Two degraded pictures of one name are the same if their PSNRs differ by less."""

FEWEST_SEEDS = 5
"""Of an interval over seeds and images: with 3, and 2 to 4 images, one meant to hold the truth in
95 % held it in 81 to 93 %, and was mostly narrower than that over seeds alone."""


@dataclass(frozen=True)
class ImageDifference:
    """One image in the hands of two networks.

    Attributes:
        part: ``validation`` or ``test``.
        image: The picture's name.
        before: The baseline's score, a mean over paired seeds.
        after: The arm's.
    """

    part: ImagePart
    image: str
    before: float
    after: float

    @property
    def gain(self) -> float:
        """By how much the arm's score is above the baseline's."""
        return self.after - self.before


@dataclass(frozen=True)
class ImageContrast:
    """The same images, restored by both; says nothing of other trainings.

    Attributes:
        score: Which score of an image.
        part: The images that the numbers below are of: the deciding measure's.
        images: Every image that both restored, by part and name.
        seeds: The common seeds that scores were kept of; none if the arms share no seed.
        mean: Of the gains.
        interval: Of that mean, over images like these; None for a single one.
        p: Of the exact sign-flip test over images.
        won: The share of images that the arm restores better; ties count half.
    """

    score: str
    part: ImagePart
    images: tuple[ImageDifference, ...]
    seeds: tuple[int, ...]
    mean: float
    interval: Interval | None
    p: float
    won: float


def contrast_images(
    arm: Arm, baseline: Arm, *, measure: Measure, level: float
) -> ImageContrast | None:
    """Every image that both arms restored, scored as ``measure`` does; None without any.

    Paired by seed; arms without a common seed by their first runs.
    """
    pairs = _pair_sides(arm, baseline)
    scored = _score_pairs(pairs or {arm.seeds[0]: (arm.runs[:1], baseline.runs[:1])}, measure)
    images = tuple(
        ImageDifference(part, name, fmean(old for old, _ in own), fmean(new for _, new in own))
        for (part, name), own in scored.images.items()
    )
    gains = [image.gain for image in images if image.part == measure.part]
    if not gains:
        return None
    return ImageContrast(
        score=measure.score,
        part=measure.part,
        images=images,
        seeds=tuple(scored.seeds) if pairs else (),
        mean=fmean(gains),
        interval=mean_interval(gains, level=1 - level),
        p=sign_flip_p(gains),
        won=share_won(gains) or 0.0,
    )


def interval_over_images(
    arm: Arm, baseline: Arm, *, measure: Measure, level: float
) -> Interval | None:
    """Of the mean difference, over other seeds and other images; None below five seeds."""
    pairs = _pair_sides(arm, baseline)
    if len(pairs) < FEWEST_SEEDS:
        return None
    scored = _score_pairs(pairs, measure)
    columns = [
        [new - old for old, new in own]
        for (part, _), own in scored.images.items()
        if part == measure.part
    ]
    if len(scored.seeds) < FEWEST_SEEDS or not columns:
        return None
    return hierarchical_interval([list(row) for row in zip(*columns, strict=True)], level=1 - level)


def same_picture(first: ImageRecord, second: ImageRecord) -> bool:
    """Whether two runs saw an image of one name degraded alike."""
    return (first.part, first.image) == (second.part, second.image) and abs(
        first.identity_psnr - second.identity_psnr
    ) < SAME_PICTURE_DB


@dataclass(frozen=True)
class _Scored:
    """The images of several pairs: by part and name the scores of both sides, seed by seed."""

    seeds: list[int]
    images: dict[tuple[ImagePart, str], list[tuple[float, float]]]


_Sides = tuple[Sequence[Run], Sequence[Run]]
"""The runs of the arm and those of the baseline, of one seed."""


def _pair_sides(arm: Arm, baseline: Arm) -> dict[int, _Sides]:
    seeds = common_seeds(arm, baseline)
    return {seed: (arm.of_seed(seed), baseline.of_seed(seed)) for seed in seeds}


def _score_pairs(pairs: Mapping[int, _Sides], measure: Measure) -> _Scored:
    """The images that all runs restored, alike degraded, without a score that is infinite.

    Seeds of which a side kept no scores are passed over.
    """
    seeds = [
        seed
        for seed, sides in pairs.items()
        if all(any(run.images for run in own) for own in sides)
    ]
    by_seed = []
    for seed in seeds:
        before, after = (_mean_scores(pairs[seed][side], measure) for side in (1, 0))
        by_seed.append(
            {
                key: (old, new)
                for key, (record, new) in after.items()
                if key in before
                for other, old in [before[key]]
                if same_picture(record, other) and math.isfinite(old) and math.isfinite(new)
            }
        )
    common = [key for key in by_seed[0] if all(key in own for own in by_seed)] if by_seed else []
    return _Scored(seeds, {key: [own[key] for own in by_seed] for key in common})


def _mean_scores(
    runs: Sequence[Run], measure: Measure
) -> dict[tuple[ImagePart, str], tuple[ImageRecord, float]]:
    """Each image's mean score over the runs of one seed, with the first run's record of it."""
    records: dict[tuple[ImagePart, str], list[ImageRecord]] = {}
    for run in runs:
        for record in run.images:
            records.setdefault((record.part, record.image), []).append(record)
    return {
        key: (own[0], fmean(getattr(record, measure.score) for record in own))
        for key, own in records.items()
        if all(same_picture(own[0], record) for record in own)
    }
