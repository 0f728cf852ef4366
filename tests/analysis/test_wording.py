import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dropstudy.analysis.cells import count_of
from dropstudy.analysis.comparison import Comparison, compare
from dropstudy.analysis.wording import explain, headline
from tests.analysis.runs import SPATIAL, make_arm, make_image, make_run, with_copy_ratio

PLAIN = [25.0, 25.3, 24.8, 25.1, 25.4, 24.9, 25.2, 25.0]
CLEAR = [0.5, 0.6, 0.4, 0.55, 0.45, 0.5, 0.6, 0.4]
STEADY = [0.5, 0.501, 0.499, 0.5, 0.502]
"""Five seeds that hardly differ: a sixth would show it."""


def _compare(
    folder: Path,
    differences: Sequence[float],
    *,
    seconds: float = 10.0,
    options: dict[str, Any] | None = None,
) -> Comparison:
    """An arm whose seeds gain so much over one without dropout."""
    plain = PLAIN[: len(differences)]
    changed = [before + gain for before, gain in zip(plain, differences, strict=True)]
    runs = make_arm(folder, "plain", plain)
    runs += make_arm(folder, "spatial", changed, dropout=SPATIAL, seconds=seconds)
    return compare(runs, **(options or {}))


@pytest.mark.parametrize(
    ("differences", "words"),
    [
        (CLEAR, ["spatial restores better than plain", "+0.50 dB", "8 seeds", "p = 0.008"]),
        ([-gain for gain in CLEAR], ["spatial restores worse than plain", "−0.50 dB"]),
        ([gain / 100 for gain in CLEAR], ["spatial restores as well as plain", "±0.1 dB"]),
        (CLEAR[:3], ["undecided", "+0.50 dB", "3 seeds", "p = 0.250", "more seeds"]),
        (STEADY, ["undecided", "p = 0.062", "1 more seed of each"]),
        (CLEAR[:1], ["One seed decides nothing", "+0.50 dB", "5 more seeds"]),
    ],
)
def test_the_headline_gives_the_verdict_and_what_it_rests_on(
    tmp_path: Path, differences: list[float], words: list[str]
) -> None:
    text = headline(_compare(tmp_path, differences))
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (-0.1, "spatial copies less of its input than plain: −0.1"),
        (0.1, "spatial copies more of its input than plain: +0.1"),
        (0.001, "spatial copies as much of its input as plain, within ±0.02: +0.001 copy ratio"),
    ],
)
def test_a_copy_ratio_is_told_in_words_of_its_own(
    tmp_path: Path, change: float, words: str
) -> None:
    runs = [
        with_copy_ratio(run, ratio + place / 1000)
        for name, dropout, ratio in (("plain", None, 0.6), ("spatial", SPATIAL, 0.6 + change))
        for place, run in enumerate(make_arm(tmp_path, name, PLAIN, dropout=dropout))
    ]
    if change < 0.1:  # else every seed's difference is the same: no interval
        runs[-1] = with_copy_ratio(runs[-1], 0.6 + 1.1 * change + 7 / 1000)
    compared = compare(runs, metric="val_copy_ratio")
    assert words in headline(compared)
    assert "copy ratio decides, the lower the better; a difference within ±0.02 " in (
        " ".join(explain(compared)).lower()
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(15.0, ["slower", "1.50×"]), (7.0, ["faster", "0.70×"]), (10.0, ["costs the same", "±5%"])],
)
def test_the_headline_tells_the_cost_apart(
    tmp_path: Path, seconds: float, words: list[str]
) -> None:
    text = headline(_compare(tmp_path, CLEAR, seconds=seconds))
    assert "restores better" in text
    for word in words:
        assert word in text


def test_nothing_is_said_to_follow_from_seconds_that_drift(tmp_path: Path) -> None:
    times = [10.0, 10.0, 10.0, 12.0, 12.0, 14.0, 14.0, 16.0, 16.0]
    runs = make_arm(tmp_path, "plain", PLAIN, epochs=9)
    runs += make_arm(tmp_path, "spatial", PLAIN, dropout=SPATIAL, epochs=9, seconds=[times] * 8)
    text = headline(compare(runs))
    assert "1.30×" in text
    assert "nothing follows" in text
    assert "slower" not in text


def test_one_seed_is_told_apart_from_training_whatever_the_images_say(tmp_path: Path) -> None:
    names = [f"image {number}" for number in range(20)]
    runs = [
        make_run(
            tmp_path / f"{name}-0",
            dropout=dropout,
            psnrs=[psnr],
            images=[make_image(image, psnr + place / 100) for place, image in enumerate(names)],
        )
        for name, dropout, psnr in (("plain", None, 25.0), ("spatial", SPATIAL, 28.0))
    ]
    compared = compare(runs)
    text = " ".join([headline(compared), *explain(compared)])
    assert "One seed decides nothing about training" in text
    assert "cannot tell whether networks trained with other seeds would" in text
    assert "better" not in headline(compared)


def test_one_arm_of_a_single_seed_is_told_among_others_of_many(tmp_path: Path) -> None:
    runs = make_arm(tmp_path, "plain", PLAIN)
    runs += make_arm(tmp_path, "spatial", PLAIN, dropout=SPATIAL)
    other = {"skip": {"kind": "dropout", "rate": 0.3}}
    runs += make_arm(tmp_path, "dropout", [28.0], dropout=other)
    text = headline(compare(runs))
    assert re.search(r"With one seed, dropout has \+3\.00 dB .* decides nothing", text)


def test_too_few_seeds_are_told_what_they_cannot_show(tmp_path: Path) -> None:
    text = " ".join(explain(_compare(tmp_path, CLEAR[:3])))
    assert "With 3 seeds the sign-flip test cannot give a p below 0.25" in text
    assert "6 seeds" in text


def test_confounds_are_named_and_dropout_is_not(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "plain-0"),
        make_run(tmp_path / "spatial-0", dropout=SPATIAL, sections={"training": {"batch_size": 8}}),
    ]
    (first, *_) = explain(compare(runs))
    assert "training.batch_size" in first
    assert "dropout.skip" not in first


def test_an_obstacle_is_the_answer(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "plain-0"),
        make_run(tmp_path / "spatial-0", dropout=SPATIAL, environment={"data_fingerprint": "x"}),
    ]
    text = headline(compare(runs))
    assert text.startswith("spatial and plain cannot be compared: the runs saw different images.")
    assert "more seeds" not in text  # they would not help


def test_several_arms_get_a_sentence_each_and_an_adjusted_p(tmp_path: Path) -> None:
    runs = make_arm(tmp_path, "plain", PLAIN)
    runs += make_arm(tmp_path, "spatial", PLAIN, dropout=SPATIAL)
    other = {"skip": {"kind": "dropout", "rate": 0.3}}
    runs += make_arm(tmp_path, "dropout", PLAIN[:3], dropout=other)
    compared = compare(runs)
    assert "spatial restores as well as plain" in headline(compared)
    assert "dropout" in headline(compared)
    text = " ".join(explain(compared))
    assert "2 arms (Holm)" in text
    assert "seeds 3, 4, 5, 6, 7" in text


def test_intervals_of_two_methods_are_both_named(tmp_path: Path) -> None:
    runs = make_arm(tmp_path, "plain", PLAIN)
    noisy = [psnr + gain for psnr, gain in zip(PLAIN, CLEAR, strict=True)]
    runs += make_arm(tmp_path, "spatial", noisy, dropout=SPATIAL)
    other = {"skip": {"kind": "dropout", "rate": 0.3}}
    runs += make_arm(tmp_path, "dropout", noisy[:3], dropout=other)
    text = " ".join(explain(compare(runs)))
    assert "BCa" in text
    assert re.search(r"\bt\b", text)


def test_an_arm_below_the_classical_method_is_said_to_be(tmp_path: Path) -> None:
    """Made runs have a classical method of 23 dB and degraded images of 22 dB."""
    runs = make_arm(tmp_path, "plain", [25.0]) + make_arm(
        tmp_path, "spatial", [22.5], dropout=SPATIAL
    )
    text = headline(compare(runs))
    assert "spatial (22.50 dB) is below the classical method (23.00 dB)" in text
    assert "plain (25.00 dB) is below" not in text


def test_a_difference_that_rounds_to_nothing_is_not_called_below(tmp_path: Path) -> None:
    runs = make_arm(tmp_path, "plain", [22.999]) + make_arm(
        tmp_path, "spatial", [25.0], dropout=SPATIAL
    )
    assert "below" not in headline(compare(runs))


@pytest.mark.parametrize("count", [1, 3])
def test_one_arm_alone_is_held_against_what_needs_no_network(tmp_path: Path, count: int) -> None:
    """Made runs have a classical method, cubic, of 23 dB; the three seeds' mean is 25.03."""
    text = headline(compare(make_arm(tmp_path, "plain", PLAIN[:count])))
    assert "plain restores better than cubic" in text
    assert ("+2.00 dB" in text, "+2.03 dB" in text) == (count == 1, count == 3)
    assert ("3 runs" in text) == (count == 3)
    assert "10.00 s per epoch" in text


@pytest.mark.parametrize(
    "differences", [CLEAR, CLEAR[:3], CLEAR[:2], CLEAR[:1], STEADY, [], [0.0] * 8, [0.0] * 3]
)
@pytest.mark.parametrize("metric", ["val_psnr", "test_ssim"])
def test_every_sentence_is_whole(tmp_path: Path, differences: list[float], metric: str) -> None:
    compared = (
        _compare(tmp_path, differences, options={"metric": metric})
        if differences
        else compare(make_arm(tmp_path, "plain", PLAIN[:1]), metric=metric)
    )
    for text in [headline(compared), *explain(compared)]:
        assert text.endswith(".")
        assert not re.search(r"\b(None|nan|inf|NaN)\b", text)
        assert not re.search(r"\b1 (more )?(seeds|arms|runs|epochs)\b", text)
        assert "  " not in text
        assert " ." not in text
        assert ".." not in text
    assert all(line[0].isupper() for line in explain(compared))


def test_without_the_measure_there_is_a_sentence_too(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "plain-0", test_psnr=None),
        make_run(tmp_path / "spatial-0", dropout=SPATIAL, test_psnr=None),
    ]
    assert "test PSNR" in headline(compare(runs, metric="test_psnr"))
    assert headline(compare(runs[:1], metric="test_psnr")).endswith(".")


def test_counts_agree_with_their_nouns() -> None:
    assert (count_of(1, "seed"), count_of(1200, "run")) == ("1 seed", "1,200 runs")


def test_an_arm_of_many_seeds_is_not_told_that_it_cannot_show_what_it_shows(tmp_path: Path) -> None:
    """Six seeds reach 0.031, held to the whole level once the clearer arm is through."""
    runs = make_arm(tmp_path, "plain", [*PLAIN, 25.0, 25.1][:10])
    clear = [value + 0.5 + 0.01 * place for place, value in enumerate([*PLAIN, 25.0, 25.1][:10])]
    runs += make_arm(tmp_path, "spatial", clear, dropout=SPATIAL)
    other = {"skip": {"kind": "dropout", "rate": 0.3}}
    runs += make_arm(tmp_path, "dropout", clear[:6], dropout=other)
    compared = compare(runs)
    assert [contrast.verdict for contrast in compared.contrasts] == ["better", "better"]
    assert "cannot give a p" not in " ".join(explain(compared))


def test_a_seed_without_the_measure_is_said_to_be_left_out(tmp_path: Path) -> None:
    runs = make_arm(tmp_path, "plain", PLAIN[:3])
    runs += make_arm(tmp_path, "spatial", PLAIN[:2], dropout=SPATIAL)
    runs.append(make_run(tmp_path / "spatial-2", seed=2, dropout=SPATIAL, test_psnr=None))
    text = " ".join(explain(compare(runs, metric="test_psnr")))
    assert "left out of the difference between spatial and plain: seed 2." in text
