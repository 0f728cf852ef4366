"""Runs ``dropstudy verify-resume`` for every kind of network state, in both precisions.

    python scripts/verify_resumes.py [--kills 20] [--config configs/smoke.yaml] [NAME ...]

Prints a line for each, and exits with 1 unless all pass.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

CONFIG = Path(__file__).parent.parent / "configs" / "smoke.yaml"
PRECISIONS = ("float32", "mixed_bfloat16")


def _drop(kind: str) -> str:
    setting = f"{{kind: {kind}, rate: 0.1}}"
    return f"dropout={{encoder: {setting}, bottleneck: {setting}, skip: {setting}}}"


_STOPPING = "{monitor: val_psnr, patience: 2, minimum_gain: 0.2}"
VARIANTS = {
    "no dropout": ["dropout={}"],  # the config's cosine schedule, as all but the third
    "dropout, batch norm": [_drop("dropout"), "architecture.normalization=batch"],
    "spatial, early stopping": [
        _drop("spatial"),
        "training.schedule={kind: constant}",
        f"training.early_stopping={_STOPPING}",
    ],
    "gaussian": [_drop("gaussian")],
    "dropblock": [_drop("dropblock")],
}


def main() -> None:
    """Verifies each variant in each precision."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(VARIANTS))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--precision", choices=PRECISIONS, action="append")
    arguments = parser.parse_args()
    failed = 0
    for name in arguments.names or VARIANTS:
        for precision in arguments.precision or PRECISIONS:
            changes = [f"runtime.precision={precision}", *VARIANTS[name]]
            started = time.monotonic()
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "dropstudy", "verify-resume", str(arguments.config)),
                    *("--kills", str(arguments.kills), "--chance", "0"),
                    *(word for change in changes for word in ("--set", change)),
                ],
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
            )
            failed += done.returncode != 0
            words = (done.stdout + done.stderr).strip().splitlines()
            seconds = time.monotonic() - started
            print(f"{name:24} {precision:15} {seconds:4.0f} s  {words[-1]}", flush=True)
            if done.returncode:
                print("\n".join(words), flush=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
