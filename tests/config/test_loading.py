import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dropstudy.config import Experiment, dump_experiment, load_experiment
from dropstudy.config.yaml_source import read_yaml
from dropstudy.errors import ConfigError
from tests.config.experiments import CONFIGS, SHIPPED, SHORT, experiments, write_config

WRONG_ALL_OVER = """\
nam: wrong
data:
  kind: photos
  patch_size: 30
architecture:
  kind: autoencoder
  depth: 2
  activation: relo
task: {kind: compose, steps: [{kind: blurr}, {kind: jpeg, qualty: 3}, {kind: blur}]}
dropout:
  encoder:
    kind: spatial
    rate: [0.1, 1.0]
  skip: {kind: spatail, rate: 0.1}
training:
  epochs: 0
  epochs: 3
  loss: ssim_mix
  batch_size: 15
  optimizer: {learning_rate: 1e-3}
runtime:
  replicas: 2
"""


def problems_of(path: Path, *changes: str) -> list[str]:
    """The lines of the error, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        load_experiment(path, changes)
    assert caught.value.exit_code == 2
    return [line.removeprefix(f"{path}:") for line in str(caught.value).splitlines()]


def test_all_problems_of_a_file_are_named_at_once_with_line_path_and_remedy(
    tmp_path: Path,
) -> None:
    assert problems_of(write_config(tmp_path, WRONG_ALL_OVER)) == [
        "1: name: missing; give it",
        "1: nam: unknown key, did you mean 'name'?; allowed: name, seed, data, task, "
        "architecture, dropout, training, runtime, recovery, samples, tags, notes",
        "8: architecture.activation: got 'relo', did you mean 'relu'?; give relu, leaky_relu, "
        "elu, silu or gelu",
        "9: task.steps[0].kind: got 'blurr', did you mean 'blur'?; give pixelate, gaussian, "
        "poisson, speckle, salt_pepper, jpeg, blur or grain",
        "9: task.steps[1].qualty: unknown key, did you mean 'quality'?; allowed: kind, quality",
        "13: dropout.encoder.rate[1]: got 1.0; give a fraction from 0 up to, not including, 1",
        "14: dropout.skip.kind: got 'spatail', did you mean 'spatial'?; give none, dropout, "
        "spatial, gaussian, drop_path or dropblock",
        "16: training.epochs: got 0; give a whole number from 1 up",
        "17: training.epochs: given twice, first in line 16; keep one",
        "20: training.optimizer.kind: missing; give adam, adamw or sgd",
    ]


def test_conflicts_among_the_valid_sections_are_named_beside_what_is_invalid(
    tmp_path: Path,
) -> None:
    text = """\
name: a
seed: -1
data: {kind: photos, patch_size: 30}
task: {kind: given}
architecture: {kind: autoencoder, depth: 2}
dropout:
  skip: {kind: spatial, rate: 0.1}
training:
  batch_size: 15
runtime: {replicas: 2}
sample: {}
"""
    places = [line.partition(": ")[0] for line in problems_of(write_config(tmp_path, text))]
    keys = [line.split(": ")[1] for line in problems_of(write_config(tmp_path, text))]
    assert places == ["2", "3", "4", "7", "9", "11"]
    assert keys == [
        "seed",
        "data.patch_size",
        "task.kind",
        "dropout.skip",
        "training.batch_size",
        "sample",
    ]


def test_problems_of_the_file_and_of_options_come_together(tmp_path: Path) -> None:
    path = write_config(tmp_path, SHORT.replace("photos", "photo"))
    assert [line.partition("; ")[0] for line in problems_of(path, "training.epochs=0")] == [
        "2: data.kind: got 'photo', did you mean 'photos'?",
        "--set training.epochs=0: training.epochs: got 0",
    ]


def test_what_is_missing_is_named_with_what_belongs_there(tmp_path: Path) -> None:
    problems = problems_of(write_config(tmp_path, "data: {kind: folder}\ntask: {}\n"))
    assert problems == [
        "1: name: missing; give it",
        "1: data.path: missing; give it",
        "1: architecture: missing; give a mapping with the keys kind, depth, filters, "
        "convolutions, block, activation, normalization, order, upsampling, residual, skips",
        "2: task.kind: missing; give pixelate, gaussian, poisson, speckle, salt_pepper, jpeg, "
        "blur, grain, compose, one_of or given",
    ]


@pytest.mark.parametrize(
    ("addition", "problem"),
    [
        (
            "task: {kind: gaussian, sigma: [1, -2]}",
            "task.sigma[1]: got -2; give a number from 0 to 1000",
        ),
        ("task: {kind: gaussian, sigma: {low: 1}}", "task.sigma: got {'low': 1}; give"),
        ("task: {kind: gaussian, sigma: [1]}", "task.sigma"),
        ("task: {kind: gaussian, sigma: [1, 2, 3]}", "task.sigma: got [1, 2, 3]; "),
        ("task: {kind: blur, blur: 2}", "task.blur: unknown key; allowed: kind, sigma"),
        ("task: {kind: compose, steps: [{kind: blurr}]}", "task.steps[0].kind: got 'blurr'"),
        ("task: {kind: compose, steps: []}", "task.steps: got []; "),
        ("task: {kind: compose, steps: [blur]}", "task.steps[0]: got 'blur'; give a mapping"),
        ("task: {kind: one_of, choices: [{kind: blur}]}", "task.choices: got [{'kind': 'blur'}]; "),
        (
            "task: {kind: one_of, choices: [{kind: given}, {kind: blur}]}",
            "task.choices[0].kind: got 'given', did you mean 'grain'?; give pixelate, ",
        ),
        (
            "task: {kind: one_of, choices: [{kind: blur}, {kind: compose, steps: "
            "[{kind: jpeg, quality: 0}]}]}",
            "task.choices[1].steps[0].quality: got 0; give a whole number from 1 to 100",
        ),
        ("task: {kind: null}", "task.kind: got null; give pixelate, "),
        ("task: pixelate", "task: got 'pixelate'; give a mapping with the keys kind, block"),
        ("dropout: {skip: {kind: spatial, rate: []}}", "dropout.skip.rate: got []; "),
        ("dropout: {skip: {kind: spatial}}", "dropout.skip.rate: missing; give "),
        ("dropout: {skip: spatial}", "dropout.skip: got 'spatial'; give a mapping"),
        (
            "runtime: {gpu_memory: growing}",
            "runtime.gpu_memory: got 'growing'",
        ),
        ("runtime: {precision: float16}", "runtime.precision: got 'float16', did you mean"),
        ("training: {gradient_clip_norm: .nan}", "training.gradient_clip_norm: got nan; give"),
        (
            "training: {optimizer: {kind: adam, learning_rate: .inf}}",
            "training.optimizer.learning_rate: got inf; give a number above 0",
        ),
        ("samples: {count: 1e400}", "samples.count: got inf; give a whole number from 0 up"),
        ("notes: " + "x" * 10 + "\n1: a", "1: unknown key; allowed: name, seed"),
    ],
)
def test_one_wrong_value_is_one_problem_at_its_own_place(
    tmp_path: Path, addition: str, problem: str
) -> None:
    key = addition.partition(":")[0]
    kept = [line for line in SHORT.splitlines() if not line.startswith(key)]
    problems = problems_of(write_config(tmp_path, "\n".join([*kept, addition])))
    assert len(problems) == 1, problems
    assert problem in problems[0]
    assert problems[0].partition(": ")[2].startswith(problem[: problem.find(":")])


def test_a_key_named_like_its_kind_does_not_hide_what_is_missing(tmp_path: Path) -> None:
    text = SHORT + "dropout:\n  skip: {kind: dropout, dropout: 0.1}\n"
    keys = [line.split(": ")[1] for line in problems_of(write_config(tmp_path, text))]
    assert sorted(keys) == ["dropout.skip.dropout", "dropout.skip.rate"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- b\n", "just words", "3"])
def test_a_file_that_is_no_mapping_says_what_to_give(tmp_path: Path, text: str) -> None:
    [problem] = problems_of(write_config(tmp_path, text))
    assert problem.endswith(" give a mapping with the keys name, data, task, …")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_config_comes_back_from_its_dump(tmp_path: Path, path: Path) -> None:
    experiment = load_experiment(path)
    assert load_experiment(write_config(tmp_path, dump_experiment(experiment))) == experiment


@given(experiments())
def test_any_experiment_comes_back_from_its_dump(
    tmp_path_factory: pytest.TempPathFactory, experiment: Experiment
) -> None:
    path = write_config(tmp_path_factory.getbasetemp(), dump_experiment(experiment))
    assert load_experiment(path) == experiment


@pytest.mark.parametrize(
    "text", ["1e-3", "1.5e3", "08", "on", "null", "~", "0o17", "1_0", "a: b", "é\n"]
)
def test_text_that_looks_like_something_else_comes_back_from_the_dump(
    tmp_path: Path, smoke_yaml: Path, text: str
) -> None:
    experiment = load_experiment(smoke_yaml).model_copy(update={"notes": text, "tags": (text,)})
    assert load_experiment(write_config(tmp_path, dump_experiment(experiment))) == experiment


def test_a_dump_spells_out_every_default_and_puts_the_kind_first(smoke_yaml: Path) -> None:
    dumped = yaml.safe_load(dump_experiment(load_experiment(smoke_yaml)))
    assert list(dumped) == list(Experiment.model_fields)
    assert dumped["dropout"]["bottleneck"] == {"kind": "none"}
    assert dumped["training"]["early_stopping"] is None
    assert next(iter(dumped["data"])) == "kind"
    assert list(dumped["dropout"]["skip"]) == ["kind", "rate"]


SMOKE = read_yaml(CONFIGS / "smoke.yaml").data
PLACES = [(), *((key,) for key in SMOKE)] + [
    (key, inner) for key, section in SMOKE.items() if isinstance(section, dict) for inner in section
]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "rate", "sigma", "steps", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@given(st.sampled_from(PLACES), st.sampled_from(["kind", "rate", "x", None]), JUNK)
def test_no_value_anywhere_raises_anything_but_a_located_config_error(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[str, ...], key: str | None, junk: Any
) -> None:
    config: Any = copy.deepcopy(SMOKE)
    holder: Any = {"config": config}
    for step in (last := ["config", *place])[:-1]:
        holder = holder[step]
    if key is not None and isinstance(holder[last[-1]], dict):
        holder[last[-1]][key] = junk
    else:
        holder[last[-1]] = junk
    path = write_config(tmp_path_factory.getbasetemp(), yaml.safe_dump(config))
    try:
        load_experiment(path)
    except ConfigError as error:
        assert all(line.startswith(f"{path}:") for line in str(error).splitlines())


def test_a_wrong_group_of_dropout_hides_no_conflict_of_another(tmp_path: Path) -> None:
    path = tmp_path / "u.yaml"
    path.write_text(
        "name: u\ndata: {kind: photos}\ntask: {kind: pixelate}\narchitecture: {kind: unet}\n"
        "dropout:\n  encoder: {kind: spatial, rate: [0.1, 0.1]}\n"
        "  skip: {kind: spatial, rate: 1.5}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_experiment(path)
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{path}:6: dropout.encoder.rate: got a list of 2; give one number")
    assert second.startswith(f"{path}:7: dropout.skip.rate: got 1.5; give a fraction")
