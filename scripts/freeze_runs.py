"""Trains the tiny runs of tests/data/runs, and writes what the golden tests expect of them.

    python scripts/freeze_runs.py             # trains all anew, ten minutes; then as below
    python scripts/freeze_runs.py --expected  # writes tests/golden/expected from the runs there are

Look at the difference of tests/golden/expected before it is committed: it is what users will read.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = ROOT / "tests" / "data" / "runs"
EXPERIMENT = "configs/smoke.yaml"
MOST_BYTES = 1_000_000
SETTINGS = (
    "architecture.filters=6",
    "architecture.activation=leaky_relu",
    "data.evaluation_size=64",
    "training.epochs=8",
    "training.steps_per_epoch=20",
    "training.optimizer={kind: adam, learning_rate: 0.01}",
    "samples.count=0",
    "runtime.device=cpu",
    "runtime.precision=float32",
)
ARMS = {
    "plain": ("dropout={}",),
    "spatial": ("dropout={head: {kind: spatial, rate: 0.5}}",),
    "dropout": ("dropout={head: {kind: dropout, rate: 0.5}}",),
    "small_batch": ("dropout={head: {kind: spatial, rate: 0.5}}", "training.batch_size=8"),
}
SEEDS = {"plain": 8, "spatial": 8, "dropout": 3, "small_batch": 1}
"""Eight are enough for a verdict, three are not, one decides nothing."""


def main() -> None:
    """Trains if it is asked to, then writes what is expected."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--expected", action="store_true", help="train nothing")
    if not parser.parse_args().expected:
        train_all()
    sys.path.insert(0, str(ROOT))  # a script's own folder stands there, not the repository
    from tests.golden.outputs import write_expected

    for path in write_expected():
        print(f"wrote {path.relative_to(ROOT)}")


def train_all() -> None:
    """Replaces the frozen runs by ones of today, one training at a time."""
    shutil.rmtree(RUNS, ignore_errors=True)
    RUNS.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        for seed in range(max(SEEDS.values())):
            for arm, count in SEEDS.items():
                if seed < count:
                    trained = train(arm, seed, Path(scratch))
                    freeze(trained, RUNS / f"{arm}-{seed}")
                    print(f"trained {arm}-{seed}", flush=True)
    check()


def train(arm: str, seed: int, scratch: Path) -> Path:
    """Trains one run as a user would and returns its directory; the first seed keeps an image."""
    images = f"samples.images={int(seed == 0)}"
    overrides = [*SETTINGS, *ARMS[arm], f"seed={seed}", images]
    options = [part for override in overrides for part in ("--set", override)]
    start = [sys.executable, "-m", "dropstudy", "run", EXPERIMENT]
    place = ["--runs-dir", str(scratch), "--quiet", "--name", arm]
    done = subprocess.run(
        [*start, *place, *options], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return ROOT / done.stdout.strip()


def freeze(trained: Path, frozen: Path) -> None:
    """Keeps what a comparison reads, without anything that tells of this machine's folders."""
    for name in ("model.keras", "log.txt"):
        (trained / name).unlink()
    shutil.rmtree(trained / "samples")
    path = trained / "environment.json"
    environment = json.loads(path.read_text(encoding="utf-8"))
    start = environment["command"].index("--runs-dir")
    words = environment["command"][1:start] + environment["command"][start + 2 :]
    environment |= {
        "command": ["dropstudy", *words],
        "platform": environment["platform"].partition("-")[0],
        "git": None,
    }
    path.write_text(json.dumps(environment, indent=2) + "\n", encoding="utf-8")
    shutil.move(trained, frozen)


def check() -> None:
    """Makes sure that the runs are few bytes and hold no path of this machine."""
    files = [path for path in RUNS.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    if size > MOST_BYTES:
        raise SystemExit(f"{RUNS} has {size:,} bytes; at most {MOST_BYTES:,} may be kept")
    places = [str(place).encode() for place in (ROOT, Path.home(), tempfile.gettempdir())]
    for path in files:
        found = [place for place in places if place + b"/" in path.read_bytes()]
        if found:
            raise SystemExit(f"{path} holds {found[0].decode()}")
    print(f"{len(files)} files, {size:,} bytes")


if __name__ == "__main__":
    main()
