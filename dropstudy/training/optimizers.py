"""From the optimizer's settings to Keras' optimizer and its learning rates."""

from typing import Any, assert_never

import keras

from dropstudy.config.runtime import PrecisionName
from dropstudy.config.training import Adam, AdamW, Constant, Cosine, Sgd, Training

WARMUP_START_SHARE = 0.1


def make_optimizer(
    training: Training, *, steps_per_epoch: int, precision: PrecisionName
) -> keras.optimizers.Optimizer:
    """The optimizer with its schedule, its clipping and, for float16, its loss scaling.

    Args:
        training: What the experiment asks for.
        steps_per_epoch: Training steps in an epoch, by which schedules count.
        precision: Of the network; ``mixed_float16`` needs scaled losses.
    """
    chosen = training.optimizer
    rate = _learning_rates(training, steps_per_epoch)
    clip = training.gradient_clip_norm
    match chosen:
        case Adam():
            optimizer = keras.optimizers.Adam(rate, global_clipnorm=clip)
        case AdamW():
            optimizer = keras.optimizers.AdamW(
                rate, weight_decay=chosen.weight_decay, global_clipnorm=clip
            )
        case Sgd():
            optimizer = keras.optimizers.SGD(
                rate, momentum=chosen.momentum, nesterov=chosen.momentum > 0, global_clipnorm=clip
            )
        case _:
            assert_never(chosen)
    if precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def _learning_rates(training: Training, steps_per_epoch: int) -> Any:
    peak = training.optimizer.learning_rate
    match training.schedule:
        case Constant():
            return peak
        case Cosine(warmup_epochs=warmup_epochs, final_share=final_share):
            total = training.epochs * steps_per_epoch
            warmup = min(round(warmup_epochs * steps_per_epoch), total - 1)
            return keras.optimizers.schedules.CosineDecay(
                peak * WARMUP_START_SHARE if warmup else peak,
                decay_steps=total - warmup,
                alpha=final_share,
                warmup_target=peak if warmup else None,
                warmup_steps=warmup,
            )
        case _:
            assert_never(training.schedule)
