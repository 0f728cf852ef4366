"""Asks whether networks trained with the fast dropout kernels are as good as with Keras'.

For each kind of dropout, a small UNet is trained with both kernels from the same seeds: same
initial weights and images, other masks. The verdict is that of ``dropstudy compare``: two
one-sided t tests on the differences by seed, against a margin of 0.1 dB of validation PSNR.

    python scripts/check_kernels.py [--seeds 8] [--kinds dropout spatial] [--runs-dir DIR]

Runs take turns (fast, keras, keras, fast), all in this process: starting TensorFlow for each
would take longer than training it. A run that has finished in ``--runs-dir`` is not made again,
so that the script can be stopped and gone on with; after a change of the code, give a new one.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

import dropstudy
from dropstudy.cli.run import run
from dropstudy.config.dropout import DropBlock, Kernel, RatedDropout
from dropstudy.runs.reading import Run

CONFIG = Path(__file__).parent.parent / "configs" / "unet_plain.yaml"
SETTINGS = (
    "data.patch_size=32",
    "data.evaluation_size=128",
    "architecture.depth=2",
    "architecture.filters=16",
    "training.epochs=4",
    "training.steps_per_epoch=100",
    "training.evaluation_images=1",
    "training.early_stopping=null",
    "samples={count: 0, images: 0}",
)
RATE = 0.15
KERNELS = get_args(Kernel)


@dataclass(frozen=True)
class Verdict:
    """What the seeds say of one kind, in dB of validation PSNR, fast minus keras."""

    kind: str
    seeds: int
    mean: float
    low: float
    high: float
    equivalence_p: float
    verdict: str


def main() -> None:
    """Trains what is missing and prints a line for each kind."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    kinds = find_kinds()
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--kinds", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--runs-dir", type=Path, default=Path("runs/kernels"))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    print(f"{'dropout':10} {'seeds':>5} {'fast - keras, dB':>24} {'TOST p':>9}  verdict")
    verdicts = []
    for kind in arguments.kinds:
        folder = arguments.runs_dir / kind
        for seed in range(arguments.seeds):
            for kernel in KERNELS if seed % 2 == 0 else reversed(KERNELS):
                train(kind, kernel, seed, folder)
        verdicts.append(judge(kind, folder, seeds=arguments.seeds))
        print(write_line(verdicts[-1]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(item) for item in verdicts], indent=2) + "\n")


def find_kinds() -> list[str]:
    """All kinds that drop something, as the config names them."""
    members = [RatedDropout.model_fields["kind"], DropBlock.model_fields["kind"]]
    return [kind for member in members for kind in get_args(member.annotation)]


def train(kind: str, kernel: str, seed: int, folder: Path) -> None:
    """Makes one run, unless it is there."""
    name = f"{kernel}-{seed}"
    if any(done.name.startswith(f"{name}-") for done in find_finished(folder)):
        return
    setting = f"{{kind: {kind}, rate: {RATE}}}"
    residual = ["architecture.block=residual"] if kind == "drop_path" else []
    groups = [f"dropout.{group}={setting}" for group in ("encoder", "bottleneck", "skip")]
    overrides = [*SETTINGS, *residual, *groups, f"dropout.kernel={kernel}", f"seed={seed}"]
    start = time.perf_counter()
    run(overrides, CONFIG, name=name, runs_dir=folder, quiet=True)
    print(f"  {kind} {name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)


def find_finished(folder: Path) -> list[Run]:
    """The finished runs of a folder, if there is one."""
    runs = dropstudy.find_runs(folder) if folder.exists() else []
    return [run for run in runs if run.status == "finished"]


def judge(kind: str, folder: Path, *, seeds: int) -> Verdict:
    """Compares the fast arm with the reference, seed by seed."""
    runs = [run for run in find_finished(folder) if run.seed < seeds]
    reference = next(run for run in runs if run.settings["dropout"]["kernel"] == "keras")
    comparison = dropstudy.compare(runs, group_by="dropout.kernel", baseline=reference)
    [contrast] = comparison.contrasts
    judgement = contrast.judgement
    mean, interval = judgement.mean, judgement.interval
    if mean is None or interval is None:
        raise SystemExit("a verdict takes two seeds or more: --seeds 2")
    return Verdict(
        kind,
        judgement.count,
        mean,
        interval.low,
        interval.high,
        judgement.equivalence_p,
        contrast.verdict,
    )


def write_line(verdict: Verdict) -> str:
    """A line of the table."""
    spread = f"{verdict.mean:+.3f} ({verdict.low:+.3f} to {verdict.high:+.3f})"
    return (
        f"{verdict.kind:10} {verdict.seeds:5} {spread:>24} {verdict.equivalence_p:9.1e}  "
        f"{verdict.verdict}"
    )


if __name__ == "__main__":
    main()
