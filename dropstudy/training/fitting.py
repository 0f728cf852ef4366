"""The training loop: steps, validation, the best epoch so far, an early end."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import keras

from dropstudy.config.training import Training
from dropstudy.errors import TrainingError
from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.evaluation import EvaluationImage, mean_finite, mean_scores
from dropstudy.imaging.metrics import Scores, psnr, score
from dropstudy.imaging.patches import PatchSampler
from dropstudy.runs.environment import available_cores, peak_memory_bytes
from dropstudy.runs.records import EpochRecord
from dropstudy.training.prefetching import Prefetcher
from dropstudy.training.steps import Evaluate, TrainStep
from dropstudy.training.stopping import BestEpoch
from dropstudy.training.timing import EpochTimer


@dataclass(frozen=True)
class Evaluation:
    """A network's work on some images.

    Attributes:
        loss: Mean over the images.
        image_scores: The scores of each image.
        restored: The network's output for each image.
    """

    loss: float
    image_scores: list[Scores]
    restored: list[Floats]

    @property
    def scores(self) -> dict[str, float]:
        """The mean of each score over the images, by name."""
        return mean_scores(self.image_scores)


@dataclass(frozen=True)
class Fit:
    """The parts of a training that its loop puts together.

    Attributes:
        network: What is trained.
        optimizer: Whose learning rate is noted.
        train_step: One step.
        evaluate: One evaluation.
        sampler: Where batches come from.
        training: Epochs, batch size, early stopping.
        steps_per_epoch: Training steps in an epoch.
        validation: Images that choose the best epoch.
        training_images: Fixed training images, scored with dropout off.
        gpu_memory: The most memory held on the GPU so far, if there is one.
    """

    network: keras.Model
    optimizer: keras.optimizers.Optimizer
    train_step: TrainStep
    evaluate: Evaluate
    sampler: PatchSampler
    training: Training
    steps_per_epoch: int
    validation: Sequence[EvaluationImage]
    training_images: Sequence[EvaluationImage]
    gpu_memory: Callable[[], int | None]


@dataclass(frozen=True)
class Hooks:
    """What a run does as its training goes on.

    Attributes:
        on_step: Called with the epoch and the number of steps done in it.
        on_validated: Called with the epoch, the restored validation images and whether
            the epoch is the best so far; its time is the epoch's ``other_seconds``.
        on_epoch: Called with the finished epoch and whether it is the best so far.
    """

    on_step: Callable[[int, int], None]
    on_validated: Callable[[int, list[Floats], bool], None]
    on_epoch: Callable[[EpochRecord, bool], None]


def evaluate_images(evaluate: Evaluate, images: Sequence[EvaluationImage]) -> Evaluation:
    """Restores and scores each of ``images``, of which there is at least one.

    An image is scored, on another thread, while the next ones are restored.
    """
    outputs = []
    with ThreadPoolExecutor(available_cores()) as pool:
        pending = []
        for image in images:
            restored, loss = evaluate(image.degraded, image.clean)
            outputs.append((restored, loss))
            pending.append(pool.submit(score, restored, image.clean))
        scores = [future.result() for future in pending]
    return Evaluation(
        loss=fmean(loss for _, loss in outputs),
        image_scores=scores,
        restored=[restored for restored, _ in outputs],
    )


def fit_network(fit: Fit, hooks: Hooks) -> None:
    """Trains the network, epoch by epoch, until the last one or an early stop.

    Raises:
        TrainingError: A loss is not finite; the text names the epoch and the step.
    """
    training = fit.training
    best = BestEpoch(training.monitor, training.early_stopping)
    epochs = range(1, training.epochs + 1)
    with Prefetcher(
        fit.sampler,
        batch_size=training.batch_size,
        steps_per_epoch=fit.steps_per_epoch,
        epochs=epochs,
    ) as batches:
        timer = EpochTimer()
        for epoch in epochs:
            with timer.measure("train"):
                train_loss, learning_rate = _train_epoch(fit, hooks, epoch, batches, timer)
            with timer.measure("val"):
                validation = evaluate_images(fit.evaluate, fit.validation)
            if not math.isfinite(validation.loss):
                raise TrainingError(f"epoch {epoch}: the validation loss is {validation.loss}")
            scores = validation.scores
            train_eval_loss, train_eval_psnr = _evaluate_training(fit)
            record = EpochRecord(
                epoch=epoch,
                train_loss=train_loss,
                val_loss=validation.loss,
                **{f"val_{name}": value for name, value in scores.items()},
                train_eval_loss=train_eval_loss,
                train_eval_psnr=train_eval_psnr,
                psnr_gap=train_eval_psnr - scores["psnr"],
                train_seconds=timer.seconds("train"),
                val_seconds=timer.seconds("val"),
                other_seconds=0.0,
                first_step_seconds=timer.first_step_seconds,
                wait_seconds=timer.seconds("wait"),
                step_seconds=timer.step_seconds,
                images_per_second=training.batch_size / fmean(timer.steady_steps),
                learning_rate=learning_rate,
                peak_memory_bytes=peak_memory_bytes(),
                peak_gpu_memory_bytes=fit.gpu_memory(),
            )
            is_best = best.update(record)
            hooks.on_validated(epoch, validation.restored, is_best)
            record = replace(record, other_seconds=timer.other_seconds())
            timer.next_epoch(other_seconds=record.other_seconds)
            hooks.on_epoch(record, is_best)
            if best.should_stop:
                break


def _evaluate_training(fit: Fit) -> tuple[float, float]:
    """Loss and PSNR on the fixed training images; not SSIM, whose time no one would want."""
    images = fit.training_images
    outputs = [fit.evaluate(image.degraded, image.clean) for image in images]
    psnrs = [
        psnr(restored, image.clean) for (restored, _), image in zip(outputs, images, strict=True)
    ]
    return fmean(loss for _, loss in outputs), mean_finite(psnrs)


def _train_epoch(
    fit: Fit, hooks: Hooks, epoch: int, batches: Prefetcher, timer: EpochTimer
) -> tuple[float, float]:
    """All steps of an epoch: their mean loss, and the learning rate of the last one."""
    losses: list[float] = []
    learning_rate = 0.0
    pending: Any = None
    for step in range(1, fit.steps_per_epoch + 1):
        with timer.measure_step():
            with timer.measure("wait"):
                batch = batches.next()
            if step == fit.steps_per_epoch:
                learning_rate = float(keras.ops.convert_to_numpy(fit.optimizer.learning_rate))
            # A loss is fetched one step late, so that a GPU need not wait for Python; but at
            # once after the first step, which compiles, and the last, whose time else is no one's.
            if pending is not None:
                losses.append(_fetch(pending, epoch, step - 1))
            pending = fit.train_step(batch)
            if step in (1, fit.steps_per_epoch):
                float(pending)
        hooks.on_step(epoch, step)
    losses.append(_fetch(pending, epoch, fit.steps_per_epoch))
    return fmean(losses), learning_rate


def _fetch(loss: Any, epoch: int, step: int) -> float:
    value = float(loss)
    if not math.isfinite(value):
        raise TrainingError(
            f"epoch {epoch}, step {step}: the training loss is {value}; "
            "try a smaller learning rate, training.gradient_clip_norm, or precision float32"
        )
    return value
