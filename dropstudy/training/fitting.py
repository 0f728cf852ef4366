"""The training loop: steps, validation, the best epoch so far, an early end."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import fmean
from typing import Any

import keras
import tensorflow as tf

from dropstudy.config.training import Training
from dropstudy.errors import NotFiniteError
from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.evaluation import EvaluationImage, mean_finite
from dropstudy.imaging.metrics import psnr
from dropstudy.imaging.patches import PatchSampler
from dropstudy.runs.environment import peak_memory_bytes
from dropstudy.runs.records import EpochRecord
from dropstudy.runs.stopping import follow_training
from dropstudy.training.evaluation import Evaluation, evaluate_images
from dropstudy.training.prefetching import Prefetcher, count_batch_threads
from dropstudy.training.steps import Evaluate, TrainStep
from dropstudy.training.timing import EpochTimer

_WAYS = "try a smaller learning rate or training.gradient_clip_norm"


@dataclass(frozen=True)
class Fit:
    """The parts of a training that its loop puts together.

    Attributes:
        network: What is trained.
        export: Returns the network as it is now, of layers that other programs can open.
        strategy: How its variables are spread over devices.
        optimizer: Whose learning rate is noted.
        train_step: One step.
        evaluate: One evaluation.
        sampler: Where batches come from.
        training: Epochs, batch size, what ends it early.
        steps_per_epoch: Training steps in an epoch.
        validation: Images that choose the best epoch.
        training_images: Fixed training images, scored with dropout off.
        gpu_memory: The most memory held on the GPU so far, if there is one.
    """

    network: keras.Model
    export: Callable[[], keras.Model]
    strategy: tf.distribute.Strategy
    optimizer: keras.optimizers.Optimizer
    train_step: TrainStep
    evaluate: Evaluate
    sampler: PatchSampler
    training: Training
    steps_per_epoch: int
    validation: Sequence[EvaluationImage]
    training_images: Sequence[EvaluationImage]
    gpu_memory: Callable[[], int | None]

    @cached_property
    def degraded_psnrs(self) -> list[float]:
        """Of each validation image as the network gets it: the same in every epoch."""
        return [psnr(image.degraded, image.clean) for image in self.validation]


@dataclass
class Progress:
    """How far a training has come; all that is not in the network and its optimizer.

    Attributes:
        epoch: Which it is in, from 1; one more than the last when all are done.
        step: How many steps of it are done.
        losses: Of those steps.
        learning_rate: Of the epoch's last step, once that is done.
        epochs: All epochs that are finished.
        timer: Of the epoch.
    """

    epoch: int = 1
    step: int = 0
    losses: list[float] = field(default_factory=list)
    learning_rate: float = 0.0
    epochs: list[EpochRecord] = field(default_factory=list)
    timer: EpochTimer = field(default_factory=EpochTimer)


@dataclass(frozen=True)
class Hooks:
    """What a run does as its training goes on.

    Attributes:
        on_step: Called with the epoch and the number of steps done in it.
        on_validated: Called with the epoch, the restored validation images and whether
            the epoch is the best so far; its time is the epoch's ``other_seconds``.
        on_epoch: Called with the finished epoch and whether it is the best so far.
        is_pausing: Whether to pause after the step whose number in the epoch is given.
        is_leaving: Whether to pause although no step has ended; ``on_pause`` does not return then.
        on_pause: Called where the training can be saved and left; progress, network and
            optimizer agree there. Its time is the epoch's ``other_seconds``.
    """

    on_step: Callable[[int, int], None]
    on_validated: Callable[[int, list[Floats], bool], None]
    on_epoch: Callable[[EpochRecord, bool], None]
    is_pausing: Callable[[int], bool] = lambda _: False
    is_leaving: Callable[[], bool] = lambda: False
    on_pause: Callable[[], None] = lambda: None

    def pause_if_leaving(self) -> None:
        """Pauses although no step has ended, if that is wanted."""
        if self.is_leaving():
            self.on_pause()


def fit_network(fit: Fit, hooks: Hooks, progress: Progress) -> None:
    """Trains the network, epoch by epoch, until the last one or until it is time to stop.

    Args:
        fit: What is trained, and how.
        hooks: What to do on the way.
        progress: From where to go on; kept up to date.

    Raises:
        NotFiniteError: A loss is not finite; the text names the epoch and the step.
    """
    training, timer = fit.training, progress.timer
    best = follow_training(training, progress.epochs)
    epochs = range(progress.epoch, training.epochs + 1)
    if not epochs or best.should_stop:
        return
    with Prefetcher(
        fit.sampler,
        batch_size=training.batch_size,
        steps_per_epoch=fit.steps_per_epoch,
        epochs=epochs,
        first_step=progress.step,
        threads=count_batch_threads(),
    ) as batches:
        for _ in epochs:
            _train_epoch(fit, hooks, progress, batches)
            hooks.pause_if_leaving()
            with timer.measure("val"):
                validation = evaluate_images(
                    fit.evaluate, fit.validation, on_image=hooks.pause_if_leaving
                )
            if not math.isfinite(validation.loss):
                raise NotFiniteError(
                    f"epoch {progress.epoch}: the validation loss is {validation.loss}; {_WAYS}"
                )
            record = _describe_epoch(fit, progress, validation)
            is_best = best.update(record)
            hooks.on_validated(record.epoch, validation.restored, is_best)
            record = replace(record, other_seconds=timer.other_seconds())
            timer.next_epoch(other_seconds=record.other_seconds)
            progress.epochs.append(record)
            progress.epoch, progress.step, progress.losses = record.epoch + 1, 0, []
            hooks.on_epoch(record, is_best)
            if best.should_stop:
                break


def _describe_epoch(fit: Fit, progress: Progress, validation: Evaluation) -> EpochRecord:
    """All that is noted of an epoch but for its ``other_seconds``, which go on."""
    timer, scores = progress.timer, validation.scores
    train_eval_loss, train_eval_psnr = _evaluate_training(fit)
    return EpochRecord(
        epoch=progress.epoch,
        train_loss=fmean(progress.losses),
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
        images_per_second=fit.training.batch_size / fmean(timer.steady_steps),
        learning_rate=progress.learning_rate,
        peak_memory_bytes=peak_memory_bytes(),
        peak_gpu_memory_bytes=fit.gpu_memory(),
        val_identity_gain=_mean_identity_gain(fit, validation),
        val_copy_ratio=fmean(validation.copy_ratios),
    )


def _mean_identity_gain(fit: Fit, validation: Evaluation) -> float:
    """Of PSNRs that are known; images restored without error have no finite one, and are left out.

    A PSNR takes a tenth of the time of an image's scores.
    """
    after = [scores.psnr for scores in validation.image_scores]
    pairs = zip(after, fit.degraded_psnrs, strict=True)
    return mean_finite([restored - degraded for restored, degraded in pairs])


def _evaluate_training(fit: Fit) -> tuple[float, float]:
    """Loss and PSNR on the fixed training images; not SSIM, whose time no one would want."""
    images = fit.training_images
    outputs = [fit.evaluate(image.degraded, image.clean) for image in images]
    psnrs = [
        psnr(restored, image.clean) for (restored, _), image in zip(outputs, images, strict=True)
    ]
    return fmean(loss for _, loss in outputs), mean_finite(psnrs)


def _train_epoch(fit: Fit, hooks: Hooks, progress: Progress, batches: Prefetcher) -> None:
    """The epoch's steps that are left."""
    timer, epoch, last = progress.timer, progress.epoch, fit.steps_per_epoch
    pending: Any = None

    def leave_if_wanted() -> None:
        """Between two steps, of which the second waits for its batch."""
        if hooks.is_leaving():
            if pending is not None:
                progress.losses.append(_fetch(pending, epoch, progress.step))
            hooks.on_pause()

    for step in range(progress.step + 1, last + 1):
        with timer.measure("train"):
            with timer.measure_step():
                with timer.measure("wait"):
                    batch = batches.next(leave_if_wanted)
                if step == last:
                    rate = keras.ops.convert_to_numpy(fit.optimizer.learning_rate)
                    progress.learning_rate = float(rate)
                # A loss is fetched one step late, so that a GPU need not wait for Python; but at
                # once after the first step, which compiles, and where the time of a step else
                # were no one's.
                if pending is not None:
                    progress.losses.append(_fetch(pending, epoch, step - 1))
                pending = fit.train_step(batch)
                is_pausing = hooks.is_pausing(step)
                if is_pausing or step in (1, last):
                    float(pending)
            if is_pausing or step == last:
                progress.losses.append(_fetch(pending, epoch, step))
                pending = None
        progress.step = step
        hooks.on_step(epoch, step)
        if is_pausing:
            hooks.on_pause()


def _fetch(loss: Any, epoch: int, step: int) -> float:
    value = float(loss)
    if not math.isfinite(value):
        raise NotFiniteError(f"epoch {epoch}, step {step}: the training loss is {value}; {_WAYS}")
    return value
