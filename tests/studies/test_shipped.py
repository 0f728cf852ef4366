"""The shipped studies, each arm's network and task as they are, trained for a step or two."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from dropstudy.config.study_loading import load_study
from dropstudy.runs.probes import read_probes
from dropstudy.studies.accounts import account_for
from dropstudy.studies.conducting import conduct, is_done
from dropstudy.studies.directory import StudyDirectory
from dropstudy.studies.local import LocalExecutor
from dropstudy.studies.plan import make_plan
from tests.config.experiments import CONFIGS

ARMS = {
    "identity_copy": ("unet", "autoencoder", "unet_without_top_skip"),
    "placement": ("head_spatial_0.5", "all_dropout_0.1"),
    "norm_order": ("batch_before_0.3", "group_after_0.3"),
    "schedule": ("early", "curriculum"),
}
"""Those that differ most from one another."""
SMALL: dict[str, Any] = {
    "data.collection": "tiny",
    "data.evaluation_size": 64,
    "architecture.filters": 2,
    "architecture.depth": 3,
    "training.steps_per_epoch": 2,
    "training.batch_size": 2,
    "samples.count": 0,
    "samples.images": 1,
}


def _reduce(name: str, folder: Path) -> Path:
    content = yaml.safe_load((CONFIGS / "studies" / f"{name}.yaml").read_text(encoding="utf-8"))
    content["base"] = str(CONFIGS / "studies" / content["base"])
    content["settings"] = _without(content["settings"], ("data", "architecture"))
    content["settings"] |= SMALL
    if name == "identity_copy":
        content["settings"]["data.text_pages"] = 1
    content["arms"] = {arm: content["arms"][arm] for arm in ARMS[name]}
    content |= {"seeds": 1, "budget": {"epochs": 2}}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def _without(settings: dict[str, Any], sections: tuple[str, ...]) -> dict[str, Any]:
    """Whole sections would overrule what makes the study small."""
    return {key: value for key, value in settings.items() if key not in sections}


@pytest.mark.parametrize("name", ARMS)
def test_a_shipped_study_trains_in_a_reduced_form(name: str, tmp_path: Path) -> None:
    plan = make_plan(load_study(_reduce(name, tmp_path)))
    directory = StudyDirectory(tmp_path / "studies" / name)
    places = conduct(
        directory,
        plan,
        LocalExecutor(1, log=directory.workers_log),
        on_timing=lambda _: None,
        on_begin=lambda _: None,
        on_event=lambda _: None,
        on_stop=lambda: None,
    )

    assert is_done(plan, places), directory.failures.read_text()
    assert [arm.finished for arm in account_for(directory, plan).arms] == [1] * len(plan.arms)
    for place in places:
        assert place.run is not None
        probed = set(read_probes(place.run.directory).values)
        asked = {probe.name for probe in plan.study.probes}
        # A network without batch normalization has no variance that could shift.
        assert {value.split(".")[0] for value in probed} <= asked
        if name == "placement":
            assert asked == {value.split(".")[0] for value in probed}
