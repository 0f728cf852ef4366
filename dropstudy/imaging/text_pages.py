"""Pages of small text, drawn as they are asked for: what gets lost first when a video is blurred.

The words are made up, so that a network can learn letters but no language.
"""

from collections.abc import Sequence
from functools import cache
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dropstudy.config.data import Channels
from dropstudy.imaging.arrays import Bytes
from dropstudy.seeds import derive_seed

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Part = Literal["training", "validation", "test"]

PAGE_SIDE = 256
TEXT_HEIGHTS = (8, 14)
"""Of the font, in pixels: the smallest and the largest."""
LEAST_CONTRAST = 70
"""Levels of 255 that lie between the mean paper and the ink, at the least."""

_SEED = 0
"""Pages are part of the data: the same whatever the experiment's seed."""
_ONSETS = (
    *("b", "bl", "br", "c", "ch", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m"),
    *("n", "p", "pl", "qu", "r", "s", "st", "t", "th", "tr", "v", "w", "x", "y", "z"),
)
_VOWELS = ("a", "ai", "e", "ea", "ee", "i", "io", "o", "oo", "ou", "u", "y")
_CODAS = (
    *("", "", "", "d", "ft", "g", "l", "m", "n", "nd", "ng", "p", "r", "rk", "s", "sp", "st"),
    *("t", "x"),
)
_ENDS = ("", "", "", "", "", "", ",", ",", ".", ".", ":", "?", "!")


def draw_text_page(part: Part, index: int, *, channels: Channels = "rgb") -> Bytes:
    """One page of text.

    Paper and ink vary from page to page in colour and contrast, the font from block to block in
    size; every third page has paper as uneven as a photograph out of focus.

    Args:
        part: What the page is for; no two parts have a page in common.
        index: Which page of it, from 0.
        channels: Colours or grey.

    Returns:
        Pixels of shape ``(256, 256, 3)``, or ``(256, 256, 1)`` for grey.
    """
    rng = np.random.default_rng(derive_seed(_SEED, "text page", part, index))
    paper = _make_paper(rng, uneven=index % 3 == 1)
    page = Image.fromarray(paper)
    ink = _choose_ink(rng, paper)
    draw = ImageDraw.Draw(page)
    margin, top = (int(rng.integers(4, 14)) for _ in range(2))
    while top < PAGE_SIDE - TEXT_HEIGHTS[1]:
        top = _write_block(draw, rng, ink, left=margin, top=top)
    pixels = np.asarray(page.convert("RGB" if channels == "rgb" else "L"), dtype=np.uint8)
    return pixels if channels == "rgb" else pixels[..., np.newaxis]


def _make_paper(rng: np.random.Generator, *, uneven: bool) -> Bytes:
    """One colour, two that run into each other, or soft spots of several and some grain."""
    tint = rng.normal(0, 14, 3)
    base = np.clip(_choose_level(rng) + tint, 12, 243)
    cells = (4, 4, 3) if uneven else (2, 2, 3)
    spread = rng.choice([25.0, 40.0]) if uneven else rng.choice([0.0, 12.0])
    colours = np.clip(base + rng.normal(0, 1, cells) * spread, 0, 255).astype(np.uint8)
    side = (PAGE_SIDE, PAGE_SIDE)
    paper = np.asarray(Image.fromarray(colours).resize(side, Image.Resampling.BICUBIC))
    grain = rng.normal(0, 2.5, (*side, 1)) if uneven else 0.0
    return np.asarray(np.clip(np.rint(paper + grain), 0, 255), dtype=np.uint8)


def _choose_level(rng: np.random.Generator) -> float:
    """Light paper twice as often as dark paper."""
    low, high = (150, 250) if rng.random() < 2 / 3 else (10, 100)
    return float(rng.uniform(low, high))


def _choose_ink(rng: np.random.Generator, paper: Bytes) -> tuple[int, ...]:
    """A colour darker than light paper or lighter than dark paper, by little or by much."""
    mean = float(paper.mean())
    room = mean if mean > 127 else 255 - mean
    contrast = float(rng.uniform(LEAST_CONTRAST, max(room, LEAST_CONTRAST)))
    level = mean - contrast if mean > 127 else mean + contrast
    tint = rng.normal(0, 20, 3)
    colour = np.clip(np.rint(level + tint - tint.mean()), 0, 255)
    return tuple(int(value) for value in colour)


def _write_block(
    draw: ImageDraw.ImageDraw,
    rng: np.random.Generator,
    ink: tuple[int, ...],
    *,
    left: int,
    top: int,
) -> int:
    """Some lines of one size, as far as the page goes; returns where the next block begins."""
    size = int(rng.integers(TEXT_HEIGHTS[0], TEXT_HEIGHTS[1] + 1))
    font = _load_font(size)
    step = round(size * rng.uniform(1.2, 1.5))
    indent = int(rng.choice([0, 0, 12]))
    for line in range(int(rng.integers(2, 7))):
        if top + step > PAGE_SIDE:
            break
        start = left + indent * (line == 0)
        width = (PAGE_SIDE - start - left) * float(rng.choice([1, 1, 0.6]))
        draw.text((start, top), _make_line(rng, font, width), fill=ink, font=font)
        top += step
    return top + step // 2


@cache
def _load_font(size: int) -> _Font:
    """Pillow's own font, which it would unpack anew each time."""
    return ImageFont.load_default(size)


def _make_line(rng: np.random.Generator, font: _Font, width: float) -> str:
    """As many words as fit, at least one."""
    line = _make_word(rng)
    while font.getlength(longer := f"{line} {_make_word(rng)}") <= width:
        line = longer
    return line


def _make_word(rng: np.random.Generator) -> str:
    """Letters that can be spoken, now and then a number."""
    if rng.random() < 0.12:
        return str(rng.integers(10 ** int(rng.integers(1, 5))))
    word = ""
    for _ in range(int(rng.integers(1, 4))):
        word += _pick(rng, _ONSETS) + _pick(rng, _VOWELS) + _pick(rng, _CODAS)
    if rng.random() < 0.2:
        word = word.upper() if rng.random() < 0.3 else word.capitalize()
    return word + _pick(rng, _ENDS)


def _pick(rng: np.random.Generator, sounds: Sequence[str]) -> str:
    """One of them; NumPy's own choice takes ten times as long."""
    return sounds[int(rng.integers(len(sounds)))]
