"""Claims of an arm ``spatial`` against an arm ``none``, and what a study may have of both."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scipy import stats

from dropstudy.analysis.claim_numbers import ClaimEvidence
from dropstudy.analysis.claims import ClaimOutcome, judge_claims
from dropstudy.analysis.timing import ArmTiming, Drift, TimingContrast, TimingFindings
from dropstudy.config.claims import Claim, Claims
from dropstudy.runs.reading import Run
from tests.analysis.runs import SPATIAL, make_run

MODELS = {"none": "none", "spatial": "spatial", "spatial-0": "none"}
PSNRS = [25.0, 25.5, 24.5, 25.2, 24.8]
LEVEL = 0.05


def claim(metric: str = "val_psnr", **keys: Any) -> Claim:
    """A claim of ``spatial``, held against ``none`` unless it is of a value."""
    against = {} if "value" in keys else {"against": "none"}
    return Claim.model_validate({"say": "x", "metric": metric, "arm": "spatial", **against, **keys})


def evidence_of(
    none: Sequence[Run], spatial: Sequence[Run], *, planned: int | None = None, **more: Any
) -> ClaimEvidence:
    return ClaimEvidence(
        runs={"none": none, "spatial": spatial},
        planned={"none": planned or len(none), "spatial": planned or len(spatial)},
        models=MODELS,
        **more,
    )


def judge_one(evidence: ClaimEvidence, given: Claim, level: float = LEVEL) -> ClaimOutcome:
    (outcome,) = judge_claims(Claims(level=level, claims=(given,)), evidence)
    return outcome


def train(
    folder: Path, gains: Sequence[float], *, seconds: Sequence[float] | None = None
) -> ClaimEvidence:
    """Two arms whose runs end that far apart in dB; alternately started, as in a study."""
    arms: list[list[Run]] = []
    for name, dropout, more in (("none", {}, [0.0] * len(gains)), ("spatial", SPATIAL, gains)):
        arms.append(
            [
                make_run(
                    folder / f"{name}-{seed}",
                    seed=seed,
                    dropout=dropout,
                    psnrs=[psnr + gain] * 4,
                    seconds=10.0 if name == "none" or not seconds else seconds[seed],
                    environment={"started": f"2026-01-02T03:{seed:02}:00+00:00"},
                )
                for seed, (psnr, gain) in enumerate(zip(PSNRS, more, strict=False))
            ]
        )
    return evidence_of(*arms)


STEADY = Drift(0.0, -1.0, 1.0, 1.0)


def contrast(arm: str, ratios: Sequence[float], baseline: str = "none") -> TimingContrast:
    return TimingContrast(
        arm=arm, baseline=baseline, ratio=float(stats.gmean(ratios)), low=0.99, high=1.01,
        repeat_ratios=tuple(ratios), verdict="inconclusive", reason="", dropout_share=0.0,
        drift=STEADY,
    )  # fmt: skip


def timed(
    ratios: Mapping[str, Sequence[float]],
    *,
    noise: tuple[float, float] = (0.99, 1.01),
    steps: Mapping[str, int] | None = None,
) -> TimingFindings:
    """A session in which each arm's steps took that many times those of ``none``."""
    arms = [
        ArmTiming(
            name=name, step_milliseconds=10.0, deviation=0.1, turn_milliseconds=(10.0,),
            epoch_seconds=0.01 * (steps or {}).get(name, 100), images_per_second=1.0,
            first_step_seconds=1.0, peak_memory_bytes=None,
            drift=STEADY,
        )
        for name in ("none", *ratios)
    ]  # fmt: skip
    again = TimingContrast("none", "none", 1.0, *noise, (1.0,), "inconclusive", "", 0.0, STEADY)
    return TimingFindings(
        arms=tuple(arms),
        baseline="none",
        contrasts=tuple(contrast(name, own) for name, own in ratios.items()),
        noise=again,
        level=0.05,
        margin=0.05,
        noises=(again,),
        repeats=len(next(iter(ratios.values()))),
    )
