"""A comparison as plain data, for JSON and CSV; the keys are documented in docs/comparing.md."""

from dataclasses import asdict
from typing import Any

from dropstudy.analysis.comparison import ComparedRun, Comparison
from dropstudy.analysis.contrasts import Contrast
from dropstudy.analysis.statistics import Interval
from dropstudy.analysis.wording import explain, headline


def comparison_as_dict(comparison: Comparison) -> dict[str, Any]:
    """Everything that was found, nested."""
    return {
        "answer": headline(comparison),
        "explanation": explain(comparison),
        "measure": comparison.measure.key,
        "margin": comparison.margin,
        "level": comparison.level,
        "factor": comparison.factor,
        "baseline": comparison.baseline.label,
        "arms": [
            {"label": arm.label, "seeds": arm.seeds, "runs": [run.name for run in arm.runs]}
            for arm in comparison.arms
        ],
        "differences": [
            {
                "key": difference.key,
                "values": dict(
                    zip((arm.label for arm in comparison.arms), difference.values, strict=True)
                ),
                "confounds": difference.confounds or None,
            }
            for difference in comparison.differences
        ],
        "contrasts": [_contrast_as_dict(contrast) for contrast in comparison.contrasts],
        "yardstick": asdict(comparison.yardstick),
        "runs": [run_as_row(compared) for compared in comparison.runs],
    }


def run_as_row(compared: ComparedRun) -> dict[str, Any]:
    """The numbers of one run, flat: a row of a table."""
    run, cost = compared.run, asdict(compared.cost)
    drift = cost.pop("drift") or {}
    best, last = run.best, run.last
    row: dict[str, Any] = {
        "run": run.name,
        "arm": compared.arm.label,
        "seed": run.seed,
        "status": run.status,
        "epochs": len(run.epochs),
        "best_epoch": best.epoch if best else None,
        "best_val_psnr": best.val_psnr if best else None,
        "best_val_ssim": best.val_ssim if best else None,
        "best_val_loss": best.val_loss if best else None,
        "psnr_gap": best.psnr_gap if best else None,
        "last_val_psnr": last.val_psnr if last else None,
        "test_psnr": run.test.get("psnr"),
        "test_ssim": run.test.get("ssim"),
    }
    for name in ("identity", "classical"):
        scores = run.baselines.get(name, {})
        row |= {f"{name}_{key}": scores.get(key) for key in ("val_psnr", "test_psnr")}
    row |= cost
    row |= {f"drift_{name}": drift.get(name) for name in ("slope", "last_to_first_third")}
    return row | asdict(compared.progress)


_JUDGED = (
    "p",
    "adjusted_p",
    "equivalence_p",
    "smallest_p",
    "effect_size",
    "share_won",
    "seeds_needed",
)
"""What is null where an obstacle rules a verdict out."""


def _contrast_as_dict(contrast: Contrast) -> dict[str, Any]:
    judgement = contrast.judgement
    if contrast.obstacle:
        judged = dict.fromkeys(_JUDGED)
    else:
        judged = {name: getattr(judgement, name) for name in _JUDGED}
    return {
        "arm": contrast.arm.label,
        "verdict": contrast.verdict,
        "obstacle": contrast.obstacle or None,
        "differences": dict(zip(map(str, contrast.seeds), contrast.differences, strict=True)),
        "mean": judgement.mean,
        "interval": _interval_as_dict(judgement.interval),
        "interval_over_seeds_and_images": _interval_as_dict(contrast.over_images),
        **judged,
        "means": {
            key: {"mean": mean, "interval": _interval_as_dict(interval)}
            for key, (mean, interval) in contrast.means.items()
        },
        "images": None
        if contrast.images is None
        else {
            "score": contrast.images.score,
            "part": contrast.images.part,
            "seeds": contrast.images.seeds,
            "mean": contrast.images.mean,
            "interval": _interval_as_dict(contrast.images.interval),
            "p": contrast.images.p,
            "share_won": contrast.images.won,
            "images": [asdict(image) for image in contrast.images.images],
        },
        "cost": None
        if contrast.cost is None
        else {**asdict(contrast.cost), "interval": _interval_as_dict(contrast.cost.interval)},
    }


def _interval_as_dict(interval: Interval | None) -> dict[str, Any] | None:
    return None if interval is None else asdict(interval)
