"""The words that decide what is dropped pass for independent, uniform ones.

Every bound leaves a chance of ``ALPHA`` that true random words break it, shared evenly (Bonferroni)
by all that a test looks at. The keys are fixed, so that a test passes always or never.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from scipy import stats

from dropstudy.models.kernels import random_words, step_keys
from dropstudy.seeds import derive_seed

Words = NDArray[np.uint32]

ALPHA = 1e-3
SHAPE = (16, 64, 64, 32)
"""Of the features that the shipped UNet drops in its first block: 2²¹ values."""
SIZE = 2**21
STEPS = 64
LAGS = {"value": 1, "two values": 2, "place": 32, "row": 64 * 32, "sample": 64 * 64 * 32}
SOME = 2**18
"""Words that show a chance of one half as within 0.005."""


@tf.function(jit_compile=True)  # type: ignore[untyped-decorator]
def _draw(keys: tf.Tensor) -> tf.Tensor:
    return random_words([SIZE], keys)


@tf.function(jit_compile=True)  # type: ignore[untyped-decorator]
def _draw_some(keys: tf.Tensor) -> tf.Tensor:
    return random_words([SOME], keys)


def _words(first: int, second: int, draw: Callable[[tf.Tensor], tf.Tensor] = _draw) -> Words:
    """The words of two keys, which wrap around as 32-bit numbers do."""
    words: Words = draw(tf.constant([first % 2**32, second % 2**32], tf.uint32)).numpy()
    return words


def _words_of_step(seed: int, step: int) -> Words:
    words: Words = _draw(step_keys((seed, step))).numpy()
    return words


def _words_of_steps(count: int) -> Iterator[Words]:
    return (_words_of_step(derive_seed(3, "dropout", "skip_0"), step) for step in range(count))


def _assert_uniform(counts: Sequence[NDArray[np.int64]]) -> None:
    """Chi-square, both ways: too even is no chance either."""
    for cells in counts:
        expected = cells.sum() / len(cells)
        chi_square = np.square(cells - expected).sum() / expected
        low, high = stats.chi2.interval(1 - ALPHA / len(counts), len(cells) - 1)
        assert low < chi_square < high, f"{chi_square:.0f} for {len(cells)} cells"


def _assert_independent(pairs: Iterator[tuple[Words, Words]]) -> None:
    """No pair of highest or lowest bytes is more frequent than another."""
    high, low = np.zeros(2**16, np.int64), np.zeros(2**16, np.int64)
    for first, second in pairs:
        high += np.bincount((first >> 24 << 8) | (second >> 24), minlength=2**16)
        low += np.bincount((first & 255) << 8 | (second & 255), minlength=2**16)
    _assert_uniform([high, low])


def _share_flipped(first: Words, second: Words) -> NDArray[np.float64]:
    """For each of the 32 bits, in how many pairs of words it differs."""
    differing = (first ^ second).view(np.uint8).reshape(-1, 4)
    shares: NDArray[np.float64] = np.unpackbits(differing, axis=1).mean(axis=0)
    return shares


@pytest.fixture(scope="module")
def halves() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How often each 16-bit number is the upper and the lower half of 1.3·10⁸ words."""
    upper, lower = np.zeros(2**16, np.int64), np.zeros(2**16, np.int64)
    for words in _words_of_steps(STEPS):
        upper += np.bincount(words >> 16, minlength=2**16)
        lower += np.bincount(words & 0xFFFF, minlength=2**16)
    assert upper.sum() == STEPS * SIZE > 10**8
    return upper, lower


def test_every_bit_is_set_in_half_of_the_words(
    halves: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> None:
    # 1.3·10⁸ words show a bit that is set in 0.4998 or 0.5002 of them.
    numbers = np.arange(2**16)
    bound = stats.norm.isf(ALPHA / 32 / 2) / 2 / np.sqrt(STEPS * SIZE)

    assert bound < 0.0002
    for counts in halves:
        for bit in range(16):
            assert abs(counts[numbers >> bit & 1 == 1].sum() / (STEPS * SIZE) - 0.5) < bound, bit


def test_bytes_and_halves_are_uniform(
    halves: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> None:
    bytes_of_words = [
        counts.reshape(256, 256).sum(axis=axis) for counts in halves for axis in (0, 1)
    ]

    _assert_uniform([*halves, *bytes_of_words])


@pytest.mark.parametrize("lag", LAGS.values(), ids=LAGS)
def test_words_do_not_depend_on_the_word_before_in_any_direction(lag: int) -> None:
    _assert_independent((words[:-lag], words[lag:]) for words in _words_of_steps(16))


def test_words_do_not_depend_on_those_of_the_step_before() -> None:
    _assert_independent(pairwise(_words_of_steps(17)))


def test_words_do_not_depend_on_those_of_another_layer() -> None:
    seeds = [derive_seed(0, "dropout", f"encoder_{level}_dropout") for level in range(17)]

    _assert_independent(pairwise(_words_of_step(seed, 7) for seed in seeds))


@pytest.mark.parametrize("lag", LAGS.values(), ids=LAGS)
def test_keys_whose_indices_overlap_draw_words_of_their_own(lag: int) -> None:
    rng = np.random.default_rng(lag)
    quadruples = rng.integers(2**32, size=(4, 3)).tolist()
    first, second, other = quadruples[0]
    words, shifted = _words(first, second), _words(first + lag, second)
    apart = _words(first + lag, other)

    np.testing.assert_array_equal(words[lag:], shifted[:-lag])  # the overlap that is meant
    assert np.sum(words[lag:] == apart[:-lag]) <= 3  # chance makes one in 2,000 tries
    _assert_independent(
        (_words(first, second)[lag:], _words(first + lag, other)[:-lag])
        for first, second, other in quadruples
    )


@pytest.mark.parametrize("key", [0, 1])
def test_each_bit_of_a_key_flips_each_bit_of_the_words_half_of_the_time(key: int) -> None:
    rng = np.random.default_rng(key)
    for bit in range(32):
        keys = rng.integers(2**32, size=2).tolist()
        flipped = list(keys)
        flipped[key] ^= 2**bit
        shares = _share_flipped(*(_words(one, two, _draw_some) for one, two in (keys, flipped)))

        assert np.all(np.abs(shares - 0.5) < 0.01), bit


def test_each_bit_of_the_index_flips_each_bit_of_the_words_half_of_the_time() -> None:
    places = np.arange(SOME)
    for bit in range(18):
        words = _words(1234567 * bit, 7654321 * bit, _draw_some)

        assert np.all(np.abs(_share_flipped(words, words[places ^ 2**bit]) - 0.5) < 0.01), bit


def test_words_are_the_same_eager_in_a_graph_and_compiled_and_in_every_shape() -> None:
    keys = step_keys((5, 3))
    eager = random_words([4, 3, 2, 5], keys)

    def draw() -> tf.Tensor:
        return random_words([120], keys)

    for xla in (False, True):
        np.testing.assert_array_equal(tf.function(draw, jit_compile=xla)(), tf.reshape(eager, [-1]))


def test_the_keys_of_a_step_are_the_same_eager_in_a_graph_and_compiled() -> None:
    seeds = [(0, 0), (5, 3), (2**31 - 1, 2**31 - 1), (1, 0), (0, 1)]
    eager = [tuple(step_keys(seed).numpy().tolist()) for seed in seeds]

    for xla in (False, True):
        compiled = tf.function(step_keys, jit_compile=xla)
        assert [tuple(compiled(tf.constant(seed)).numpy().tolist()) for seed in seeds] == eager
    assert len({key for keys in eager for key in keys}) == 2 * len(seeds)
    # Those of other versions of TensorFlow, else a run could not be repeated.
    assert eager[1] == (3690175819, 3327183307)


def test_more_values_than_an_index_can_number_are_refused() -> None:
    with pytest.raises(ValueError, match=r"2,147,483,648 values .* give a smaller batch"):
        random_words([2**16, 2**15], tf.constant([1, 2], tf.uint32))
