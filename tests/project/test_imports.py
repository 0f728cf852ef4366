import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import command
from tests.config.experiments import ROOT
from tests.runs.written import write_run

LIST_IMPORTS = """
import sys
from dropstudy.cli.app import main
try:
    main()
except SystemExit:
    pass
print("imported:", *sorted({name.partition(".")[0] for name in sys.modules}))
"""
SLOWEST_SECONDS = 0.5
FROZEN = ROOT / "tests" / "data" / "runs"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["validate", "SMOKE"],
        ["schema"],
        ["init", "new.yaml"],
        ["run", "SMOKE", "--set", "training.epochs=0"],
        ["explain", "none.yaml"],
    ],
    ids=" ".join,
)
def test_nothing_heavy_is_imported_before_a_network_is_needed(
    arguments: list[str], smoke_yaml: Path, tmp_path: Path
) -> None:
    words = [str(smoke_yaml) if word == "SMOKE" else word for word in arguments]
    done = subprocess.run(
        [sys.executable, "-c", LIST_IMPORTS, *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    imported = set(done.stdout.splitlines()[-1].split())
    assert imported >= {"imported:", "dropstudy", "typer"}
    assert not imported & {"tensorflow", "keras", "scipy", "skimage", "PIL"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--only-changed", "--where", "val_psnr>20", "--json"],
        ["show", "@latest"],
        ["show", "@latest", "--json"],
    ],
    ids=" ".join,
)
def test_reading_runs_needs_no_numbers_library(arguments: list[str], tmp_path: Path) -> None:
    write_run(tmp_path / "runs")
    done = subprocess.run(
        [sys.executable, "-c", LIST_IMPORTS, *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert "smoke-20260102-0a1b2c" in done.stdout
    imported = set(done.stdout.splitlines()[-1].split())
    heavy = {"tensorflow", "keras", "scipy", "skimage", "PIL", "numpy", "matplotlib", "jinja2"}
    assert not imported & heavy


@pytest.mark.parametrize(
    ("arguments", "needless"),
    [
        (["compare", "RUN", "OTHER"], {"skimage", "matplotlib", "jinja2"}),
        (["report", "RUN", "-o", "PAGE"], {"skimage"}),
    ],
    ids=["compare", "report"],
)
def test_comparing_runs_needs_no_framework(
    arguments: list[str], needless: set[str], tmp_path: Path
) -> None:
    places = {
        "RUN": str(tmp_path / "plain-0"),
        "OTHER": str(tmp_path / "spatial-0"),
        "PAGE": str(tmp_path / "page.html"),
    }
    for name in ("plain-0", "spatial-0"):
        shutil.copytree(FROZEN / name, tmp_path / name)
    words = [places.get(word, word) for word in arguments]
    done = subprocess.run(
        [sys.executable, "-c", LIST_IMPORTS, *words, "--runs-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(done.stdout.splitlines()[-1].split())
    assert "numpy" in imported
    assert not imported & {"tensorflow", "keras", *needless}


@pytest.mark.parametrize("arguments", [["--help"], ["validate", "SMOKE"], ["schema"]], ids=" ".join)
def test_a_light_command_answers_at_once(arguments: list[str], smoke_yaml: Path) -> None:
    words = command(*(str(smoke_yaml) if word == "SMOKE" else word for word in arguments))
    libraries = [sys.executable, "-c", "import pydantic.types, rich.console, typer, yaml"]
    taken, limit = float("inf"), SLOWEST_SECONDS
    for _ in range(5):
        taken = min(taken, processor_seconds(words))
        if taken <= limit:
            return
        # A machine is slow, or busy with something else, if the libraries alone take long.
        limit = max(SLOWEST_SECONDS, 2.5 * processor_seconds(libraries))
    pytest.fail(f"dropstudy {' '.join(arguments)} took {taken:.2f} s, the best of 5 times")


def processor_seconds(words: list[str]) -> float:
    """What a command uses; unlike a clock's time, little stretched by what else is running."""
    # Measuring coverage costs more time than the command.
    environment = {key: value for key, value in os.environ.items() if "COVERAGE" not in key}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, capture_output=True, env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
