import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from scipy import stats

from dropstudy.analysis.arms import Arm, form_arms
from dropstudy.analysis.cost import Cost, measure_cost
from dropstudy.analysis.cost_contrast import CostContrast, contrast_costs
from dropstudy.analysis.judgement import judge
from dropstudy.analysis.statistics import median_ratio_interval
from tests.analysis.runs import SPATIAL, make_arm, make_run
from tests.analysis.test_cost import STORY

NEARLY = (1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01, 0.99)
"""What eight seeds differ by."""


def _costs(arms: Sequence[Arm]) -> dict[Path, Cost]:
    return {run.directory.path: measure_cost(run) for arm in arms for run in arm.runs}


def _contrast(
    folder: Path, plain: Sequence[Sequence[float]], spatial: Sequence[Sequence[float]]
) -> CostContrast | None:
    """Of arms whose runs take these seconds, epoch by epoch, the first one left out."""
    arms = [
        form_arms(
            make_arm(
                folder,
                name,
                [25.0] * len(times),
                dropout=dropout,
                seconds=[[99.0, *own] for own in times],
                epochs=1 + len(times[0]),
            )
        )[0]
        for name, dropout, times in (("plain", None, plain), ("spatial", SPATIAL, spatial))
    ]
    (found,) = contrast_costs(arms[1:], baseline=arms[0], costs=_costs(arms), level=0.05)
    return found


def test_the_ratio_is_the_geometric_mean_over_paired_seeds(tmp_path: Path) -> None:
    found = _contrast(tmp_path, [[10.0, 10.0]] * 3, [[20.0, 20.0], [10.0, 10.0], [40.0, 40.0]])
    assert found is not None
    assert found.ratio == pytest.approx(2.0)  # the cube root of 2 × 1 × 4
    logs = [math.log(2), 0.0, math.log(4)]
    expected = stats.t.interval(0.95, 2, math.log(2), stats.sem(logs))
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx(
        tuple(map(math.exp, expected))
    )
    assert (found.over, found.verdict) == ("seeds", "inconclusive")
    assert found.seeds_needed > 0


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.5, "slower"), (0.7, "faster"), (1.0, "equivalent")]
)
def test_a_level_shift_in_every_seed_is_a_verdict(
    tmp_path: Path, factor: float, verdict: str
) -> None:
    found = _contrast(tmp_path, [[10.0] * 6] * 8, [[10 * factor * share] * 6 for share in NEARLY])
    assert found is not None
    assert found.ratio == pytest.approx(factor * stats.gmean(NEARLY))
    assert (found.verdict, found.noise, found.seeds_needed) == (verdict, "", 0)


def test_the_verdict_is_that_of_the_judgement_of_log_ratios(tmp_path: Path) -> None:
    shares = [1.1, 1.08, 0.97, 1.12, 1.05, 1.11, 1.02, 1.09]
    found = _contrast(tmp_path, [[10.0] * 2] * 8, [[10 * share] * 2 for share in shares])
    (judged,) = judge([[math.log(share) for share in shares]], margin=math.log(1.05))
    words = {"better": "slower", "worse": "faster"}
    assert found is not None
    assert found.verdict == words.get(judged.verdict, judged.verdict)


def test_a_constantly_slower_run_has_a_ratio_and_no_drift(tmp_path: Path) -> None:
    found = _contrast(tmp_path, [[353.0] * 8], [[551.0] * 8])
    assert found is not None
    assert found.ratio == pytest.approx(551 / 353)
    assert not found.noise


def test_one_pair_has_an_interval_over_epochs_and_never_a_verdict(tmp_path: Path) -> None:
    plain, spatial = [10.0, 10.5, 9.5, 10.1], [20.0, 21.0, 19.0, 20.2]
    found = _contrast(tmp_path, [plain], [spatial])
    assert found is not None
    assert (found.ratio, found.interval) == median_ratio_interval(spatial, plain)
    assert (found.over, found.verdict) == ("epochs", "inconclusive")


def test_a_drift_larger_than_the_difference_refuses_a_verdict(tmp_path: Path) -> None:
    """Each run of the arm ends 56 % slower than it began; at its median it is 18 % slower."""
    found = _contrast(
        tmp_path, [[353.0] * 8] * 8, [[share * second for second in STORY] for share in NEARLY]
    )
    assert found is not None
    assert found.ratio == pytest.approx(415 / 353 * stats.gmean(NEARLY))
    assert found.verdict == "inconclusive"
    assert "+56%" in found.noise
    assert "drifted" in found.noise


def test_a_drift_of_the_baseline_counts_as_well(tmp_path: Path) -> None:
    found = _contrast(tmp_path, [STORY] * 8, [[415.0] * 8] * 8)
    assert found is not None
    assert found.ratio == pytest.approx(1)
    assert found.verdict == "inconclusive"
    assert found.noise


def test_a_drift_smaller_than_the_difference_leaves_the_verdict(tmp_path: Path) -> None:
    rising = [10.0, 10.2, 10.4, 10.6, 10.8, 11.0]
    found = _contrast(tmp_path, [[10.0] * 6] * 8, [[3 * second for second in rising]] * 8)
    assert found is not None
    assert (found.verdict, found.noise) == ("slower", "")


def test_one_run_of_many_that_drifts_leaves_the_verdict(tmp_path: Path) -> None:
    drifting = [second * 15 / 415 for second in STORY]
    plain, spatial = [[10.0] * 8] * 8, [[15.0] * 8] * 7 + [drifting]
    found = _contrast(tmp_path, plain, spatial)
    assert found is not None
    assert (found.verdict, found.noise) == ("slower", "")


def test_runs_of_one_arm_that_differ_more_than_the_arms_refuse_a_verdict(tmp_path: Path) -> None:
    """Seed by seed the arm is a tenth slower, but seeds alone differ by more than that."""
    plain = [[10.0 * share] * 6 for share in (0.6, 1.4, 0.7, 1.3, 0.8, 1.2, 0.9, 1.1)]
    found = _contrast(tmp_path, plain, [[1.1 * second for second in own] for own in plain])
    assert found is not None
    assert found.ratio == pytest.approx(1.1)
    spread = stats.tstd([math.log(own[0]) for own in plain])
    assert found.verdict == "inconclusive"
    assert f"differ by {math.exp(spread) - 1:+.0%} among themselves" in found.noise


def test_a_single_epoch_has_no_ratio(tmp_path: Path) -> None:
    assert _contrast(tmp_path, [[]], [[]]) is None


def test_several_runs_of_a_seed_count_by_their_mean(tmp_path: Path) -> None:
    """Seed 0 of the arm took 10 and 30 s, seed 1 took 20: twice the baseline's 10, both times."""
    plain = make_arm(tmp_path, "plain", [25.0, 25.0])
    spatial = make_arm(tmp_path, "spatial", [25.0, 25.0], dropout=SPATIAL, seconds=[10.0, 20.0])
    again = make_run(tmp_path / "spatial-again", name="spatial", dropout=SPATIAL, seconds=30.0)
    baseline, arm = form_arms([*plain, *spatial, again])
    (found,) = contrast_costs([arm], baseline=baseline, costs=_costs([arm, baseline]), level=0.05)
    assert found is not None
    assert found.ratio == pytest.approx(2.0)


def test_arms_without_a_common_seed_are_timed_by_their_first_runs(tmp_path: Path) -> None:
    first = make_run(tmp_path / "plain-0", seed=0, seconds=10.0)
    second = make_run(tmp_path / "spatial-1", seed=1, dropout=SPATIAL, seconds=15.0)
    baseline, arm = form_arms([first, second])
    (found,) = contrast_costs([arm], baseline=baseline, costs=_costs([arm, baseline]), level=0.05)
    assert found is not None
    assert found.ratio == pytest.approx(1.5)
    assert found.over == "epochs"
