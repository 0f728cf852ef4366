"""The training that a user of Keras would write by hand: layers, ``compile``, ``fit``."""

import time
from typing import Any

import keras
from keras import layers

from dropstudy.config.architecture import Architecture
from dropstudy.config.training import Training
from scripts.bench.experiments import RATE, Arrays
from scripts.bench.trainings import ThreadedTraining

DROPOUTS = {"dropout": layers.Dropout, "spatial": layers.SpatialDropout2D}


def start_fit(
    architecture: Architecture, training: Training, arrays: Arrays, *, kind: str, precision: str
) -> ThreadedTraining:
    """A ``fit`` on arrays, at Keras' defaults, that waits at each epoch's end."""

    def train(turns: ThreadedTraining) -> None:
        keras.config.set_dtype_policy(precision)  # of this thread
        network = build_unet(architecture, kind, channels=arrays.clean.shape[-1])
        network.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mae")
        some = slice(2 * training.batch_size)
        for part, epochs, callbacks in (
            (some, 1, []),  # compiles
            (slice(None), training.epochs, [_TurnTaker(turns)]),
        ):
            network.fit(
                arrays.degraded[part],
                arrays.clean[part],
                batch_size=training.batch_size,
                epochs=epochs,
                validation_data=(arrays.validation_degraded[part], arrays.validation_clean[part]),
                callbacks=callbacks,
                verbose=0,
            )

    return ThreadedTraining(train)


def build_unet(architecture: Architecture, kind: str, *, channels: int) -> keras.Model:
    """The same UNet in plain Keras, with dropout in every block and on every skip.

    Args:
        architecture: Depth, filters and convolutions; a plain UNet with a residual output.
        kind: Of dropout; ``none``: without.
        channels: Of the image.
    """

    def drop(features: Any) -> Any:
        return features if kind == "none" else DROPOUTS[kind](RATE)(features)

    def block(features: Any, filters: int) -> Any:
        for index in range(architecture.convolutions):
            features = layers.Conv2D(
                filters,
                3,
                padding="same",
                activation=architecture.activation,
                kernel_initializer="he_normal",
            )(features)
            features = drop(features) if index == 0 else features
        return features

    filters, depth = architecture.filters, architecture.depth
    degraded = keras.Input((None, None, channels))
    features, skips = degraded, []
    for level in range(depth):
        features = block(features, filters * 2**level)
        skips.append(features)
        features = layers.MaxPooling2D()(features)
    features = block(features, filters * 2**depth)
    for level in reversed(range(depth)):
        features = layers.Conv2DTranspose(filters * 2**level, 2, strides=2)(features)
        features = layers.Concatenate()([drop(skips[level]), features])
        features = block(features, filters * 2**level)
    change = layers.Conv2D(
        channels, 3, padding="same", kernel_initializer="zeros", dtype="float32"
    )(features)
    return keras.Model(degraded, layers.Add(dtype="float32")([degraded, change]))


class _TurnTaker(keras.callbacks.Callback):  # type: ignore[misc]
    """Has a ``fit`` wait at each epoch's end."""

    def __init__(self, turns: ThreadedTraining) -> None:
        super().__init__()
        self._turns = turns
        self._trained = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        self._turns.end_epoch(train=0.0)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._trained = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._turns.end_epoch(train=self._trained - self._turns.started)
