"""What runs are compared by: a number of their quality, the higher the better."""

from collections.abc import Callable
from dataclasses import dataclass

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
        score: The score of a single image that it is the mean of.
        part: The images that it is a mean over.
        read: The number of a run; None where the run has none.
    """

    key: str
    label: str
    unit: str
    margin: float
    decimals: int
    score: str
    part: ImagePart
    read: Callable[[Run], float | None]

    def write(self, value: float | None, *, signed: bool = False) -> str:
        """``value`` with its unit, as tables and sentences give it."""
        if value is None or value != value:
            return "–"
        unit = f" {self.unit}" if self.unit else ""
        number = f"{value:{'+' if signed else ''}z.{self.decimals}f}"
        return number.replace("-", "−") + unit


def _of_final(name: str) -> Callable[[Run], float | None]:
    return lambda run: float(getattr(run.final, name)) if run.final else None


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
    )
}
"""The margin of a PSNR is the protocol's, ±0.1 dB; that of an SSIM is our choice."""


def find_measure(key: str) -> Measure:
    """The measure that ``key`` names.

    Raises:
        ConfigError: There is none.
    """
    if key not in MEASURES:
        raise ConfigError(f"metric: got {key}; give one of {', '.join(MEASURES)}")
    return MEASURES[key]
