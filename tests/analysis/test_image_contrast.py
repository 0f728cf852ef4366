import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from scipy import stats

from dropstudy.analysis.arms import Arm, form_arms
from dropstudy.analysis.image_contrast import contrast_images, interval_over_images
from dropstudy.analysis.measures import find_measure
from dropstudy.runs.records import ImageRecord
from tests.analysis.runs import SPATIAL, make_image, make_run

PSNR = find_measure("val_psnr")


def _arms(
    folder: Path, plain: Sequence[Sequence[ImageRecord]], spatial: Sequence[Sequence[ImageRecord]]
) -> tuple[Arm, Arm]:
    """The arm with dropout and the one without; the images of each seed."""
    runs = [
        make_run(folder / f"{name}-{seed}", seed=seed, dropout=dropout, images=images)
        for name, dropout, seeds in (("plain", None, plain), ("spatial", SPATIAL, spatial))
        for seed, images in enumerate(seeds)
    ]
    baseline, arm = form_arms(runs)
    return arm, baseline


def _images(scores: Mapping[str, float]) -> list[ImageRecord]:
    return [make_image(name, score) for name, score in scores.items()]


def test_images_of_one_name_are_paired_and_their_gains_summed_up(tmp_path: Path) -> None:
    before = {"cat": 25.0, "dog": 26.0, "owl": 27.0, "only here": 10.0}
    after = {"owl": 27.5, "cat": 25.2, "dog": 25.9, "only there": 90.0}
    arm, baseline = _arms(tmp_path, [_images(before)], [_images(after)])
    found = contrast_images(arm, baseline, measure=PSNR, level=0.05)
    assert found is not None
    gains = {image.image: image.gain for image in found.images}
    assert gains == pytest.approx({"cat": 0.2, "dog": -0.1, "owl": 0.5})
    assert found.mean == pytest.approx(0.2)
    assert found.won == pytest.approx(2 / 3)
    expected = stats.t.interval(0.95, 2, 0.2, stats.sem(list(gains.values())))
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx(expected)
    # Signs of 0.2, 0.1, 0.5 with |sum| >= 0.6: + + +, + − +, and their negatives, of 8.
    assert found.p == 0.5


def test_each_image_is_a_mean_over_paired_seeds(tmp_path: Path) -> None:
    arm, baseline = _arms(
        tmp_path,
        [_images({"cat": 25.0}), _images({"cat": 26.0}), _images({"cat": 90.0})],
        [_images({"cat": 25.5}), _images({"cat": 26.1})],
    )
    found = contrast_images(arm, baseline, measure=PSNR, level=0.05)
    assert found is not None
    (image,) = found.images
    assert (image.before, image.after) == pytest.approx((25.5, 25.8))
    assert found.interval is None  # a single image has no spread
    assert found.p == 1


def test_images_that_were_degraded_otherwise_are_no_pair(tmp_path: Path) -> None:
    before = [make_image("cat", 25.0), make_image("dog", 26.0, identity=20.0)]
    after = [make_image("cat", 25.5), make_image("dog", 27.0, identity=20.001)]
    arm, baseline = _arms(tmp_path, [before], [after])
    found = contrast_images(arm, baseline, measure=PSNR, level=0.05)
    assert found is not None
    assert [image.image for image in found.images] == ["cat"]


def test_an_image_that_one_seed_restored_without_error_is_left_out(tmp_path: Path) -> None:
    arm, baseline = _arms(
        tmp_path,
        [_images({"cat": 25.0, "dog": 26.0}), _images({"cat": 25.0, "dog": 26.0})],
        [_images({"cat": 25.5, "dog": 26.5}), _images({"cat": math.inf, "dog": 26.5})],
    )
    found = contrast_images(arm, baseline, measure=PSNR, level=0.05)
    assert found is not None
    assert [image.image for image in found.images] == ["dog"]


def test_a_validation_and_a_test_image_of_one_name_are_two(tmp_path: Path) -> None:
    before = [make_image("cat", 25.0), make_image("cat", 20.0, part="test")]
    after = [make_image("cat", 26.0), make_image("cat", 22.0, part="test")]
    arm, baseline = _arms(tmp_path, [before], [after])
    found = contrast_images(arm, baseline, measure=PSNR, level=0.05)
    assert found is not None
    assert {(image.part, image.image): image.gain for image in found.images} == {
        ("validation", "cat"): 1.0,
        ("test", "cat"): 2.0,
    }
    assert found.mean == pytest.approx(1.0)  # of the measure's own images
    found = contrast_images(arm, baseline, measure=find_measure("test_psnr"), level=0.05)
    assert found is not None
    assert found.mean == pytest.approx(2.0)


def test_without_common_images_there_is_nothing_to_say(tmp_path: Path) -> None:
    arm, baseline = _arms(tmp_path, [_images({"cat": 25.0})], [_images({"dog": 26.0})])
    assert contrast_images(arm, baseline, measure=PSNR, level=0.05) is None
    old, new = _arms(tmp_path / "old", [[]], [_images({"cat": 25.0})])
    assert contrast_images(old, new, measure=PSNR, level=0.05) is None


def test_arms_without_a_common_seed_show_their_first_runs(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "plain-0", seed=0, images=_images({"cat": 25.0})),
        make_run(tmp_path / "spatial-1", seed=1, dropout=SPATIAL, images=_images({"cat": 26.0})),
    ]
    baseline, arm = form_arms(runs)
    found = contrast_images(arm, baseline, measure=PSNR, level=0.05)
    assert found is not None
    assert found.mean == 1.0
    assert interval_over_images(arm, baseline, measure=PSNR, level=0.05) is None


def test_the_measure_says_which_score_of_an_image_counts(tmp_path: Path) -> None:
    arm, baseline = _arms(tmp_path, [_images({"cat": 20.0})], [_images({"cat": 28.0})])
    found = contrast_images(arm, baseline, measure=find_measure("val_ssim"), level=0.05)
    assert found is not None
    assert found.score == "ssim"
    assert found.mean == pytest.approx(0.2)  # made images have an SSIM of their PSNR over 40


def test_over_seeds_and_images_the_measures_own_images_count(tmp_path: Path) -> None:
    """Every validation image gains 1, whatever the seed; test images would say otherwise."""
    names = ("cat", "dog", "owl")
    before = [[make_image(name, 25.0) for name in names] for _ in range(5)]
    after = [
        [make_image(name, 26.0) for name in names] + [make_image("x", 5.0, part="test")]
        for _ in range(5)
    ]
    for images in before:
        images.append(make_image("x", 25.0, part="test"))
    arm, baseline = _arms(tmp_path, before, after)
    found = interval_over_images(arm, baseline, measure=PSNR, level=0.05)
    assert found is not None
    assert (found.low, found.high, found.level) == pytest.approx((1, 1, 0.95))


@pytest.mark.parametrize("count", [1, 4])
def test_few_seeds_have_no_interval_over_seeds_and_images(tmp_path: Path, count: int) -> None:
    scores = {"cat": 25.0, "dog": 26.0}
    arm, baseline = _arms(tmp_path, [_images(scores)] * count, [_images(scores)] * count)
    assert interval_over_images(arm, baseline, measure=PSNR, level=0.05) is None


def test_a_seed_that_kept_no_scores_is_passed_over(tmp_path: Path) -> None:
    arm, baseline = _arms(
        tmp_path,
        [_images({"cat": 25.0}), _images({"cat": 26.0})],
        [_images({"cat": 25.5}), []],
    )
    found = contrast_images(arm, baseline, measure=PSNR, level=0.05)
    assert found is not None
    assert found.seeds == (0,)
    assert found.mean == pytest.approx(0.5)


def test_images_of_several_runs_of_a_seed_count_by_their_mean_in_any_order(tmp_path: Path) -> None:
    plain = make_run(tmp_path / "plain-0", images=_images({"cat": 25.0}))
    twice = [
        make_run(
            tmp_path / f"spatial-{name}",
            name="spatial",
            dropout=SPATIAL,
            images=_images({"cat": psnr}),
        )
        for name, psnr in (("a", 25.0), ("b", 27.0))
    ]
    for runs in (twice, twice[::-1]):
        baseline, arm = form_arms([plain, *runs])
        found = contrast_images(arm, baseline, measure=PSNR, level=0.05)
        assert found is not None
        assert found.mean == pytest.approx(1.0)
