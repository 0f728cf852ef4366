import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropstudy.config import description, load_experiment
from dropstudy.config.data import Photos
from dropstudy.runs.settings import (
    LATER_SETTINGS,
    changed_keys,
    chosen_settings,
    describe_task,
    flatten,
    is_as_before,
)
from tests.config.experiments import CONFIGS

KEYS = st.text("abc", min_size=1, max_size=2)
NESTED = st.dictionaries(
    KEYS, st.recursive(st.integers(), lambda inner: st.dictionaries(KEYS, inner))
)


def test_nested_settings_get_dotted_keys_and_lists_stay_whole() -> None:
    nested = {"seed": 0, "dropout": {"skip": {"rate": [0.1, {"a": 1}]}, "head": None}, "tags": []}
    assert flatten(nested) == {
        "seed": 0,
        "dropout.skip.rate": [0.1, {"a": 1}],
        "dropout.head": None,
        "tags": [],
    }


@given(NESTED)
def test_a_dotted_key_leads_to_its_value(nested: dict[str, object]) -> None:
    for key, value in flatten(nested).items():
        found: object = nested
        for part in key.split("."):
            assert isinstance(found, dict)
            found = found[part]
        assert found == value
        assert not isinstance(value, dict)


def test_only_keys_that_differ_or_are_lacking_have_changed_in_the_order_of_the_config() -> None:
    plain = {"name": "a", "skip.kind": "none", "head.kind": "none", "seed": 0}
    spatial = {"name": "a", "skip.kind": "spatial", "skip.rate": [0.1], "head.kind": "none"}
    assert changed_keys([plain, {**spatial, "seed": 1}]) == ["skip.kind", "skip.rate", "seed"]
    assert changed_keys([{**spatial, "seed": 1}, plain]) == ["skip.kind", "skip.rate", "seed"]


@pytest.mark.parametrize("flattened", [[], [{"a": 1}], [{"a": [1, 2]}, {"a": [1, 2]}]])
def test_equal_settings_and_fewer_than_two_have_no_changes(
    flattened: list[dict[str, object]],
) -> None:
    assert changed_keys(flattened) == []


@given(st.lists(st.dictionaries(KEYS, st.integers(0, 1)), max_size=4))
def test_a_key_has_changed_unless_all_agree(flattened: list[dict[str, int]]) -> None:
    every = {key for settings in flattened for key in settings}
    agreed = {key for key in every if len({settings.get(key) for settings in flattened}) == 1}
    assert set(changed_keys(flattened)) == every - agreed


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("{kind: gaussian, sigma: [5, 50]}", "gaussian, sigma 5 to 50"),
        ("{kind: gaussian, sigma: [50, 5], quantize: true}", "gaussian, sigma 5 to 50, quantize"),
        ("{kind: salt_pepper, amount: 0.1}", "salt and pepper, amount 0.1"),
        ("{kind: grain, sigma: [3, 3], size: 2}", "grain, sigma 3, size 2"),
        (
            "{kind: compose, steps: [{kind: blur}, {kind: jpeg, quality: [10, 40]}]}",
            "blur, sigma 1.5 then jpeg, quality 10 to 40",
        ),
        (
            "{kind: one_of, choices: [{kind: gaussian}, "
            "{kind: compose, steps: [{kind: blur}, {kind: jpeg}]}]}",
            "gaussian, sigma 25 or blur, sigma 1.5 then jpeg, quality 20",
        ),
        ("{kind: given}", "degraded images as given"),
    ],
)
def test_a_task_that_was_written_down_reads_as_it_does_in_an_experiment(
    task: str, words: str
) -> None:
    data = ["data={kind: arrays, path: a.npz}"] if "given" in task else []
    experiment = load_experiment(CONFIGS / "smoke.yaml", [f"task={task}", *data])
    assert describe_task(experiment.model_dump(mode="json")["task"]) == words
    assert description.describe_task(experiment.task) == words


def test_a_task_of_another_version_is_described_as_far_as_it_is_known() -> None:
    assert describe_task({"kind": "rain", "drops": ["big", 3], "wind": None}) == (
        "rain, drops big to 3, wind None"
    )
    assert describe_task({}) == "?"


def test_chosen_settings_are_those_that_are_not_the_default() -> None:
    changes = ("seed=0", "training.epochs=20", "training.batch_size=4", "dropout.skip={kind: none}")
    experiment = load_experiment(CONFIGS / "smoke.yaml", changes)
    chosen = chosen_settings(experiment.model_dump(mode="json"))
    assert chosen is not None
    assert chosen["training.batch_size"] == 4
    assert chosen["dropout.encoder.rate"] == [0.02, 0.05]
    assert chosen["task.kind"] == "pixelate"
    assert not {"seed", "training.epochs", "dropout.skip.kind", "task.block"} & chosen.keys()


def test_the_defaults_of_settings_of_another_version_are_not_known() -> None:
    assert chosen_settings({"name": "a", "news": 1}) is None


def test_what_older_versions_did_is_still_the_default() -> None:
    experiment = load_experiment(CONFIGS / "smoke.yaml")
    defaults = flatten(experiment.model_dump(mode="json"))
    assert {key: defaults[key] for key in LATER_SETTINGS} == LATER_SETTINGS
    assert isinstance(experiment.data, Photos)
    for key, value in LATER_SETTINGS.items():
        assert is_as_before(key, value)
        assert not is_as_before(key, 7)
    assert not is_as_before("training.loss", None)
