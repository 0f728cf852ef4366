from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from dropstudy.analysis.arms import Arm, form_arms
from dropstudy.analysis.contrasts import Contrast, contrast_arms
from dropstudy.analysis.cost import measure_cost
from dropstudy.analysis.judgement import judge
from dropstudy.analysis.measures import find_measure
from tests.analysis.runs import SPATIAL, make_arm, make_image, make_run, with_copy_ratio

PLAIN = [25.0, 25.3, 24.8, 25.1, 25.4, 24.9, 25.2, 25.0]
"""Validation PSNRs of eight seeds without dropout."""

CLEAR = [0.5, 0.6, 0.4, 0.55, 0.45, 0.5, 0.6, 0.4]
TRIFLE = [0.01, -0.01, 0.02, -0.02, 0.0, 0.01, -0.01, 0.0]


def _contrast(
    baseline: Arm, *arms: Arm, metric: str = "val_psnr", margin: float = 0.1
) -> list[Contrast]:
    measure = find_measure(metric)
    runs = [run for arm in (baseline, *arms) for run in arm.runs]
    return contrast_arms(
        arms,
        baseline=baseline,
        costs={run.directory.path: measure_cost(run) for run in runs},
        measure=measure,
        margin=margin,
        level=0.05,
    )


def _two_arms(folder: Path, differences: Sequence[float]) -> tuple[Arm, Arm]:
    """The arm without dropout, and one whose seeds differ from it by so much."""
    plain = PLAIN[: len(differences)]
    changed = [before + gain for before, gain in zip(plain, differences, strict=True)]
    baseline = make_arm(folder, "plain", plain)
    first, second = form_arms([*baseline, *make_arm(folder, "spatial", changed, dropout=SPATIAL)])
    return first, second


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        (CLEAR, "better"),
        ([-gain for gain in CLEAR], "worse"),
        (TRIFLE, "equivalent"),
        (CLEAR[:3], "inconclusive"),
        (CLEAR[:5], "inconclusive"),  # the least p of five seeds is 0.0625
        ([3.0], "inconclusive"),
        ([0.5, -0.4, 0.3, -0.6, 0.2, -0.1, 0.4, -0.3], "inconclusive"),
    ],
)
def test_the_verdict_is_that_of_the_seeds(
    tmp_path: Path, differences: list[float], verdict: str
) -> None:
    plain, spatial = _two_arms(tmp_path, differences)
    (found,) = _contrast(plain, spatial)
    assert found.verdict == verdict
    assert found.seeds == tuple(range(len(differences)))
    assert found.differences == pytest.approx(differences)
    (judged,) = judge([found.differences], margin=0.1)
    assert found.judgement == judged
    assert not found.obstacle


def test_every_measure_that_both_arms_have_is_told_with_its_interval(tmp_path: Path) -> None:
    plain, spatial = _two_arms(tmp_path, [0.1, 0.2, 0.6])
    (found,) = _contrast(plain, spatial)
    assert list(found.means) == ["val_psnr", "val_ssim", "test_psnr", "test_ssim"]
    mean, interval = found.means["test_psnr"]
    assert mean == pytest.approx(0.3)
    assert interval is not None
    expected = stats.t.interval(0.95, 2, 0.3, stats.sem([0.1, 0.2, 0.6]))
    assert (interval.low, interval.high) == pytest.approx(expected)
    assert found.means["val_ssim"][0] == pytest.approx(0.3 / 40)


def test_the_measure_that_decides_may_be_another(tmp_path: Path) -> None:
    plain = make_run(tmp_path / "plain-0", psnrs=[25.0], test_psnr=24.0)
    spatial = make_run(tmp_path / "spatial-0", dropout=SPATIAL, psnrs=[26.0], test_psnr=23.0)
    (found,) = _contrast(*form_arms([plain, spatial]), metric="test_psnr")
    assert found.differences == (-1.0,)


@pytest.mark.parametrize(
    ("change", "verdict"), [(-0.1, "better"), (0.1, "worse"), (0.001, "equivalent")]
)
def test_of_a_copy_ratio_the_lower_is_the_better(
    tmp_path: Path, change: float, verdict: str
) -> None:
    """The same PSNRs, and an image each: the seeds' copy ratios alone decide."""
    image = [make_image("coffee", 25.0)]
    arms = [
        [
            with_copy_ratio(
                make_run(tmp_path / f"{name}-{seed}", seed=seed, dropout=dropout, images=image),
                0.6 + seed / 100 + shift * (1 + seed / 50),
            )
            for seed in range(8)
        ]
        for name, dropout, shift in (("plain", None, 0.0), ("spatial", SPATIAL, change))
    ]
    (found,) = _contrast(*form_arms([*arms[0], *arms[1]]), metric="val_copy_ratio", margin=0.02)
    assert found.verdict == verdict
    assert found.differences == pytest.approx([change * (1 + seed / 50) for seed in range(8)])
    assert found.judgement.share_won == (1.0 if change < 0 else 0.0)
    assert (found.images, found.over_images) == (None, None), "images have no such score"
    assert found.means["val_copy_ratio"][0] == pytest.approx(1.07 * change)
    assert found.means["val_psnr"][0] == 0


def test_runs_of_an_older_version_have_no_copy_ratio_to_compare(tmp_path: Path) -> None:
    plain, spatial = _two_arms(tmp_path, CLEAR)
    (found,) = _contrast(plain, spatial, metric="val_copy_ratio")
    assert found.obstacle == "no seed has a copy ratio in both arms"


def test_several_arms_are_one_family(tmp_path: Path) -> None:
    """Eight seeds that all gain have p = 1/128; beside two other arms, three times that."""
    runs = [
        run
        for name, kind in (("a", "none"), ("b", "spatial"), ("c", "dropout"), ("d", "gaussian"))
        for run in make_arm(
            tmp_path,
            name,
            [psnr + gain * (name == "b") for psnr, gain in zip(PLAIN, CLEAR, strict=True)],
            dropout={"skip": {"kind": kind} | ({"rate": 0.3} if kind != "none" else {})},
        )
    ]
    found = {item.arm.label: item for item in _contrast(*form_arms(runs), margin=0.001)}
    assert found["b"].judgement.p == pytest.approx(1 / 128)
    assert found["b"].judgement.adjusted_p == pytest.approx(3 / 128)
    assert found["b"].verdict == "better"
    assert found["c"].judgement.adjusted_p == 1


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        ({"environment": {"data_fingerprint": "other"}}, "the runs saw different images"),
        (
            {"sections": {"task": {"kind": "pixelate", "block": 8}}},
            "the runs had different tasks",
        ),
        ({"seed": 1}, "the arms have no seed in common"),
    ],
)
def test_what_cannot_be_compared_gets_no_verdict(
    tmp_path: Path, change: dict[str, Any], obstacle: str
) -> None:
    plain = make_run(tmp_path / "plain-0")
    spatial = make_run(tmp_path / "spatial-0", **{"dropout": SPATIAL, **change})
    (found,) = _contrast(*form_arms([plain, spatial]))
    assert found.obstacle == obstacle
    assert found.verdict == "inconclusive"


def test_an_obstacle_outweighs_the_clearest_gain(tmp_path: Path) -> None:
    baseline = make_arm(tmp_path, "plain", PLAIN)
    spatial = [
        make_run(
            tmp_path / f"spatial-{seed}",
            seed=seed,
            dropout=SPATIAL,
            psnrs=[psnr + 3],
            environment={"data_fingerprint": "other"},
        )
        for seed, psnr in enumerate(PLAIN)
    ]
    (found,) = _contrast(*form_arms([*baseline, *spatial]))
    assert found.judgement.verdict == "better"
    assert found.verdict == "inconclusive"


def test_images_that_were_not_noted_are_not_said_to_differ(tmp_path: Path) -> None:
    plain = make_run(tmp_path / "plain-0", environment={"data_fingerprint": None})
    spatial = make_run(tmp_path / "spatial-0", dropout=SPATIAL)
    (found,) = _contrast(*form_arms([plain, spatial]))
    assert not found.obstacle


def test_without_test_images_it_is_the_measure_that_is_missing_not_a_seed(tmp_path: Path) -> None:
    plain = make_run(tmp_path / "plain-0", test_psnr=None)
    spatial = make_run(tmp_path / "spatial-0", dropout=SPATIAL)
    (found,) = _contrast(*form_arms([plain, spatial]), metric="test_psnr")
    assert found.obstacle == "no seed has a test PSNR in both arms"
    assert list(found.means) == ["val_psnr", "val_ssim"]


def test_only_common_seeds_count(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / f"plain-{seed}", seed=seed, psnrs=[25.0 + seed]) for seed in (0, 1, 2)
    ]
    runs += [
        make_run(tmp_path / f"spatial-{seed}", seed=seed, dropout=SPATIAL, psnrs=[26.0 + seed])
        for seed in (1, 2, 3)
    ]
    (found,) = _contrast(*form_arms(runs))
    assert found.seeds == (1, 2)
    assert found.differences == (1.0, 1.0)


def test_a_gain_in_one_seed_is_undecided_however_many_images_agree(tmp_path: Path) -> None:
    names = [f"image {number}" for number in range(20)]
    plain = make_run(
        tmp_path / "plain-0", psnrs=[25.0], images=[make_image(name, 25.0) for name in names]
    )
    spatial = make_run(
        tmp_path / "spatial-0",
        dropout=SPATIAL,
        psnrs=[28.0],
        images=[make_image(name, 28.0 + 0.01 * place) for place, name in enumerate(names)],
    )
    (found,) = _contrast(*form_arms([plain, spatial]))
    assert found.images is not None
    assert found.images.p < 0.001
    assert found.over_images is None
    assert found.verdict == "inconclusive"
    assert found.judgement.seeds_needed == 5


def test_scores_of_other_pixels_are_no_verdict(tmp_path: Path) -> None:
    """A deeper network crops its images to other multiples: same data, other pixels."""
    plain, spatial = _two_arms(tmp_path, CLEAR)
    for run in spatial.runs:
        run.result["baselines"]["identity"]["val_psnr"] += 0.05
    (found,) = _contrast(plain, spatial)
    assert found.obstacle == "the runs were scored on different pixels"
    assert found.verdict == "inconclusive"
