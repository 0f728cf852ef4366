from pathlib import Path

import pytest

from dropstudy.errors import ConfigError
from dropstudy.timing.arms import load_arms
from tests.config.experiments import CONFIGS

UNET = CONFIGS / "unet_dropout.yaml"
PLAIN = CONFIGS / "unet_plain.yaml"


def names(*vary: str, config: Path = UNET, changes: tuple[str, ...] = ()) -> list[str]:
    return [name for name, _ in load_arms(config, vary, changes)]


def test_without_dropout_and_as_it_is_are_always_there() -> None:
    assert names() == ["none", "dropout"]
    assert names("dropout.none", "dropout.dropout") == ["none", "dropout"]


def test_each_kind_takes_the_places_and_the_rates_of_the_configs() -> None:
    arms = dict(load_arms(UNET, ["dropout.spatial"]))
    before, after = arms["dropout"].dropout.by_group(), arms["spatial"].dropout.by_group()
    assert list(arms) == ["none", "dropout", "spatial"]
    assert {group for group, setting in after.items() if setting.kind == "spatial"} == {
        "encoder",
        "bottleneck",
        "skip",
    }
    for group, setting in before.items():
        assert [setting.rate_at(level) for level in range(3)] == [
            after[group].rate_at(level) for level in range(3)
        ]


def test_every_value_of_a_setting_makes_a_cell_with_a_baseline_of_its_own() -> None:
    found = names("architecture.filters=8,16", "data.patch_size=32,64")
    assert found == [
        f"{kind}, filters {filters}, patch_size {size}"
        for filters in (8, 16)
        for size in (32, 64)
        for kind in ("none", "dropout")
    ]


def test_values_of_dropout_share_the_arm_without_any() -> None:
    assert names("dropout.skip.rate=0.1,[0.1,0.2,0.3]") == [
        "none",
        "dropout, rate 0.1",
        "dropout, rate [0.1,0.2,0.3]",
    ]


def test_each_kernel_has_a_baseline_of_its_own() -> None:
    assert names("dropout.kernel=fast,keras") == [
        "none, kernel fast",
        "dropout, kernel fast",
        "none, kernel keras",
        "dropout (keras), kernel keras",
    ]


def test_changes_hold_for_every_arm() -> None:
    for _, experiment in load_arms(UNET, ["dropout.spatial"], ["architecture.filters=8"]):
        assert experiment.architecture.filters == 8


def test_a_config_without_dropout_has_nothing_to_time() -> None:
    with pytest.raises(ConfigError, match=r"unet_plain\.yaml: drops nothing, .* say where"):
        names("dropout.spatial", config=PLAIN)
    places = ("dropout.skip={kind: dropout, rate: 0.2}",)
    assert names("dropout.spatial", config=PLAIN, changes=places) == ["none", "dropout", "spatial"]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("spatial", r"--vary spatial: give dropout\.KIND, where KIND is one of none, dropout, "),
        ("dropout.spacial", r"--vary dropout\.spacial: give dropout\.KIND"),
        ("=3", "--vary =3: give KEY=VALUE,VALUE"),
        ("architecture.filters=8,", "--vary architecture.filters=8,: give KEY=VALUE,VALUE"),
        ("architecture.filters=8,x", "filters: got 'x'; give a whole number from 1 up"),
        ("architecture.filter=8", "unknown key, did you mean 'filters'"),
    ],
)
def test_what_cannot_be_varied_is_told(word: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        names(word)
