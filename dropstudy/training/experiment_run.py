"""Runs an experiment from its data to its result, in a run directory."""

import gc
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from dropstudy.config import Experiment
from dropstudy.errors import RuntimeUnavailableError, StorageError
from dropstudy.imaging.arrays import Floats
from dropstudy.models.summary import count_multiply_adds, count_parameters, find_dropout_sites
from dropstudy.runs.checkpoints import RUN_SECONDS, Checkpoint
from dropstudy.runs.directory import RunDirectory, settle
from dropstudy.runs.records import (
    EpochRecord,
    RunResult,
    append_epoch,
    write_image_records,
    write_result,
)
from dropstudy.runs.resumption import Resumption
from dropstudy.training.assembly import assemble_fit
from dropstudy.training.checkpointing import Checkpointer
from dropstudy.training.evaluation import evaluate_images
from dropstudy.training.faults import Remedy, find_remedy, telling_ways_out
from dropstudy.training.fitting import Hooks, Progress, fit_network
from dropstudy.training.interruption import Interruption
from dropstudy.training.noting import (
    note_beginning,
    note_remedy,
    note_resumption,
    refuse_other_images,
)
from dropstudy.training.observing import Observer, Plan
from dropstudy.training.preparation import PreparedData, mean_baselines, score_references
from dropstudy.training.recording import RestoredPart, draw_samples, record_images, save_model
from dropstudy.training.runtime import RuntimeChoice, configure_runtime
from dropstudy.training.state import restore_network


@dataclass(frozen=True)
class Job:
    """A run to be made, or to be gone on with.

    Attributes:
        experiment: What is trained.
        directory: Where all about it is written.
        data: Its images.
        resumption: How it goes on; None for a new run.
        interruption: Whether it shall end early.
    """

    experiment: Experiment
    directory: RunDirectory
    data: PreparedData
    resumption: Resumption | None = None
    interruption: Interruption = field(default_factory=Interruption)

    @property
    def checkpoint(self) -> Checkpoint | None:
        """From where it goes on; None: from the beginning."""
        return self.resumption.checkpoint if self.resumption else None


def run_experiment(job: Job, observer: Observer) -> RunResult:
    """Trains what ``job`` says and leaves everything about it in its directory.

    An interrupt ends the training and is part of the result; so is an error, which is
    raised again once the result is written. After a fault for which the experiment's
    ``recovery`` has a remedy, the run starts over with that.

    Raises:
        RuntimeUnavailableError: The machine does not allow it; nothing has been written.
        DataError: The images are not those that the run began with; likewise.
        DropstudyError: The training, or its directory, does not allow it.
    """
    runtime = _configure(job)
    spent = job.checkpoint.seconds[RUN_SECONDS] if job.checkpoint else 0.0
    started = time.perf_counter() - spent
    resumes = _note_start(job, runtime, observer)
    while True:
        result = RunResult("finished", monitor=job.experiment.training.monitor, resumes=resumes)
        if job.checkpoint is not None:  # they stand, also if it fails before it goes on
            result.epochs = list(job.checkpoint.epochs)
        error: Exception | None = None
        remedy: Remedy | None = None
        try:
            with telling_ways_out(job.experiment, runtime):
                _train(job, runtime, observer, result, lambda: time.perf_counter() - started)
        except KeyboardInterrupt:
            result.status = "interrupted"
        except Exception as caught:
            result.status, result.error, error = "failed", str(caught) or repr(caught), caught
            remedy = find_remedy(job.experiment, runtime, caught)
        if remedy is None:
            break
        # The error's traceback holds the network and its batches, and networks hold themselves.
        error = None
        gc.collect()
        observer.on_note(str(remedy))
        job = replace(job, experiment=remedy.experiment, resumption=None)
        runtime = _configure(job)
        note_remedy(job.directory, remedy, runtime)
    result.total_seconds = time.perf_counter() - started
    try:
        write_result(job.directory, result)
    except StorageError as second:
        error = error or second
    observer.on_end(result)
    if error is not None:
        raise error
    return result


def _configure(job: Job) -> RuntimeChoice:
    """Sets TensorFlow up and refuses what a run cannot be gone on with."""
    runtime = configure_runtime(job.experiment.runtime)
    if job.resumption is not None:
        refuse_other_images(job.directory, job.experiment.data, job.data.split)
    if job.checkpoint is not None and job.checkpoint.precision != runtime.precision:
        raise RuntimeUnavailableError(
            f"runtime.precision: would be {runtime.precision} here, the run began with "
            f"{job.checkpoint.precision}; give --set runtime.precision={job.checkpoint.precision}"
        )
    return runtime


def _note_start(job: Job, runtime: RuntimeChoice, observer: Observer) -> int:
    """Notes that the run begins, or goes on; returns how often it has gone on."""
    if not job.directory.environment.exists():  # a run may have been killed before it
        note_beginning(job.directory, runtime, job.data.split)
    if job.resumption is None:
        return 0
    resumes, differences = note_resumption(job.directory, runtime, job.resumption)
    for note in [*job.resumption.notes, *differences]:
        observer.on_note(note)
    place = job.resumption.place
    where = f"with epoch {place.epoch}" + (f", after step {place.step}" if place.step else "")
    is_trained = place.epoch > job.experiment.training.epochs
    observer.on_note(f"going on {'after the last epoch' if is_trained else where}")
    return resumes


def _train(
    job: Job,
    runtime: RuntimeChoice,
    observer: Observer,
    result: RunResult,
    run_seconds: Callable[[], float],
) -> None:
    """Everything from the network to the final scores; fills ``result`` as it goes."""
    experiment, directory, images = job.experiment, job.directory, job.data.images
    validation, test = score_references(images.validation), score_references(images.test)
    result.baselines = mean_baselines(experiment, validation=validation, test=test)
    observer.on_stage("building the network")
    fit = assemble_fit(experiment, data=job.data, runtime=runtime)
    size = experiment.data.patch_size
    result.parameters = count_parameters(fit.network)
    result.multiply_adds = count_multiply_adds(fit.network, size=size)
    result.steps_per_epoch = fit.steps_per_epoch
    sites = find_dropout_sites(
        fit.network, experiment.dropout, batch_size=experiment.training.batch_size, size=size
    )
    result.draws_per_step = sum(site.draws for site in sites)
    checkpointer = Checkpointer(
        experiment=experiment,
        directory=directory,
        fit=fit,
        precision=runtime.precision,
        run_seconds=run_seconds,
    )
    progress = Progress()
    if job.checkpoint is not None:
        observer.on_stage("going back to the checkpoint")
        progress = checkpointer.restore(job.checkpoint, model=directory.model)
    split = job.data.split
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
    final = _fit(job, checkpointer, progress, observer, result)
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
    job: Job,
    checkpointer: Checkpointer,
    progress: Progress,
    observer: Observer,
    result: RunResult,
) -> str:
    """Trains and notes every epoch; returns which epoch the network is left at."""
    experiment, directory, fit = job.experiment, job.directory, checkpointer.fit
    new_model = directory.model.with_name(f".partial{directory.model.suffix}")

    def on_validated(epoch: int, restored: list[Floats], is_best: bool) -> None:
        if is_best:
            checkpointer.keep_best(epoch)
            save_model(fit.export(), new_model, later=directory.model)
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
        # In this order, a kill between two of them loses no epoch and doubles none: the
        # checkpoint has the row, from which the files that follow can be made again.
        checkpointer.save(progress)
        append_epoch(directory, record)
        result.epochs.append(record)
        if is_best:
            settle(new_model, directory.model)
        observer.on_epoch(record, is_best=is_best)
        job.interruption.interrupt_if_wanted()

    def on_pause() -> None:
        checkpointer.save(progress)
        job.interruption.interrupt_if_wanted()

    hooks = Hooks(
        on_step=observer.on_step,
        on_validated=on_validated,
        on_epoch=on_epoch,
        is_pausing=lambda step: job.interruption.is_wanted or checkpointer.is_due(step),
        is_leaving=lambda: job.interruption.is_wanted,
        on_pause=on_pause,
    )
    try:
        with job.interruption.deferred():
            fit_network(fit, hooks, progress)
        job.interruption.interrupt_if_wanted()
    finally:
        with suppress(OSError):
            new_model.unlink(missing_ok=True)
    if experiment.training.restore_best and checkpointer.best is not None:
        restore_network(fit, checkpointer.best.tensors)
        return f"best epoch, {checkpointer.best.epoch}"
    return f"last epoch, {len(result.epochs)}"
