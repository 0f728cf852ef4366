"""From the optimizer's settings to Keras' optimizer and its learning rates."""

from typing import Any, assert_never

import keras
import tensorflow as tf

from dropstudy.config.runtime import PrecisionName
from dropstudy.config.training import Adam, AdamW, Constant, Cosine, Sgd, Training

WARMUP_START_SHARE = 0.1


class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam, each variable of which is updated by one operation instead of fifteen.

    With ``weight_decay`` it is AdamW, as Keras' own is.
    """

    def update_step(self, gradient: tf.Tensor, variable: Any, learning_rate: Any) -> None:
        """Updates a variable and its two moving averages (Kingma 2015, section 2, last lines)."""
        index = self._get_variable_index(variable)
        steps = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[index]),
            v=_handle(self._velocities[index]),
            beta1_power=tf.pow(self.beta_1, steps),
            beta2_power=tf.pow(self.beta_2, steps),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )


def _handle(variable: Any) -> Any:
    """TensorFlow's own of a variable, which may be Keras'."""
    inner = variable.value if isinstance(variable, keras.Variable) else variable
    return inner.handle


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
            optimizer = FusedAdam(rate, global_clipnorm=clip)
        case AdamW():
            optimizer = FusedAdam(rate, weight_decay=chosen.weight_decay, global_clipnorm=clip)
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
