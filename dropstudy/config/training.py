"""How the network is fitted."""

from typing import Annotated, Literal

from pydantic import Field

from dropstudy.config.setting import Allowed, Count, NonNegative, Positive, Rate, Setting

LossName = Literal["mse", "mae", "charbonnier", "ssim_mix", "ms_ssim_mix"]
Monitor = Literal["val_loss", "val_psnr", "val_ssim"]


class Adam(Setting):
    """Adam (Kingma 2015)."""

    kind: Literal["adam"] = "adam"
    learning_rate: Positive = 1e-3


class AdamW(Setting):
    """Adam with decoupled weight decay (Loshchilov 2019)."""

    kind: Literal["adamw"]
    learning_rate: Positive = 1e-3
    weight_decay: NonNegative = 1e-4


class Sgd(Setting):
    """Stochastic gradient descent with Nesterov momentum."""

    kind: Literal["sgd"]
    learning_rate: Positive = 1e-2
    momentum: Rate = 0.9


class Constant(Setting):
    """The optimizer's learning rate throughout."""

    kind: Literal["constant"] = "constant"


class Cosine(Setting):
    """A linear warm-up, then half a cosine down to ``final_share`` of the learning rate."""

    kind: Literal["cosine"]
    warmup_epochs: NonNegative = 1.0
    """Epochs, or a part of one, over which the rate rises from a tenth to its full value."""
    final_share: Rate = 0.0


class EarlyStopping(Setting):
    """Ends the training when the monitored value has stopped getting better."""

    monitor: Monitor = "val_loss"
    patience: Count = 5
    """Epochs without a new best after which the training ends."""
    minimum_gain: NonNegative = 0.0
    """Only a gain above this starts patience anew; the best epoch is the best all the same."""


class Training(Setting):
    """Length, loss and optimizer of the training."""

    epochs: Count = 20
    seconds: Positive | None = None
    """Training seconds after which no further epoch begins; null: no limit."""
    steps_per_epoch: Count | None = None
    """Batches in an epoch; null: as many as use every patch once."""
    batch_size: Annotated[
        int, Field(ge=1, le=65536), Allowed("a whole number from 1 to 65,536")
    ] = 16
    optimizer: Annotated[Adam | AdamW | Sgd, Field(discriminator="kind")] = Adam()
    schedule: Annotated[Constant | Cosine, Field(discriminator="kind")] = Constant()
    loss: LossName = "mae"
    """``ssim_mix`` and ``ms_ssim_mix``: 0.84·(1 − (MS-)SSIM) + 0.16·MAE (Zhao 2017)."""
    gradient_clip_norm: Positive | None = None
    """Longest gradient, over all weights together; null: not clipped."""
    early_stopping: EarlyStopping | None = None
    restore_best: bool = True
    """Whether the final pictures and test scores are the best epoch's or the last one's."""
    evaluation_images: Count = 4
    """Training images scored like the validation ones, dropout off, for the generalisation gap."""

    @property
    def monitor(self) -> Monitor:
        """The value by which the best epoch is chosen."""
        return self.early_stopping.monitor if self.early_stopping else "val_loss"
