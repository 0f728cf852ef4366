from pathlib import Path
from typing import Any

import pytest
import yaml

from dropstudy.config.study_loading import LoadedStudy, load_study
from dropstudy.errors import ConfigError

BASE = """\
name: base
data: {kind: photos, collection: tiny, patch_size: 16}
task: {kind: pixelate, block: 4}
architecture: {kind: unet, depth: 1, filters: 2}
training: {epochs: 3}
"""
HEAD = """\
name: trial
question: Does it matter where dropout stands?
hypothesis: It does not.
base: base.yaml
"""
SPATIAL = "dropout: {skip: {kind: spatial, rate: 0.1}}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


def _load(folder: Path, text: str, *, head: str = HEAD) -> LoadedStudy:
    (folder / "study.yaml").write_text(head + text)
    return load_study(folder / "study.yaml")


def _problems(folder: Path, text: str, *, head: str = HEAD) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        _load(folder, text, head=head)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_arms_are_changes_of_the_base_named_and_seeded_by_the_study(folder: Path) -> None:
    loaded = _load(folder, f"arms: {{none: {{}}, skip: {{{SPATIAL}}}}}\nseeds: [7, 3]\n")

    none, skip = (arm.experiment for arm in loaded.arms)
    assert (none.name, skip.name) == ("none", "skip")
    assert (none.seed, skip.seed) == (7, 7)
    assert loaded.study.seed_list == (7, 3)
    assert none.dropout.skip.kind == "none"
    assert skip.dropout.skip.rate_at(0) == 0.1
    same = {"dropout": none.dropout, "name": "none"}
    assert skip.model_copy(update=same) == none


def test_arms_are_combined_with_every_value_of_every_axis_but_what_is_excluded(
    folder: Path,
) -> None:
    loaded = _load(
        folder,
        f"arms: {{skip: {{{SPATIAL}}}, none: {{}}}}\n"
        "axes:\n"
        "  training.batch_size: [2, 4]\n"
        "  training.loss: [mae, mse]\n"
        "exclude:\n"
        "  - {arm: none, training.batch_size: 4}\n"
        "  - {training.batch_size: 2, training.loss: mse}\n"
        "seeds: 1\n",
    )

    assert [arm.name for arm in loaded.arms] == [
        "skip-2-mae",
        "skip-4-mae",
        "skip-4-mse",
        "none-2-mae",
    ]
    found = [
        (arm.experiment.training.batch_size, arm.experiment.training.loss) for arm in loaded.arms
    ]
    assert found == [(2, "mae"), (4, "mae"), (4, "mse"), (2, "mae")]


def test_an_axis_overrules_an_arm_and_an_arm_the_settings_and_those_the_base(folder: Path) -> None:
    loaded = _load(
        folder,
        "settings: {training.epochs: 5, training.batch_size: 2, task.block: 2}\n"
        "arms: {all: {training.epochs: 6, training.batch_size: 4}}\n"
        "axes: {training.epochs: [7]}\n"
        "seeds: 1\n",
    )

    experiment = loaded.arms[0].experiment
    assert (experiment.training.epochs, experiment.training.batch_size) == (7, 4)
    assert experiment.task.model_dump() == {"kind": "pixelate", "block": 2}


def test_all_that_is_wrong_with_arms_is_told_once_where_it_stands(folder: Path) -> None:
    (folder / "base.yaml").write_text(BASE.replace("epochs: 3", "epochs: 0"))

    assert _problems(
        folder,
        "arms:\n"
        "  none: {}\n"
        "  typo: {dropout.skipp: {kind: spatial, rate: 0.1}}\n"
        "  full: {dropout.skip: {kind: spatial, rate: 1.0}}\n"
        "  auto: {architecture.kind: autoencoder, dropout.skip: {kind: spatial, rate: 0.1}}\n"
        "  deep: {task.kind.of: 1}\n"
        "axes: {training.loss: [mae, maee]}\n"
        "seeds: 2\n",
    ) == [
        "base.yaml:5: training.epochs: got 0; give a whole number from 1 up",
        "study.yaml:11: axes.training.loss: got 'maee', did you mean 'mae'?; give mse, mae, "
        "charbonnier, ssim_mix or ms_ssim_mix",
        "study.yaml:7: arms.typo.dropout.skipp: unknown key, did you mean 'skip'?; allowed: "
        "input, encoder, bottleneck, decoder, skip, head, schedule, kernel",
        "study.yaml:8: arms.full.dropout.skip.rate: got 1.0; give a fraction from 0 up to, not "
        "including, 1",
        "study.yaml:9: arms.auto.dropout.skip: the architecture 'autoencoder' has no skip "
        "connections; remove it",
        "study.yaml:10: arms.deep: task.kind.of leads through a value that is no mapping",
    ]


WRONG: dict[str, tuple[str, str]] = {
    "an unknown key": (
        "armss: {}\narms: {a: {}}\nseeds: 1",
        "5: armss: unknown key, did you mean 'arms'?; allowed: name, question, hypothesis, "
        "base, settings, arms, axes, exclude, controls, seeds, budget, probes, timing, primary",
    ),
    "no arm": ("arms: {}\nseeds: 1", "5: arms: got {}; give at least 1"),
    "an arm that is no mapping": ("arms: {a: 3}\nseeds: 1", "5: arms.a: got 3; give a mapping"),
    "no seed": (
        "arms: {a: {}}\nseeds: 0",
        "6: seeds: give at least 1, or timing: {} to time the arms alone",
    ),
    "too many seeds": (
        "arms: {a: {}}\nseeds: 1001",
        "6: seeds: got 1001; give a whole number up to 1,000, or a list of seeds",
    ),
    "no look before the last": (
        "arms: {a: {}}\nseeds: 4\nbudget: {look_every: 4}",
        "7: budget.look_every: got 4; give less than the 4 seeds",
    ),
    "epochs given twice": (
        "arms: {a: {training.epochs: 4}}\nseeds: 4\nbudget: {epochs: 4}",
        "5: arms.a.training.epochs: the budget has epochs, too; remove one",
    ),
    "a metric that is no probe's": (
        "arms: {a: {}}\nseeds: 4\nprimary: {metric: probe.noise}",
        "7: primary.metric: got probe.noise; the study's probes are: none",
    ),
    "a number that no probe has": (
        "arms: {a: {}}\nseeds: 4\nprobes: [{kind: variance_shift}]\n"
        "primary: {metric: probe.variance_shift.psnr}",
        "8: primary.metric: got probe.variance_shift.psnr; give probe.variance_shift, or after it "
        "one of .mean, .maximum, .behind_dropout, .predicted",
    ),
    "a control with too long a name": (
        f"arms: {{{'a' * 60}: {{dropout.head: {{kind: spatial, rate: 0.1}}}}}}\nseeds: 4\n"
        "controls: [lr_matched]",
        f"7: controls: {'a' * 60}-lr_matched: got '",
    ),
    "a probe twice": (
        "arms: {a: {}}\nseeds: 4\nprobes: [{kind: variance_shift}, {kind: variance_shift}]",
        "7: probes[1]: two probes are called variance_shift; give this one another name",
    ),
    "an unknown metric": (
        "arms: {a: {}}\nseeds: 4\nprimary: {metric: psnr}",
        "7: primary.metric: got 'psnr'",
    ),
    "an unknown control": (
        "arms: {a: {}}\nseeds: 4\ncontrols: [rate0]",
        "7: controls[0]: got 'rate0', did you mean 'rate_0'?",
    ),
    "too many arms": (
        f"arms: {{a: {{}}}}\naxes: {{training.epochs: {list(range(1, 1002))}}}\nseeds: 1",
        "6: axes: make 1,001 arms; at most 1,000 are allowed",
    ),
    "no margin": (
        "arms: {a: {}}\nseeds: 1\nprimary: {margin: 0}",
        "7: primary.margin: got 0; give a number above 0",
    ),
    "a seed twice": ("arms: {a: {}}\nseeds: [1, 2, 1]", "6: seeds[2]: 1 stands there twice"),
    "a name for an arm": (
        "arms: {a: {name: b}}\nseeds: 1",
        "5: arms.a.name: a study names its runs itself; remove it",
    ),
    "a seed for all": (
        "settings: {seed: 3}\narms: {a: {}}\nseeds: 1",
        "5: settings.seed: remove it; seeds stand beside the arms",
    ),
    "an empty part of a key": (
        "arms: {a: {dropout..rate: 1}}\nseeds: 1",
        "5: arms.a.dropout..rate: give a setting by its dotted key",
    ),
    "an axis of mappings": (
        "arms: {a: {}}\naxes: {dropout.skip: [{kind: none}]}\nseeds: 1",
        "6: axes.dropout.skip[0]: give single values; what changes several settings at once "
        "is an arm",
    ),
    "a value twice": (
        "arms: {a: {}}\naxes: {training.epochs: [1, 2, 1]}\nseeds: 1",
        "6: axes.training.epochs[2]: 1 stands there twice",
    ),
    "an exclusion of no axis": (
        "arms: {a: {}}\nexclude: [{training.epochs: 3}]\nseeds: 1",
        "6: exclude[0].training.epochs: no such axis; give arm",
    ),
    "an exclusion of no value": (
        "arms: {a: {}, b: {}}\nexclude: [{arm: c}]\nseeds: 1",
        "6: exclude[0].arm: got c; give one of a, b",
    ),
    "an exclusion of all": (
        "arms: {a: {}}\nexclude: [{arm: a}]\nseeds: 1",
        "6: exclude: leaves no arm",
    ),
    "a level of 0": (
        "arms: {a: {}}\nseeds: 1\nprimary: {level: 0}",
        "7: primary.level: got 0; give a fraction above 0 and below 1",
    ),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_study_is_told_with_its_line(
    folder: Path, text: str, expected: str
) -> None:
    found = _problems(folder, text + "\n")
    assert found[0].startswith(f"study.yaml:{expected}"), found


def test_arms_that_would_have_one_name_are_refused(folder: Path) -> None:
    text = "arms: {a: {}, a-x: {}}\naxes: {notes: [x-y, y]}\nseeds: 1\n"
    assert _problems(folder, text) == [
        "study.yaml:5: arms.a-x: two arms would be called a-x-y; give this one another name"
    ]


def test_the_budget_is_every_arms(folder: Path) -> None:
    loaded = _load(
        folder, f"arms: {{a: {{}}, b: {{{SPATIAL}}}}}\nseeds: 1\nbudget: {{epochs: 7}}\n"
    )
    assert [arm.experiment.training.epochs for arm in loaded.arms] == [7, 7]


def test_controls_stand_behind_the_arms_and_know_whose_they_are(folder: Path) -> None:
    text = f"arms: {{none: {{}}, skip: {{{SPATIAL}}}}}\nseeds: 1\ncontrols: [rate_0, lr_matched]\n"
    loaded = _load(folder, text)
    assert [(arm.name, arm.control_of) for arm in loaded.arms] == [
        ("none", None),
        ("skip", None),
        ("skip-rate_0", "skip"),
        ("skip-lr_matched", "skip"),
    ]
    assert [arm.experiment.name for arm in loaded.arms] == [arm.name for arm in loaded.arms]


def test_a_study_may_time_and_train_nothing(folder: Path) -> None:
    study = _load(folder, "arms: {a: {}}\ntiming: {repeats: 6}\n").study
    assert study.seed_list == ()
    assert study.timing is not None
    assert study.timing.repeats == 6


def test_looks_share_the_level(folder: Path) -> None:
    study = _load(folder, "arms: {a: {}}\nseeds: 10\nbudget: {look_every: 4}\n").study
    assert study.looks == 3
    assert study.level_at_look == pytest.approx(0.05 / 3)


def test_a_base_that_is_not_there_or_no_mapping_is_an_error(folder: Path) -> None:
    text = "arms: {a: {}}\nseeds: 1\n"
    (folder / "base.yaml").write_text("- 1\n")
    assert _problems(folder, text) == [
        "base.yaml: give a mapping with the keys name, data, task, …"
    ]
    (folder / "base.yaml").unlink()
    assert _problems(folder, text) == ["base.yaml: cannot read it: No such file or directory"]


def test_values_that_arms_share_are_not_one_value(folder: Path) -> None:
    settings: dict[str, Any] = yaml.safe_load(
        f"arms: {{a: {{}}, b: {{dropout.skip.rate: 0.3}}}}\nsettings: {{{SPATIAL}}}\nseeds: 1"
    )
    loaded = _load(folder, yaml.safe_dump(settings))
    assert [arm.experiment.dropout.skip.rate_at(0) for arm in loaded.arms] == [0.1, 0.3]
