"""Runs an experiment from its data to its result, in a run directory."""

import time
from dataclasses import asdict
from typing import Any

from dropstudy.config import Experiment, dump_experiment
from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.baselines import describe_baseline
from dropstudy.imaging.sources import Split, load_split
from dropstudy.models.summary import count_multiply_adds, count_parameters, find_dropout_sites
from dropstudy.runs.directory import RunDirectory, write_json, write_text
from dropstudy.runs.environment import describe_environment
from dropstudy.runs.records import (
    EpochRecord,
    RunResult,
    append_epoch,
    write_image_records,
    write_result,
)
from dropstudy.training.assembly import assemble_fit, build_experiment_network
from dropstudy.training.fitting import Fit, Hooks, evaluate_images, fit_network
from dropstudy.training.observing import Observer, Plan
from dropstudy.training.preparation import mean_baselines, prepare_images, score_references
from dropstudy.training.recording import RestoredPart, draw_samples, record_images
from dropstudy.training.runtime import RuntimeChoice, configure_runtime


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
    result = RunResult(status="finished", monitor=experiment.training.monitor)
    error: Exception | None = None
    try:
        _train(experiment, directory, observer, result)
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


def _train(
    experiment: Experiment, directory: RunDirectory, observer: Observer, result: RunResult
) -> None:
    """Everything from the images to the final scores; fills ``result`` as it goes."""
    write_text(directory.config, dump_experiment(experiment))
    write_json(directory.settings, experiment.model_dump(mode="json"))
    observer.on_stage("reading images")
    split = load_split(experiment.data)
    runtime = configure_runtime(experiment.runtime)
    _note_environment(directory, runtime, split)
    observer.on_stage(f"restoring with the classical method: {describe_baseline(experiment.task)}")
    images = prepare_images(experiment, split)
    validation, test = score_references(images.validation), score_references(images.test)
    result.baselines = mean_baselines(experiment, validation=validation, test=test)
    observer.on_stage("building the network")
    fit = assemble_fit(experiment, split=split, images=images, runtime=runtime)
    sized = build_experiment_network(experiment, size=experiment.data.patch_size)
    result.parameters, result.multiply_adds = count_parameters(sized), count_multiply_adds(sized)
    result.steps_per_epoch = fit.steps_per_epoch
    sites = find_dropout_sites(sized, experiment.dropout, batch_size=experiment.training.batch_size)
    result.draws_per_step = sum(site.draws for site in sites)
    observer.on_start(
        Plan(
            experiment=experiment,
            directory=directory,
            runtime=runtime,
            parameters=result.parameters,
            multiply_adds=result.multiply_adds,
            pictures=(len(split.training), len(split.validation), len(split.test)),
            patches=len(fit.sampler),
            steps_per_epoch=fit.steps_per_epoch,
            baselines=result.baselines,
        )
    )
    final = _fit(experiment, directory, observer, result, fit)
    evaluation = evaluate_images(fit.evaluate, images.validation)
    draw_samples(
        experiment,
        directory,
        images.validation,
        evaluation.restored,
        path=directory.final_samples,
        label=final,
    )
    done = RestoredPart("validation", images.validation, validation, evaluation)
    records = record_images(directory, done, keep=experiment.samples.images)
    if images.test:
        observer.on_stage("scoring the test images")
        evaluation = evaluate_images(fit.evaluate, images.test)
        result.test = evaluation.scores
        done = RestoredPart("test", images.test, test, evaluation)
        records += record_images(directory, done, keep=0)
    write_image_records(directory, records)


def _fit(
    experiment: Experiment,
    directory: RunDirectory,
    observer: Observer,
    result: RunResult,
    fit: Fit,
) -> str:
    """Trains and notes every epoch; returns which epoch the network is left at."""
    best_weights: list[Any] = []
    new_model = directory.model.with_name(f".partial{directory.model.suffix}")

    def on_validated(epoch: int, restored: list[Floats], is_best: bool) -> None:
        if is_best:
            best_weights[:] = fit.network.get_weights()
            fit.network.save(new_model)
        if experiment.samples.every and epoch % experiment.samples.every == 0:
            path = directory.epoch_samples(epoch)
            draw_samples(
                experiment,
                directory,
                fit.validation,
                restored,
                path=path,
                label=f"epoch {epoch}",
            )

    def on_epoch(record: EpochRecord, is_best: bool) -> None:
        result.epochs.append(record)
        append_epoch(directory, record)
        if is_best:  # only now, so that the model is never of an epoch without a row
            new_model.replace(directory.model)
        observer.on_epoch(record, is_best=is_best)

    try:
        fit_network(fit, Hooks(observer.on_step, on_validated, on_epoch))
    finally:
        new_model.unlink(missing_ok=True)
    if experiment.training.restore_best and result.best is not None:
        fit.network.set_weights(best_weights)
        return f"best epoch, {result.best.epoch}"
    return f"last epoch, {len(result.epochs)}"


def _note_environment(directory: RunDirectory, runtime: RuntimeChoice, split: Split) -> None:
    parts = ("training", "validation", "test")
    pictures = {part: [picture.name for picture in getattr(split, part)] for part in parts}
    noted = {
        **describe_environment(),
        "runtime": asdict(runtime),
        "data_fingerprint": split.fingerprint,
        "pictures": pictures,
    }
    write_json(directory.environment, noted)
