"""Puts a study's probes to a run's trained network, each once."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, assert_never

from dropstudy.config import Experiment, load_experiment
from dropstudy.config.probe import ProbeSetting, Unseen, VarianceShift
from dropstudy.imaging.arrays import Floats
from dropstudy.imaging.patches import PatchSampler
from dropstudy.imaging.sources import load_split
from dropstudy.inference.pictures import own_pictures
from dropstudy.runs.directory import RunDirectory
from dropstudy.runs.probes import read_probes, write_probes
from dropstudy.runs.reading import Run
from dropstudy.training.framework import import_framework, quiet_framework

if TYPE_CHECKING:
    import keras

BATCH = 8
"""Patches that go through a network at once."""


def probe_run(run: Run, probes: Sequence[ProbeSetting]) -> None:
    """Measures what the probes ask of a finished run and writes it to its ``probes.json``.

    What was measured of this network before, by the same settings, stays.

    Raises:
        DropstudyError: The model or the images cannot be read, or the device lacks memory.
    """
    results = read_probes(run.directory)
    asked = {probe.model_dump_json(): probe.model_dump(mode="json") for probe in probes}
    wanted = [probe for probe in probes if not results.answers(asked[probe.model_dump_json()])]
    if not wanted:
        return
    experiment = load_experiment(run.directory.config)
    with quiet_framework(experiment.runtime.backend):
        import_framework()
        subject = _Subject(run.directory, experiment)
        for probe in wanted:
            values = _measure(subject, probe)
            results = results.with_answer(asked[probe.model_dump_json()], values)
    write_probes(run.directory, results)


class _Subject:
    """A trained network and the images of its run, each opened when a probe needs it."""

    def __init__(self, directory: RunDirectory, experiment: Experiment) -> None:
        self.directory = directory
        self.experiment = experiment

    @cached_property
    def network(self) -> "keras.Model":
        """The best epoch's, in the precision and on the device that it was trained with."""
        from dropstudy.inference.restoring import load_network
        from dropstudy.training.runtime import configure_runtime

        configure_runtime(self.experiment.runtime)
        return load_network(self.directory.model, self.experiment)


def _measure(subject: _Subject, probe: ProbeSetting) -> dict[str, float]:
    match probe:
        case Unseen():
            from dropstudy.inference.restoring import compile_network
            from dropstudy.probes.unseen import score_unseen

            pictures = own_pictures(subject.experiment, "validation").read()
            restore = compile_network(subject.network)
            return score_unseen(list(pictures), probe.task, restore=restore)
        case VarianceShift():
            from dropstudy.probes.variance_shift import measure_variance_shift

            batches = _training_batches(subject.experiment, probe.patches)
            factor = subject.experiment.dropout.schedule.final_factor
            return measure_variance_shift(subject.network, batches, final_factor=factor)
        case _:
            assert_never(probe)


def _training_batches(experiment: Experiment, patches: int) -> Iterator[Floats]:
    """About as many degraded patches of the first epoch."""
    training = load_split(experiment.data).training
    sampler = PatchSampler(training, experiment.data, task=experiment.task, seed=experiment.seed)
    for step in range(max(1, patches // BATCH)):
        yield sampler.batch(1, step, BATCH).degraded
