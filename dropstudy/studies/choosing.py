"""How many runs train best at the same time, by measuring."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dropstudy.config.experiment import Experiment
from dropstudy.config.parameters import count_parameters
from dropstudy.doctor.limits import free_memory_bytes
from dropstudy.errors import StudyError
from dropstudy.runs.environment import available_cores
from dropstudy.studies.shares import Share, count_gpu_workers, share_cores
from dropstudy.studies.trials import measure_rates

SECONDS = 3.0
"""How long each number of processes trains."""
ENOUGH = 1.05
"""How many times as fast more processes must be to be preferred."""
MEMORY_SPARE = 1.25
"""A run also holds its images and what it saves."""


@dataclass(frozen=True)
class Choice:
    """How many runs shall train at the same time, and why.

    Attributes:
        jobs: How many.
        rates: Images per second of all together, by how many trained; empty: none was measured.
        reason: What else decided, in words; empty: the rates alone.
    """

    jobs: int
    rates: Mapping[int, float] = field(default_factory=dict)
    reason: str = ""

    @classmethod
    def of_rates(cls, rates: Mapping[int, float], reason: str = "") -> "Choice":
        """The fewest that are about as fast as the fastest."""
        fastest = max(rates.values())
        jobs = min(jobs for jobs, rate in rates.items() if rate * ENOUGH >= fastest)
        return cls(jobs, rates, reason)

    def in_words(self) -> str:
        """What was found, in a line."""
        words = f"{self.jobs} at a time"
        others = {jobs: rate for jobs, rate in self.rates.items() if jobs != self.jobs}
        if self.jobs > 1 and 1 in others:
            gain = self.rates[self.jobs] / self.rates[1]
            words += f": {gain:.2f} × the images per second of one at a time"
        elif others:
            jobs = max(others, key=lambda jobs: others[jobs])
            share = others[jobs] / self.rates[self.jobs]
            words += f": {jobs} at a time train {share:.2f} × its images per second"
        if self.reason:
            words += f"{'; ' if others else ': '}{self.reason}"
        return words


def choose_jobs(experiment: Experiment, *, most: int, seconds: float = SECONDS) -> Choice:
    """Finds out how many processes, each with its share of the cores, train the most images.

    Tries 1, 2, 4, … up to all cores, in turns of which each starts as many processes; it stops
    where more are slower, or would have too little memory. With GPUs it measures nothing:
    there is a run for each.

    Args:
        experiment: What each of them trains: the study's largest (`find_largest`).
        most: No more than that, for instance the runs that are left.
        seconds: How long each number of processes trains.

    Raises:
        StudyError: Not even one trains; the text says why.
    """
    if most <= 1:
        return Choice(1, reason="there is no more to train")
    on_gpus = count_gpu_workers([experiment.runtime])
    if on_gpus:
        return Choice(min(on_gpus, most), reason="one for each GPU")
    rates: dict[int, float] = {}
    peak, reason = 0, ""
    for jobs in _candidates(min(most, available_cores())):
        free = free_memory_bytes()
        if free is not None and jobs * peak * MEMORY_SPARE > free:
            reason = f"{jobs} would need more memory than is free"
            break
        shares = [Share(tuple(cores), beside=jobs - 1) for cores in share_cores(jobs)]
        try:
            found = measure_rates(experiment, shares, seconds=seconds)
        except StudyError as error:
            if not rates:
                raise
            reason = f"{jobs} failed: {error}"
            break
        rates[jobs] = sum(rate.images_per_second for rate in found)
        peak = max(peak, *(rate.peak_memory_bytes or 0 for rate in found))
        if rates[jobs] * ENOUGH < max(rates.values()):
            break
    return Choice.of_rates(rates, reason)


def find_largest(experiments: Iterable[Experiment]) -> Experiment:
    """The one whose training steps are the most work."""
    return max(experiments, key=estimate_work)


def estimate_work(experiment: Experiment) -> float:
    """The multiplications of a training step, but for a factor that all networks share."""
    architecture = experiment.architecture
    channels = experiment.data.channel_count
    work = before = 0.0
    for depth in range(architecture.depth + 1):
        cut = architecture.model_copy(update={"depth": depth})
        parameters = count_parameters(cut, channels=channels)
        work += (parameters - before) / 4**depth
        before = parameters
    return work * experiment.training.batch_size * experiment.data.patch_size**2


def _candidates(most: int) -> list[int]:
    """1, 2, 4, … and the last."""
    powers = [1 << exponent for exponent in range(most.bit_length())]
    return sorted({*(power for power in powers if power <= most), most})
