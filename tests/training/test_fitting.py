from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import get_args

import numpy as np
import pytest

from dropstudy.config import Experiment
from dropstudy.config.task import TaskSetting
from dropstudy.config.training import Training
from dropstudy.errors import TrainingError
from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.identity import copy_ratio, identity_gain
from dropstudy.imaging.patches import PatchSampler
from dropstudy.imaging.sources import load_split
from dropstudy.runs.records import EpochRecord
from dropstudy.training.evaluation import evaluate_images
from dropstudy.training.fitting import Fit, Hooks, Progress, fit_network
from dropstudy.training.preparation import prepare_images
from tests.training.tiny import SIDE, assemble, tiny_experiment, write_arrays

STANDSTILL = {"kind": "sgd", "learning_rate": 1e-12}
"""Too small to move a float32 weight, so that every epoch is like the first."""


@dataclass
class Log:
    """Everything that the loop says, and when it said it."""

    steps: list[tuple[int, int]] = field(default_factory=list)
    validated: list[tuple[int, int, bool]] = field(default_factory=list)
    records: list[EpochRecord] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def hooks(self) -> Hooks:
        def on_step(epoch: int, step: int) -> None:
            self.steps.append((epoch, step))

        def on_validated(epoch: int, restored: list[Floats], is_best: bool) -> None:
            self.validated.append((epoch, len(restored), is_best))

        def on_epoch(record: EpochRecord, is_best: bool) -> None:
            self.times.append(perf_counter())
            self.records.append(record)

        return Hooks(on_step, on_validated, on_epoch)


def _fit(experiment: Experiment) -> tuple[Fit, Log]:
    fit, log = assemble(experiment), Log()
    fit_network(fit, log.hooks(), Progress())
    return fit, log


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """Four epochs of three steps, the learning rate along a cosine."""
    experiment = tiny_experiment(
        tmp_path_factory.mktemp("fit"),
        training={
            "epochs": 4,
            "steps_per_epoch": 3,
            "schedule": {"kind": "cosine", "warmup_epochs": 0},
        },
    )
    return _fit(experiment)[1]


def test_hooks_are_called_for_every_step_and_epoch_in_order(log: Log) -> None:
    assert log.steps == [(epoch, step) for epoch in range(1, 5) for step in range(1, 4)]
    assert [(epoch, count) for epoch, count, _ in log.validated] == [(e, 1) for e in range(1, 5)]
    assert [record.epoch for record in log.records] == [1, 2, 3, 4]


def test_the_best_so_far_is_where_the_validation_loss_was_lowest(log: Log) -> None:
    losses = [record.val_loss for record in log.records]
    lowest = [loss < min(losses[:index], default=np.inf) for index, loss in enumerate(losses)]

    assert [is_best for _, _, is_best in log.validated] == lowest


def test_train_val_and_other_seconds_are_all_the_time_there_is(log: Log) -> None:
    noted = sum(record.total_seconds for record in log.records[1:])
    passed = log.times[-1] - log.times[0]

    assert noted == pytest.approx(passed, rel=0.02, abs=0.02)
    for record in log.records:
        assert min(record.train_seconds, record.val_seconds, record.other_seconds) > 0


def test_steps_and_waiting_fit_into_the_seconds_of_training(log: Log) -> None:
    for record in log.records:
        assert 0 <= record.wait_seconds <= record.train_seconds
        steps = record.first_step_seconds + 2 * 2 / record.images_per_second
        assert 0.5 * record.train_seconds < steps <= record.train_seconds
    later = min(record.first_step_seconds for record in log.records[1:])
    assert log.records[0].first_step_seconds > 5 * later


def test_the_learning_rate_noted_is_that_of_the_epochs_last_step(log: Log) -> None:
    expected = [1e-3 * (1 + np.cos(np.pi * step / 12)) / 2 for step in (2, 5, 8, 11)]

    np.testing.assert_allclose([r.learning_rate for r in log.records], expected, rtol=1e-4)


def test_the_gap_is_what_training_images_score_above_validation_ones(log: Log) -> None:
    for record in log.records:
        assert record.psnr_gap == record.train_eval_psnr - record.val_psnr


def test_memory_is_noted_and_never_falls(log: Log) -> None:
    peaks = [record.peak_memory_bytes for record in log.records]

    # Linux counts pages on each core and sums them roughly: a peak can fall by a page or two.
    assert np.all(np.diff(peaks) > -(2**20))
    assert peaks[0] > 50e6
    assert log.records[0].peak_gpu_memory_bytes is None


def test_training_loss_has_dropout_on_and_the_training_images_score_has_it_off(
    tmp_path: Path,
) -> None:
    # Weights stand still and every training image is one whole patch, met once an epoch:
    # without dropout the two losses are means over the same images.
    plain = tiny_experiment(
        tmp_path,
        data={"augment": {"flip": False, "turn": False, "crop": False}},
        task={"kind": "pixelate"},
        training={"epochs": 1, "batch_size": 3, "steps_per_epoch": 1, "optimizer": STANDSTILL},
    )
    heavy = {"head": {"kind": "dropout", "rate": 0.9}}
    dropping = tiny_experiment(
        tmp_path, **{**plain.model_dump(include={"data", "task", "training"}), "dropout": heavy}
    )
    [without] = _fit(plain)[1].records
    [with_it] = _fit(dropping)[1].records

    assert without.train_loss == pytest.approx(without.train_eval_loss, rel=1e-4)
    assert with_it.train_eval_loss == pytest.approx(without.train_eval_loss, rel=1e-4)
    assert with_it.train_loss > 1.05 * with_it.train_eval_loss


def test_an_epoch_without_a_better_value_uses_patience_until_the_training_ends(
    tmp_path: Path,
) -> None:
    _, log = _fit(
        tiny_experiment(
            tmp_path,
            training={
                "epochs": 9,
                "optimizer": STANDSTILL,
                "early_stopping": {"monitor": "val_loss", "patience": 2},
            },
        )
    )

    assert [record.epoch for record in log.records] == [1, 2, 3]
    assert [is_best for _, _, is_best in log.validated] == [True, False, False]


def test_seconds_of_training_end_it_before_another_epoch_begins(tmp_path: Path) -> None:
    training = {"epochs": 50, "steps_per_epoch": 2, "seconds": 1e-3}
    fit, log = _fit(tiny_experiment(tmp_path, training=training))
    assert [record.epoch for record in log.records] == [1]

    longer = replace(fit, training=Training.model_validate({**training, "seconds": 2.0}))
    progress = Progress(epoch=2, epochs=list(log.records))
    fit_network(longer, log.hooks(), progress)
    spent = np.cumsum([record.train_seconds for record in log.records])
    assert len(spent) == 50 or spent[-2] < 2.0 <= spent[-1]
    steps = len(log.steps)
    fit_network(replace(fit, training=fit.training), log.hooks(), progress)
    assert len(log.steps) == steps, "a training whose seconds are spent is finished"


def test_each_epoch_notes_how_much_of_its_input_the_network_returns(tmp_path: Path) -> None:
    fit, log = _fit(tiny_experiment(tmp_path, training={"epochs": 2, "steps_per_epoch": 8}))
    [image] = fit.validation
    evaluation = evaluate_images(fit.evaluate, fit.validation)
    images = evaluation.restored[0], image.degraded, image.clean
    last = log.records[-1]
    assert last.val_copy_ratio == pytest.approx(copy_ratio(*images))
    assert last.val_identity_gain == pytest.approx(identity_gain(*images))
    assert log.records[0].val_copy_ratio != last.val_copy_ratio


def test_a_residual_network_that_has_not_learned_returns_its_input(tmp_path: Path) -> None:
    training, residual = {"epochs": 1, "optimizer": STANDSTILL}, {"residual": True}
    _, log = _fit(tiny_experiment(tmp_path, training=training, architecture=residual))
    [record] = log.records
    assert record.val_copy_ratio == pytest.approx(1, abs=1e-4)
    assert record.val_identity_gain == pytest.approx(0, abs=1e-3)


def _poison(fit: Fit, log: Log, place: tuple[int, int]) -> Hooks:
    """Hooks that make the network put out NaN once the epoch's step is done."""
    head = fit.network.get_layer("head")

    def on_step(epoch: int, step: int) -> None:
        if (epoch, step) == place:
            head.set_weights([np.full_like(weight, np.nan) for weight in head.get_weights()])

    return replace(log.hooks(), on_step=on_step)


def test_a_training_loss_that_is_not_finite_ends_the_training_at_its_step(tmp_path: Path) -> None:
    fit, log = assemble(tiny_experiment(tmp_path, training={"steps_per_epoch": 4})), Log()

    with pytest.raises(
        TrainingError, match="epoch 2, step 3: the training loss is nan; try a smaller learning"
    ):
        fit_network(fit, _poison(fit, log, (2, 2)), Progress())
    assert [record.epoch for record in log.records] == [1]


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
def test_a_validation_loss_that_is_not_finite_ends_the_training_at_its_epoch(
    tmp_path: Path,
) -> None:
    fit, log = assemble(tiny_experiment(tmp_path)), Log()

    with pytest.raises(TrainingError, match="epoch 1: the validation loss is nan"):
        fit_network(fit, _poison(fit, log, (1, 2)), Progress())
    assert log.records == []


def test_an_evaluation_is_the_mean_over_its_images(tmp_path: Path) -> None:
    fit = assemble(tiny_experiment(tmp_path))
    images = fit.training_images
    together = evaluate_images(fit.evaluate, images)
    alone = [evaluate_images(fit.evaluate, [image]) for image in images]

    assert len(images) == 3
    assert together.loss == pytest.approx(np.mean([one.loss for one in alone]))
    for name, value in together.scores.items():
        assert value == pytest.approx(np.mean([one.scores[name] for one in alone]))
    assert [image.shape for image in together.restored] == [(SIDE, SIDE, 3)] * 3
    for index, one in enumerate(alone):
        np.testing.assert_array_equal(together.restored[index], one.restored[0])


def _task_kinds() -> list[str]:
    members = get_args(get_args(TaskSetting)[0])
    return [get_args(member.model_fields["kind"].annotation)[0] for member in members]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Fit:
    return assemble(tiny_experiment(tmp_path_factory.mktemp("compiled")))


@pytest.mark.parametrize("kind", _task_kinds())
def test_every_task_trains_and_is_scored(kind: str, compiled: Fit, tmp_path: Path) -> None:
    two = [{"kind": "blur"}, {"kind": "jpeg"}]
    options = {"compose": {"steps": two}, "one_of": {"choices": two}}
    path = write_arrays(tmp_path, given=kind == "given")
    experiment = tiny_experiment(
        tmp_path,
        data={"kind": "arrays", "path": str(path), "patch_size": SIDE},
        task={"kind": kind, **options.get(kind, {})},
    )
    split = load_split(experiment.data)
    sampler = PatchSampler(split.training, experiment.data, task=experiment.task, seed=0)
    batch = sampler.batch(1, 0, 2)

    assert np.any(batch.degraded != batch.clean)
    assert np.isfinite(float(compiled.train_step(batch)))
    evaluation = evaluate_images(compiled.evaluate, prepare_images(experiment, split).validation)
    assert np.isfinite([evaluation.loss, *evaluation.scores.values()]).all()
