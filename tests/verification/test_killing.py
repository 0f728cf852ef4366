import random
from pathlib import Path

import pytest

from dropstudy.errors import ConfigError
from dropstudy.verification.killing import (
    SHARE_AT_FIRST,
    SHARE_AT_START,
    Life,
    draw_moments,
    run_whole,
    run_with_kills,
)

LIFE = Life(start=4.0, first=2.0, rest=20.0)
KILLS = 4000


def test_the_moments_fall_all_over_a_life() -> None:
    moments = [
        moment
        for chance in range(KILLS // 10)
        for moment in draw_moments(LIFE, 10, random.Random(chance))
    ]
    early = [moment.seconds for moment in moments if not moment.is_training]
    first = [moment.seconds for moment in moments if moment.is_training and moment.seconds < 2]
    rest = [moment.seconds - 2 for moment in moments if moment.is_training and moment.seconds >= 2]

    assert len(moments) == KILLS
    assert len(early) / KILLS == pytest.approx(SHARE_AT_START, abs=0.03)
    assert len(first) / KILLS == pytest.approx(SHARE_AT_FIRST, abs=0.03)
    # Twice the tenth part, which it is in the mean: ten kills come near a run's end.
    for seconds, end in ((early, LIFE.start), (first, LIFE.first), (rest, 2 * LIFE.rest / 10)):
        tenths = [0] * 10
        for moment in seconds:
            tenths[int(10 * moment / end)] += 1
        assert min(tenths) > len(seconds) / 10 * 0.7
        assert max(tenths) < len(seconds) / 10 * 1.3


def test_a_chance_draws_the_same_moments_again() -> None:
    def draw(chance: int) -> list[str]:
        return [str(moment) for moment in draw_moments(LIFE, 9, random.Random(chance))]

    assert draw(3) == draw(3) != draw(4)
    assert any("after its start" in words for words in draw(3) + draw(4))
    assert any("after its preparations" in words for words in draw(3))


def test_a_training_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    wanted = r"(?s)ended with exit code 2:.*missing\.yaml"
    command = [str(tmp_path / "missing.yaml")]
    with pytest.raises(ConfigError, match=wanted):
        run_whole(command, tmp_path / "whole")
    with pytest.raises(ConfigError, match=wanted):
        run_with_kills(command, tmp_path / "killed", iter(()), lambda _: None)
