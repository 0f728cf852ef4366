"""What every HTML page has: its templates, its script, and the file that it becomes."""

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from dropstudy import __version__
from dropstudy.errors import ConfigError, RunDirectoryError, StorageError
from dropstudy.runs.directory import write_text

MARK = '<meta name="generator" content="dropstudy '
"""In the first lines of every page; a file that has it may be overwritten."""


def render_page(template: str, content: dict[str, Any]) -> str:
    """A page that needs nothing but itself.

    Args:
        template: Its file among the templates.
        content: What it names.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("dropstudy.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["bind"] = _bind
    script = templates.get_template("report.js").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return templates.get_template(template).render(
        version=__version__, script=script, script_digest=digest, **content
    )


def refuse_others_file(path: Path, *, overwrite: bool) -> None:
    """Refuses to replace what is of others; what cannot be read fails later, in writing.

    Raises:
        ConfigError: Something is there that is no page.
    """
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"{path}: is no ordinary file; name another")
        with path.open(encoding="utf-8", errors="replace") as file:
            beginning = file.read(2000)
    except OSError:
        return
    if beginning.strip() and MARK not in beginning and not overwrite:
        raise ConfigError(f"{path}: is there already and no report; name another, or give --force")


def write_page(path: Path, text: str) -> int:
    """Writes a page, whole or not at all.

    Returns:
        The file's size in bytes.

    Raises:
        RunDirectoryError: The file cannot be written.
    """
    try:
        write_text(path, text)
    except StorageError as error:
        reason = getattr(error.__cause__, "strerror", None) or error
        raise RunDirectoryError(f"{path}: cannot be written: {reason}") from None
    return path.stat().st_size


def _bind(text: str) -> str:
    """Keeps a number and its unit on one line."""
    return re.sub(
        r"(?<=\d) (?=(?:dB|s)\b)|(?<=\bp) (?=[=<])|(?<=[=<]) (?=\d)", "\N{NO-BREAK SPACE}", text
    )
