"""What runs are compared by: a number of their quality, and which way it is the better."""

from collections.abc import Callable
from dataclasses import dataclass

from dropstudy.config.study import PROBED
from dropstudy.errors import ConfigError
from dropstudy.runs.reading import Run
from dropstudy.runs.records import ImagePart


@dataclass(frozen=True)
class Measure:
    """A number of a run, and how much of it matters.

    Attributes:
        key: Its name on the command line.
        label: Its name in words.
        unit: What it is counted in; empty for a bare number.
        margin: A difference below this does not matter, unless the user says otherwise.
        decimals: How many are printed.
        score: The score of a single image that it is the mean of; empty where none is kept.
        part: The images that it is a mean over.
        read: The number of a run; None where the run has none.
        higher_is_better: Whether a positive difference is a gain.
        better: What an arm does that has the better number, up to the other's name.
        worse: What one does that has the worse number.
        as_good: What one does whose number is as good.
    """

    key: str
    label: str
    unit: str
    margin: float
    decimals: int
    score: str
    part: ImagePart
    read: Callable[[Run], float | None]
    higher_is_better: bool = True
    better: str = "restores better than"
    worse: str = "restores worse than"
    as_good: str = "restores as well as"

    def write(self, value: float | None, *, signed: bool = False) -> str:
        """``value`` with its unit, as tables and sentences give it."""
        if value is None or value != value:
            return "–"
        unit = f" {self.unit}" if self.unit else ""
        number = f"{value:{'+' if signed else ''}z.{self.decimals}f}"
        return number.replace("-", "−") + unit


def _of_final(name: str) -> Callable[[Run], float | None]:
    def read(run: Run) -> float | None:
        value = getattr(run.final, name) if run.final else None
        return None if value is None else float(value)

    return read


def _of_test(name: str) -> Callable[[Run], float | None]:
    return lambda run: run.test.get(name)


MEASURES = {
    measure.key: measure
    for measure in (
        Measure(
            "val_psnr",
            "validation PSNR",
            "dB",
            margin=0.1,
            decimals=2,
            score="psnr",
            part="validation",
            read=_of_final("val_psnr"),
        ),
        Measure(
            "val_ssim",
            "validation SSIM",
            "",
            margin=0.005,
            decimals=4,
            score="ssim",
            part="validation",
            read=_of_final("val_ssim"),
        ),
        Measure(
            "test_psnr",
            "test PSNR",
            "dB",
            margin=0.1,
            decimals=2,
            score="psnr",
            part="test",
            read=_of_test("psnr"),
        ),
        Measure(
            "test_ssim",
            "test SSIM",
            "",
            margin=0.005,
            decimals=4,
            score="ssim",
            part="test",
            read=_of_test("ssim"),
        ),
        Measure(
            "val_copy_ratio",
            "copy ratio",
            "",
            margin=0.02,
            decimals=3,
            score="",
            part="validation",
            read=_of_final("val_copy_ratio"),
            higher_is_better=False,
            better="copies less of its input than",
            worse="copies more of its input than",
            as_good="copies as much of its input as",
        ),
    )
}
"""The margin of a PSNR is the protocol's, ±0.1 dB; those of an SSIM and of a copy ratio are our
choice."""


def find_measure(key: str) -> Measure:
    """The measure that ``key`` names: one of `MEASURES`, or ``probe.NAME``.

    Raises:
        ConfigError: There is none.
    """
    if key.startswith(PROBED):
        from dropstudy.analysis.probe_measures import probe_measure  # which imports this module

        return probe_measure(key.removeprefix(PROBED))
    if key not in MEASURES:
        raise ConfigError(f"metric: got {key}; give one of {', '.join(MEASURES)}")
    return MEASURES[key]
