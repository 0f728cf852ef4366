"""A study's runs as they are once they have been trained, with numbers of the test's choice."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dropstudy.runs.directory import write_json
from dropstudy.runs.records import RunResult, append_epoch
from dropstudy.studies.directory import StudyDirectory
from dropstudy.studies.plan import Plan
from tests.analysis.runs import ENVIRONMENT, make_epoch
from tests.studies.makers import leave_run


def finish_runs(
    directory: StudyDirectory,
    plan: Plan,
    psnrs: Mapping[str, Sequence[float]],
    *,
    copy_ratios: Mapping[str, float] | None = None,
    seconds: Mapping[str, float] | None = None,
    environment: Mapping[str, Any] | None = None,
) -> None:
    """Leaves a finished run of two epochs for each PSNR that is given.

    Args:
        directory: The study's.
        plan: What it trains.
        psnrs: Of each arm, one for each of its first seeds.
        copy_ratios: Of each arm's runs; an arm without one has what older versions noted: none.
        seconds: Of training an epoch; 10 where an arm has none.
        environment: What is not as usual.
    """
    for planned in plan.runs():
        own = psnrs.get(planned.arm, ())
        place = plan.study.seed_list.index(planned.seed)
        if place >= len(own):
            continue
        time = (seconds or {}).get(planned.arm, 10.0)
        ratio = (copy_ratios or {}).get(planned.arm)
        epochs = [
            replace(make_epoch(number, psnr=own[place], seconds=time), val_copy_ratio=ratio)
            for number in (1, 2)
        ]
        result = RunResult("finished", epochs=epochs, monitor="val_loss", parameters=1234)
        made = leave_run(directory, planned, result)
        # A run of every arm starts before the next seed's, as a study has them trained.
        started = {"started": f"2026-01-02T03:{place:02}:05+00:00"}
        write_json(made.environment, {**ENVIRONMENT, **started, **(environment or {})})
        for epoch in epochs:
            append_epoch(made, epoch)
