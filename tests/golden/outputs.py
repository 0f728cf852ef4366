"""What commands print of the frozen runs: as they do today, and as they are expected to."""

import contextlib
import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from dropstudy.cli.app import app

ROOT = Path(__file__).parents[2]
RUNS = "tests/data/runs"
EXPECTED = Path(__file__).parent / "expected"
DIGITS = 8
"""Significant ones that are kept of a number in JSON."""

_PLAIN, _SPATIAL, _DROPOUT = (
    tuple(f"{arm}-{seed}" for seed in range(8)) for arm in ("plain", "spatial", "dropout")
)
_ALL = ("compare", *_PLAIN, *_SPATIAL)
_CONFOUNDED = ("compare", "spatial-0", "small_batch-0", "--baseline", "spatial-0")
COMMANDS: dict[str, tuple[str, ...]] = {
    "eight_seeds.md": (*_ALL, "--md"),
    "eight_seeds.json": (*_ALL, "--json"),
    "eight_seeds.csv": (*_ALL, "--csv"),
    "eight_seeds_wide_margin.md": (*_ALL, "--md", "--margin", "2"),
    "eight_seeds_by_test.md": (*_ALL, "--md", "--metric", "test_psnr"),
    "three_arms.md": ("compare", *_PLAIN[:3], *_SPATIAL[:3], *_DROPOUT[:3], "--md"),
    "one_pair.txt": ("compare", "plain-1", "spatial-1"),
    "one_arm.md": ("compare", *_PLAIN, "--md"),
    "confounded.md": (*_CONFOUNDED, "--md"),
    "by_batch.md": (*_CONFOUNDED, "--md", "--group-by", "training.batch_size"),
    "list.md": ("list", "--md"),
    "show.txt": ("show", "spatial-1"),
}
"""By the file that holds what the command is expected to print."""


def output(name: str) -> str:
    """What the command prints today; numbers in JSON are rounded."""
    with contextlib.chdir(ROOT):
        command = [*COMMANDS[name], "--runs-dir", RUNS]
        done = CliRunner().invoke(app, command, catch_exceptions=False)
    if done.exit_code != 0:
        raise AssertionError(f"{' '.join(command)}: {done.output}")
    if name.endswith(".json"):
        return json.dumps(_round(json.loads(done.stdout)), indent=2, ensure_ascii=False) + "\n"
    return done.stdout


def write_expected() -> list[Path]:
    """Takes what commands print today for what they should; returns the files."""
    EXPECTED.mkdir(exist_ok=True)
    for old in EXPECTED.iterdir():
        old.unlink()
    for name in COMMANDS:
        (EXPECTED / name).write_text(output(name), encoding="utf-8")
    return sorted(EXPECTED.iterdir())


def _round(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _round(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_round(item) for item in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
