from pathlib import Path

import pytest

from dropstudy.config import load_experiment
from dropstudy.config.description import describe_dropout, describe_experiment, describe_task
from dropstudy.runs.settings import describe_schedule, flatten


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("{kind: pixelate, block: 8}", "pixelate, block 8"),
        ("{kind: gaussian}", "gaussian, sigma 25"),
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
    ],
)
def test_a_task_is_described_by_its_kind_and_numbers(
    smoke_yaml: Path, task: str, words: str
) -> None:
    assert describe_task(load_experiment(smoke_yaml, [f"task={task}"]).task) == words


def test_given_images_are_described_as_given(smoke_yaml: Path) -> None:
    changes = ["task={kind: given}", "data={kind: arrays, path: a.npz}"]
    assert describe_task(load_experiment(smoke_yaml, changes).task) == "degraded images as given"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([], "dropout: encoder spatial 0.02/0.05, skip spatial 0.1"),
        (["dropout={}"], "no dropout"),
        (["dropout={skip: {kind: spatial, rate: 0}}"], "no dropout"),
        (["dropout={encoder: {kind: dropout, rate: [0, 0]}}"], "no dropout"),
        (
            ["dropout.head={kind: gaussian, rate: 0.5}", "dropout.encoder.rate=[0, 0.1]"],
            "dropout: encoder spatial 0/0.1, skip spatial 0.1, head gaussian 0.5",
        ),
    ],
)
def test_dropout_is_described_where_anything_is_dropped(
    smoke_yaml: Path, changes: list[str], words: str
) -> None:
    assert describe_dropout(load_experiment(smoke_yaml, changes)) == words


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("{kind: constant}", ""),
        ("{kind: early}", "early until 0.5"),
        ("{kind: late, start: 0.25}", "late start 0.25"),
        ("{kind: linear}", "linear"),
        ("{kind: curriculum}", "curriculum gamma 10"),
    ],
)
def test_rates_that_change_are_described_and_in_the_same_words_of_a_finished_run(
    smoke_yaml: Path, schedule: str, words: str
) -> None:
    experiment = load_experiment(smoke_yaml, [f"dropout.schedule={schedule}"])
    end = f"; {words}" if words else ""
    assert describe_dropout(experiment) == (
        f"dropout: encoder spatial 0.02/0.05, skip spatial 0.1{end}"
    )
    assert describe_schedule(flatten(experiment.model_dump(mode="json"))) == words


def test_where_nothing_drops_no_schedule_is_told(smoke_yaml: Path) -> None:
    assert describe_dropout(
        load_experiment(smoke_yaml, ["dropout={schedule: {kind: linear}}"])
    ) == ("no dropout")


def test_an_experiment_is_described_in_one_line(smoke_yaml: Path) -> None:
    assert describe_experiment(load_experiment(smoke_yaml)) == (
        "pixelate, block 4 · unet of 8 filters, depth 2, residual output · "
        "dropout: encoder spatial 0.02/0.05, skip spatial 0.1"
    )
    plain = load_experiment(smoke_yaml, ["architecture.residual=false", "dropout={}"])
    assert describe_experiment(plain) == (
        "pixelate, block 4 · unet of 8 filters, depth 2 · no dropout"
    )
