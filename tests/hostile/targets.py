"""What must hold of anything that is given as a config or as a run directory.

Hypothesis (``test_fuzzing.py``) and the fuzzer of ``make fuzz`` (``scripts/fuzz.py``) share it.
"""

import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import partial
from pathlib import Path

from typer.main import get_command

from dropstudy.cli.app import app
from dropstudy.config import Experiment, dump_experiment, load_experiment
from dropstudy.errors import DropstudyError
from dropstudy.runs.directory import RunDirectory, write_text
from dropstudy.runs.reading import Run

_COMMAND = get_command(app)  # made once: this takes longer than a command
FORMS = ("restored", "degraded", "classical", "clean")
PROPERTIES = sorted(
    name
    for name in dir(Run)
    if not name.startswith("_") and not callable(getattr(Run, name)) and name != "directory"
)


def read_config(path: Path, overrides: Sequence[str] = ()) -> Experiment | None:
    """Loads a config; what loads must be the same after it was written and read again.

    Returns:
        None where it was refused, in words and as an error of our own.
    """
    try:
        experiment = load_experiment(path, overrides)
    except DropstudyError as error:
        _check_words(error)
        return None
    written = path.with_name("written.yaml")
    write_text(written, dump_experiment(experiment))
    assert load_experiment(written) == experiment
    return experiment


def read_run(path: Path) -> list[str]:
    """Reads all of a run: every property alone, its images' files, ``list`` and ``show``.

    Returns:
        What it was refused for.
    """
    attempts: list[Callable[[], object]] = [
        *(partial(getattr, Run(RunDirectory(path)), name) for name in PROPERTIES),
        partial(_find_images, Run(RunDirectory(path))),
        *(partial(_call, *arguments) for arguments in _commands(path)),
    ]
    return [refusal for refusal in map(_attempt, attempts) if refusal]


def _commands(path: Path) -> list[tuple[str | Path, ...]]:
    return [
        ("list", "--runs-dir", path.parent, "--only-changed"),
        ("list", "--runs-dir", path.parent, "--json"),
        ("show", path, "--epochs"),
        ("show", path, "--json"),
        ("show", path, "--config"),
    ]


def _attempt(act: Callable[[], object]) -> str:
    """What it was refused for, as an error of our own; empty where it was not."""
    try:
        act()
    except DropstudyError as error:
        _check_words(error)
        return str(error)
    return ""


def _find_images(run: Run) -> None:
    for image in run.images:
        for form in FORMS:
            file = run.image_file(image, form)
            inside = run.directory.path.resolve()
            assert file is None or file.is_relative_to(inside), file


def _call(*arguments: str | Path) -> None:
    """Runs a command in this process; nothing that a terminal obeys may come out."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out), suppress(SystemExit):
        _COMMAND.main(list(map(str, arguments)), standalone_mode=False)
    assert "\x1b" not in out.getvalue()


def _check_words(error: DropstudyError) -> None:
    text = str(error)
    assert text.strip()
    assert "Traceback" not in text
