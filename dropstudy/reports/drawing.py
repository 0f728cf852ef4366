"""SVG drawings that follow the page: its ink, its light or dark, the colours of its arms."""

import re
import warnings
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # it takes 0.7 s to load
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

WIDTH = 360
"""Of every drawing, in the units of its viewBox; about as wide as a phone, in pixels."""

INK, RULE, FAINT, PAPER, BAND = (f"#0a0b0{number}" for number in range(1, 6))
"""Stand for colours of the page, which differ in the light and in the dark."""

STYLE_COUNT = 8
"""Distinct colours; the page's CSS has ``--series-0`` to ``--series-7``."""

_PAGE_COLOURS = {
    INK: "currentColor",
    RULE: "var(--rule)",
    FAINT: "var(--faint)",
    PAPER: "var(--paper)",
    BAND: "var(--band)",
}
_DASHES = ("solid", (0, (5, 1.5)), (0, (1.2, 1.4)), (0, (6, 1.5, 1.2, 1.5)))
_SHAPES = {
    "o": "circles",
    "s": "squares",
    "^": "triangles",
    "D": "diamonds",
    "v": "wedges",
    "P": "pluses",
    "X": "crosses",
    "*": "stars",
}
"""Matplotlib's markers, and what a caption calls them."""


@dataclass(frozen=True)
class Style:
    """How one arm is drawn; told apart without its colour, too.

    Attributes:
        colour: Stands for the page's ``--series-N``.
        dash: Matplotlib's line style.
        marker: Matplotlib's marker.
        shape: The markers in words.
    """

    colour: str
    dash: Any
    marker: str
    shape: str


@dataclass(frozen=True)
class Figure:
    """A drawing of a report.

    Attributes:
        key: Its name within the page.
        title: What it shows, with the unit.
        caption: What to know to read it.
        svg: The drawing; its text alternative is in it.
    """

    key: str
    title: str
    caption: str
    svg: str


def style_of(place: int) -> Style:
    """The style of an arm by its place, the baseline's first.

    Each round through the colours takes the markers one further, so that up to 32 arms have
    dashes and markers, and up to 64 have colours and markers, that no other arm has together.
    """
    turn, step = divmod(place, STYLE_COUNT)
    markers = list(_SHAPES.items())
    marker, shape = markers[(step + turn) % len(markers)]
    return Style(f"#0a0c0{step}", _DASHES[place % len(_DASHES)], marker, shape)


def new_axes(height: float, *, left: float = 40, bottom: float = 34) -> "tuple[Canvas, Axes]":
    """An empty drawing with one pair of axes.

    Args:
        height: In the units of `WIDTH`.
        left: Room for the numbers beside the axis.
        bottom: Room for those below it and what they are.
    """
    from matplotlib.figure import Figure as NewCanvas

    canvas = NewCanvas(figsize=(WIDTH / 72, height / 72))
    room = (
        left / WIDTH,
        bottom / height,
        (WIDTH - left - 8) / WIDTH,
        (height - bottom - 8) / height,
    )
    axes = canvas.add_axes(room)
    axes.patch.set_visible(False)
    canvas.patch.set_visible(False)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, length=0, labelsize=10, pad=5)
    return canvas, axes


def label_below(axes: "Axes", text: str) -> None:
    """Says at the right what the numbers below count."""
    axes.set_xlabel(text, color=INK, fontsize=10, loc="right", labelpad=3)


def key_svg(place: int) -> str:
    """A short piece of an arm's line, for a legend."""
    style = style_of(place)
    canvas, axes = new_axes(14, left=2, bottom=0)
    canvas.set_size_inches(30 / 72, 14 / 72)
    axes.set_position((0, 0, 1, 1))
    axes.set_axis_off()
    axes.plot([0, 0.5, 1], [0, 0, 0], color=style.colour, linestyle=style.dash, linewidth=1.8)
    axes.plot([0.5], [0], style.marker, color=style.colour, markersize=6)
    axes.set_xlim(-0.05, 1.05)
    return write_svg(canvas, key=f"key-{place}", alternative="")


def write_svg(canvas: "Canvas", *, key: str, alternative: str) -> str:
    """The drawing as an element of a page, the same text for the same drawing.

    Args:
        canvas: What was drawn, within `drawing_rules`.
        key: Sets its ids apart from those of the page's other drawings.
        alternative: What a reader who cannot see it is told; empty for an ornament.
    """
    stream = StringIO()
    with warnings.catch_warnings():
        # Matplotlib's typeface lacks it; the page's own, in which it will be shown, may not.
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from")
        canvas.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = text.replace("xlink:href", "href")
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    text = re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in used else "", text)
    text = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{key}-", text)
    for stand_in, colour in _PAGE_COLOURS.items():
        text = text.replace(stand_in, colour)
    text = re.sub(r"#0a0c0([0-7])", r"var(--series-\1)", text)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*|font-family: [^;\"]*; ", _keep_size, text)
    text = re.sub(r"\n\s*", "\n", text)
    width, height = (round(72 * side) for side in canvas.get_size_inches())
    role = f'role="img" aria-label="{escape(alternative)}"' if alternative else 'aria-hidden="true"'
    head = f'<svg viewBox="0 0 {width} {height}" {role}>'
    return re.sub(r"<svg[^>]*>", lambda _: head, text, count=1).strip()


def drawing_rules() -> Any:
    """Matplotlib's settings while drawing, whatever the user's own are; a context."""
    from matplotlib import rc_context

    return rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "dropstudy",
            "text.parse_math": False,  # a "$" in a name is a "$"
            "axes.formatter.useoffset": False,
            "axes.unicode_minus": True,
            "font.family": "sans-serif",
            "font.sans-serif": ["DejaVu Sans"],
            "path.simplify": True,
            "hatch.linewidth": 0.8,
            "lines.solid_capstyle": "round",
        }
    )


def shorten(text: str, length: int) -> str:
    """``text`` in at most ``length`` characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _keep_size(found: re.Match[str]) -> str:
    """The page's own typeface in the size that was drawn."""
    return f"font-size: {found[1]}px" if found[1] else ""
