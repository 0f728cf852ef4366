"""A page's drawing as a file of its own, for Markdown: light, with its own colours."""

import re
from functools import cache
from html import unescape
from importlib import resources

from dropstudy.reports.drawing import Figure

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


def standalone(figure: Figure) -> str:
    """The drawing in the page's light colours, on its paper."""
    colours = _light_colours()
    text = figure.svg.replace("currentColor", colours["ink"])
    text = re.sub(r"var\(--([a-z0-9-]+)\)", lambda found: colours[found[1]], text)
    head, rest = text.split(">", 1)
    namespace = 'xmlns="http://www.w3.org/2000/svg"'
    head = head.replace("<svg ", f'<svg {namespace} font-family="{_FONT}" ', 1)
    paper = f'<rect width="100%" height="100%" fill="{colours["paper"]}"/>'
    # A rule across a name does not strike it out, as in the page's own CSS.
    halo = f"text{{paint-order:stroke;stroke:{colours['paper']};stroke-width:3px}}"
    return f"{head}>\n{paper}\n<style>{halo}</style>{rest}\n"


def alternative_of(figure: Figure) -> str:
    """What a reader is told who cannot see the drawing."""
    found = re.search(r'aria-label="([^"]*)"', figure.svg)
    return unescape(found[1]) if found else figure.title


@cache
def _light_colours() -> dict[str, str]:
    """As the page's own CSS has them, before it asks for the dark."""
    folder = resources.files("dropstudy.reports") / "templates"
    css = (folder / "report.css").read_text(encoding="utf-8")
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", css[: css.index("@media")]))
