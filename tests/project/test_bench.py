from functools import partial
from typing import Any

import pytest

from dropstudy.models.summary import count_parameters
from dropstudy.training.assembly import build_experiment_network
from scripts.bench.experiments import Subject, prepare_arrays, prepare_data
from scripts.bench.keras_fit import build_unet, start_fit
from scripts.bench.limits import measure_convolutions
from scripts.bench.ours import start_run
from scripts.bench.rows import step_rows
from scripts.bench.steps import count_step_multiply_adds, measure_steps
from scripts.bench.table import Row, at_least, at_most, format_rows
from scripts.bench.trainings import ThreadedTraining
from scripts.bench.turns import Spread, Turn, neighbour_ratios, order_turns, typical_seconds
from scripts.profile_step import GROUPS, profile_step
from tests.models.conftest import restored_policy, started_tensorflow

__all__ = ["restored_policy", "started_tensorflow"]

TINY = partial(
    Subject,
    overrides=(
        "data.collection=tiny",
        "data.patch_size=16",
        "data.evaluation_size=32",
        "architecture.depth=1",
        "architecture.filters=4",
        "training.batch_size=2",
        "training.steps_per_epoch=2",
    ),
)


def turns(*named: tuple[str, float]) -> list[Turn]:
    return [Turn(name, (seconds,)) for name, seconds in named]


def test_the_reference_stands_on_both_sides_of_each_other() -> None:
    assert order_turns("none", ["a", "b"], number=0) == ["none", "a", "none", "b", "none"]
    assert order_turns("none", ["a", "b"], number=1) == ["none", "b", "none", "a", "none"]


def test_a_ratio_holds_a_turn_against_the_mean_of_its_neighbours() -> None:
    found = turns(("none", 1.0), ("a", 3.0), ("none", 2.0), ("b", 1.0), ("none", 2.0))
    assert neighbour_ratios(found, "a", "none") == [2.0]
    assert neighbour_ratios(found, "b", "none") == [0.5]


def test_a_turn_without_the_reference_beside_it_has_no_ratio() -> None:
    found = turns(("a", 3.0), ("none", 2.0), ("b", 1.0), ("a", 5.0))
    assert neighbour_ratios(found, "a", "none") == [1.5]


def test_the_median_lies_within_an_interval_by_ranks() -> None:
    # The ranks that tables of the sign test give for 95 %.
    for count, rank in ((5, 0), (6, 1), (8, 1), (9, 2), (10, 2), (20, 6), (40, 14)):
        values = list(map(float, range(1, count + 1)))
        expected = (rank, count + 1 - rank) if rank else None
        assert Spread.of(values).interval == expected


def test_a_verdict_on_either_side_of_its_target_is_in_question() -> None:
    def verdict(*values: float) -> str:
        return Row("a / b", "", Spread.of(values), at_most(1.1)).cells()[-1]

    assert verdict(1.0, 1.0, 1.0, 1.0, 1.05, 1.05) == "met"
    assert verdict(1.0, 1.0, 1.0, 1.0, 1.05, 1.2) == "met?"
    assert verdict(1.2, 1.2, 1.2, 1.3, 1.3, 1.2) == "missed"
    assert verdict(1.2, 1.2, 1.2, 1.0, 1.3, 1.2) == "missed?"
    assert verdict(1.0) == "met?"


def test_a_machine_that_slows_down_for_good_leaves_ratios_as_they_are() -> None:
    order = [name for number in range(4) for name in order_turns("none", ["a"], number=number)]
    slowing = [
        (name, (1.25 if name == "a" else 1.0) * 1.01**place) for place, name in enumerate(order)
    ]
    assert neighbour_ratios(turns(*slowing), "a", "none") == pytest.approx([1.25] * 4, rel=0.02)


def test_one_slow_step_does_not_count_in_a_turn_of_many() -> None:
    assert Turn("a", (1.0, 1.1, 50.0, 0.9, 1.0)).typical == 1.0
    assert typical_seconds([Turn("a", (1.0,)), Turn("b", (7.0,)), Turn("a", (3.0,))], "a") == 2.0


def test_a_spread_tells_median_deviation_and_ends() -> None:
    found = Spread.of([1.0, 1.5, 1.25, 9.0, 1.0])
    assert found == Spread(median=1.25, deviation=0.25, lowest=1.0, highest=9.0, count=5)


@pytest.mark.parametrize(
    ("target", "kept", "missed"), [(at_most(1.08), 1.08, 1.09), (at_least(2.5), 2.5, 2.4)], ids=str
)
def test_a_target_is_met_up_to_its_limit(target: Any, kept: float, missed: float) -> None:
    assert Row("x", "", Spread.of([kept] * 6), target).cells()[-1] == "met"
    assert Row("x", "", Spread.of([missed] * 6), target).cells()[-1] == "missed"
    assert Row("x", "", Spread.of([kept] * 6), target).cells(is_doubtful=True)[-1] == "met?"


def test_what_was_not_measured_is_not_called_met() -> None:
    text = format_rows([Row("a / b", "PyTorch is not installed", None, at_least(1.5))])
    assert text.splitlines()[-1].split("  ")[-1] == "not measured"


def test_multiply_adds_of_a_step_by_hand() -> None:
    # One level of 4 filters on 16x16x3, two convolutions a block, then 8 filters on 8x8.
    full, half = 16 * 16, 8 * 8
    first = full * 9 * 3 * 4
    forward = first + full * 9 * 4 * 4 + half * 9 * (4 * 8 + 8 * 8) + half * 4 * 8 * 4
    forward += full * 9 * (8 * 4 + 4 * 4) + full * 9 * 4 * 3
    assert count_step_multiply_adds(TINY().experiment()) == 2 * (3 * forward - first)


def test_tiny_steps_take_their_turns_and_make_rows() -> None:
    data = prepare_data(TINY().experiment())
    (times,) = measure_steps(
        ["float32"], data, rounds=1, subject=TINY, keras=False, product_side=64
    )
    names = [turn.name for turn in times.turns[0]]
    assert names == ["none", "none again", "none", "dropout", "none", "spatial", "none"]
    assert times.product_rates[0] > times.multiply_adds
    rows = {row.what: row for row in step_rows(times)}
    assert list(rows) == [
        "dropout / none, float32",
        "spatial / none, float32",
        "none / none (the noise), float32",
    ]
    for row in rows.values():
        assert row.ratio is not None
        assert 0.01 < row.ratio.median < 100


def test_convolutions_alone_are_really_computed() -> None:
    def seconds(*changes: str) -> float:
        experiment = Subject(overrides=(*TINY().overrides, *changes)).experiment()
        network = build_experiment_network(experiment, size=experiment.data.patch_size)
        return measure_convolutions(network, "float32", batch_size=4, rounds=5).lowest

    # 1,024 times the multiply-adds.
    assert seconds("data.patch_size=32", "architecture.filters=64") > 3 * seconds()


def test_the_network_written_by_hand_is_the_same_size() -> None:
    experiment = TINY(kind="dropout").experiment()
    by_hand = build_unet(experiment.architecture, "dropout", channels=3)
    assert count_parameters(by_hand) == count_parameters(build_experiment_network(experiment))
    kinds = [type(layer).__name__ for layer in by_hand.layers]
    assert kinds.count("Dropout") == 4  # encoder, bottleneck, skip, decoder


def test_trainings_wait_for_their_turns() -> None:
    experiment = TINY().experiment()
    data = prepare_data(experiment)
    arrays = prepare_arrays(experiment, data)
    assert len(arrays.clean) == 4
    by_hand = start_fit(
        experiment.architecture, experiment.training, arrays, kind="none", precision="float32"
    )
    trainings = [start_run(experiment, data), by_hand]
    for training in trainings:
        training.warm_up()
        epochs = [training.next_epoch(), training.next_epoch()]
        training.close()
        assert all(0 < epoch.train < epoch.whole < 10 for epoch in epochs)
        assert all(0 < epoch.recorded < 10 for epoch in epochs)


def test_what_goes_wrong_in_a_training_is_told() -> None:
    def train(training: ThreadedTraining) -> None:
        training.end_epoch(train=0.0)
        raise ValueError("out of patches")

    training = ThreadedTraining(train)
    training.warm_up()
    with pytest.raises(ValueError, match="out of patches"):
        training.next_epoch()


def test_a_profile_finds_the_operations_of_a_step() -> None:
    compiled = ["architecture.activation=leaky_relu", "training.batch_size=8"]
    overrides = [*TINY.keywords["overrides"], *compiled]
    plain, dropped = (profile_step(kind, "float32", overrides) for kind in ("none", "dropout"))

    assert list(plain.seconds) == list(dropped.seconds) == list(GROUPS)
    absent = [group for group, seconds in plain.seconds.items() if not seconds]
    assert absent == ["dropout's loops"]
    assert dropped.seconds["dropout's loops"] > 0
    assert sum(plain.seconds.values()) < 2 * plain.step_seconds
