"""Runs an experiment from its data to its result, in a run directory."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dropstudy.config import Experiment, dump_experiment
from dropstudy.config.description import describe_experiment
from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.baselines import describe_baseline
from dropstudy.imaging.evaluation import (
    EvaluationImage,
    mean_scores,
    prepare_evaluation,
    score_all,
)
from dropstudy.imaging.grids import GridHeader, draw_grid
from dropstudy.imaging.patches import PatchSampler
from dropstudy.imaging.sources import Split, load_split
from dropstudy.models import build_network
from dropstudy.models.summary import count_multiply_adds, count_parameters
from dropstudy.runs.directory import RunDirectory, write_json, write_text
from dropstudy.runs.environment import describe_environment
from dropstudy.runs.records import EpochRecord, RunResult, append_epoch, write_result
from dropstudy.training.fitting import Fit, Hooks, evaluate_images, fit_network
from dropstudy.training.losses import make_loss
from dropstudy.training.observing import Observer, Plan
from dropstudy.training.optimizers import make_optimizer
from dropstudy.training.runtime import (
    RuntimeChoice,
    configure_runtime,
    make_strategy,
    peak_gpu_memory_bytes,
)
from dropstudy.training.steps import make_evaluation, make_train_step, separate_replica_masks


def run_experiment(
    experiment: Experiment, directory: RunDirectory, observer: Observer
) -> RunResult:
    """Trains what ``experiment`` says and leaves everything about it in ``directory``.

    An interrupt ends the training and is part of the result; so is an error, which is
    raised again once the result is written.

    Raises:
        DropstudyError: The data, the machine or the training do not allow it.
    """
    started = time.perf_counter()
    write_text(directory.config, dump_experiment(experiment))
    result = RunResult(status="finished", monitor=experiment.training.monitor)
    error: BaseException | None = None
    try:
        _Run(experiment, directory, observer, result).train()
    except KeyboardInterrupt:
        result.status = "interrupted"
    except Exception as caught:
        result.status, result.error, error = "failed", str(caught) or repr(caught), caught
    result.total_seconds = time.perf_counter() - started
    write_result(directory, result)
    observer.on_end(result)
    if error is not None:
        raise error
    return result


@dataclass
class _Run:
    """The state of one run, put together as it goes."""

    experiment: Experiment
    directory: RunDirectory
    observer: Observer
    result: RunResult

    def train(self) -> None:
        """Everything from the data to the final scores."""
        experiment = self.experiment
        self.observer.on_stage("reading images")
        split = load_split(experiment.data)
        runtime = configure_runtime(experiment.runtime)
        write_json(
            self.directory.environment,
            {
                **describe_environment(),
                "runtime": asdict(runtime),
                "data_fingerprint": split.fingerprint,
                "pictures": {
                    part: [picture.name for picture in getattr(split, part)]
                    for part in ("training", "validation", "test")
                },
            },
        )
        self.observer.on_stage(f"restoring with the classical method ({self._baseline_name})")
        validation, test, chosen = self._prepare_images(split)
        self._note_baselines(validation, test)
        self.observer.on_stage("building the network")
        fit = self._assemble(split, runtime, validation, chosen)
        self._train_and_score(fit, test)

    @property
    def _baseline_name(self) -> str:
        return describe_baseline(self.experiment.task)

    def _prepare_images(
        self, split: Split
    ) -> tuple[list[EvaluationImage], list[EvaluationImage], list[EvaluationImage]]:
        """Validation and test images, and the training images that are scored like them."""
        count = min(self.experiment.training.evaluation_images, len(split.training))
        spread = np.linspace(0, len(split.training) - 1, count).astype(int)
        parts = split.validation, split.test, [split.training[index] for index in spread]
        validation, test, chosen = (
            prepare_evaluation(
                part,
                self.experiment.task,
                largest=self.experiment.data.evaluation_size,
                multiple=self.experiment.architecture.size_multiple,
            )
            for part in parts
        )
        return validation, test, chosen

    def _note_baselines(
        self, validation: list[EvaluationImage], test: list[EvaluationImage]
    ) -> None:
        methods = {
            "identity": lambda image: image.degraded,
            "classical": lambda image: image.baseline,
        }
        for name, method in methods.items():
            scores: dict[str, Any] = {"method": self._baseline_name} if name == "classical" else {}
            for prefix, images in (("val", validation), ("test", test)):
                if images:
                    means = mean_scores(score_all(images, method))
                    scores |= {f"{prefix}_{key}": value for key, value in means.items()}
            self.result.baselines[name] = scores

    def _assemble(
        self,
        split: Split,
        runtime: RuntimeChoice,
        validation: list[EvaluationImage],
        chosen: list[EvaluationImage],
    ) -> Fit:
        experiment, training = self.experiment, self.experiment.training
        sampler = PatchSampler(
            split.training, experiment.data, task=experiment.task, seed=experiment.seed
        )
        steps = training.steps_per_epoch or sampler.steps_per_epoch(training.batch_size)
        strategy = make_strategy(runtime)
        with strategy.scope():
            network = self._build_network()
            optimizer = make_optimizer(training, steps_per_epoch=steps, precision=runtime.precision)
            optimizer.build(network.trainable_variables)
        separate_replica_masks(network, strategy)
        loss = make_loss(training.loss, patch_size=experiment.data.patch_size)
        self.result.parameters = count_parameters(network)
        self.result.multiply_adds = count_multiply_adds(
            self._build_network(size=experiment.data.patch_size)
        )
        self.observer.on_start(
            Plan(
                experiment=experiment,
                directory=self.directory,
                runtime=runtime,
                parameters=self.result.parameters,
                multiply_adds=self.result.multiply_adds,
                pictures=(len(split.training), len(split.validation), len(split.test)),
                patches=len(sampler),
                steps_per_epoch=steps,
                baselines=self.result.baselines,
            )
        )
        return Fit(
            network=network,
            optimizer=optimizer,
            train_step=make_train_step(
                network, optimizer, loss, strategy=strategy, xla=runtime.xla
            ),
            evaluate=make_evaluation(network, loss),
            sampler=sampler,
            training=training,
            steps_per_epoch=steps,
            validation=validation,
            training_images=chosen,
            gpu_memory=lambda: peak_gpu_memory_bytes(runtime),
        )

    def _build_network(self, size: int | None = None) -> keras.Model:
        experiment = self.experiment
        return build_network(
            experiment.architecture,
            experiment.dropout,
            channels=1 if experiment.data.channels == "grey" else 3,
            seed=experiment.seed,
            size=size,
        )

    def _train_and_score(self, fit: Fit, test: list[EvaluationImage]) -> None:
        network, samples = fit.network, self.experiment.samples
        best_weights: list[Any] = []

        def on_validated(epoch: int, restored: list[Floats], is_best: bool) -> None:
            if is_best:
                best_weights[:] = network.get_weights()
                self._save(network)
            if samples.every and epoch % samples.every == 0:
                path = self.directory.epoch_samples(epoch)
                self._draw(fit.validation, restored, path, f"epoch {epoch}")

        def on_epoch(record: EpochRecord, is_best: bool) -> None:
            self.result.epochs.append(record)
            append_epoch(self.directory, record)
            self.observer.on_epoch(record, is_best=is_best)

        fit_network(fit, Hooks(self.observer.on_step, on_validated, on_epoch))
        if self.experiment.training.restore_best and self.result.best is not None:
            network.set_weights(best_weights)
            label = f"best epoch, {self.result.best.epoch}"
        else:
            label = f"last epoch, {len(self.result.epochs)}"
        restored = evaluate_images(fit.evaluate, fit.validation).restored
        self._draw(fit.validation, restored, self.directory.final_samples, label)
        if test:
            self.observer.on_stage("scoring the test images")
            self.result.test = evaluate_images(fit.evaluate, test).scores

    def _save(self, network: keras.Model) -> None:
        temporary = self.directory.model.with_name(".partial.keras")
        network.save(temporary)
        temporary.replace(self.directory.model)

    def _draw(
        self, images: Sequence[EvaluationImage], restored: list[Floats], path: Path, label: str
    ) -> None:
        count = self.experiment.samples.count
        if not count:
            return
        header = GridHeader(
            title=f"{self.directory.path.name} · {label}",
            subtitle=describe_experiment(self.experiment),
            baseline=self._baseline_name,
        )
        size = self.experiment.samples.size
        page = draw_grid(images[:count], restored[:count], header=header, window=size)
        page.save(path)
