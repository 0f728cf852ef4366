from pathlib import Path
from typing import Any

import pytest

from dropstudy.config import load_experiment
from dropstudy.config.study_loading import load_study
from dropstudy.studies.claims import load_claims_of
from dropstudy.studies.plan import make_plan
from tests.config.experiments import CLAIMS, CONFIGS, ROOT, SHIPPED, STUDIES

STUDIES_OF_DROPOUT = ("autoencoder_plain", "unet_plain", "unet_dropout", "unet_spatial")


def settings_of(name: str) -> dict[str, Any]:
    """All settings of a shipped config by their paths, but for what it is called."""
    content = load_experiment(CONFIGS / f"{name}.yaml").model_dump()
    return {
        path: value for path, value in flatten(content) if path not in {"name", "notes", "tags"}
    }


def flatten(content: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in content.items():
        path = f"{prefix}{key}"
        pairs += flatten(value, f"{path}.") if isinstance(value, dict) else [(path, value)]
    return pairs


def differences(first: str, second: str) -> set[str]:
    ours, theirs = settings_of(first), settings_of(second)
    return {path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path)}


def test_none_of_the_shipped_configs_is_missed() -> None:
    assert {path.stem for path in SHIPPED} >= {*STUDIES_OF_DROPOUT, "smoke"}
    yaml_files = {path for path in ROOT.glob("configs/**/*") if path.suffix in (".yaml", ".yml")}
    assert {*SHIPPED, *STUDIES, *CLAIMS} == yaml_files


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_shipped_study_is_valid_and_named_like_its_file(path: Path) -> None:
    plan = make_plan(load_study(path))
    assert plan.study.name == path.stem
    assert len(plan.arms) > 1


@pytest.mark.parametrize("path", CLAIMS, ids=lambda path: path.stem)
def test_all_claims_are_about_arms_of_the_study_beside_them(path: Path) -> None:
    plan = make_plan(load_study(path.with_name(path.name.replace(".claims", ""))))
    assert load_claims_of(plan, path).claims


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_config_is_valid_and_named_like_its_file(path: Path) -> None:
    assert load_experiment(path).name == path.stem


def test_the_plain_networks_differ_in_their_architecture_alone() -> None:
    assert differences("autoencoder_plain", "unet_plain") == {"architecture.kind"}


@pytest.mark.parametrize("name", ["unet_dropout", "unet_spatial"])
def test_the_unets_differ_in_dropout_alone(name: str) -> None:
    found = differences("unet_plain", name)
    assert found
    assert {path.partition(".")[0] for path in found} == {"dropout"}


def test_the_unets_with_dropout_differ_in_its_kind_alone() -> None:
    found = differences("unet_dropout", "unet_spatial")
    assert found
    assert all(path.startswith("dropout.") and path.endswith(".kind") for path in found)
    kinds = {
        name: {settings_of(name)[path] for path in found}
        for name in ("unet_dropout", "unet_spatial")
    }
    assert kinds == {"unet_dropout": {"dropout"}, "unet_spatial": {"spatial"}}


def test_the_readme_shows_the_spatial_config_as_it_is() -> None:
    text = (CONFIGS / "unet_spatial.yaml").read_text(encoding="utf-8")
    body = text[text.index("name:") :]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"```yaml\n{body}```" in readme


@pytest.mark.parametrize("name", STUDIES_OF_DROPOUT)
def test_the_head_of_a_config_says_question_command_duration_and_score(name: str) -> None:
    head = (CONFIGS / f"{name}.yaml").read_text(encoding="utf-8").partition("name:")[0]
    for word in ("Question", f"dropstudy run configs/{name}.yaml", "Duration", "Expected", "dB"):
        assert word in head
