"""What runs are compared by beside their scores: what a study's probes measured."""

from collections.abc import Callable

from dropstudy.analysis.measures import Measure
from dropstudy.config.study import PROBED
from dropstudy.errors import ConfigError
from dropstudy.runs.probes import read_probes
from dropstudy.runs.reading import Run

_SHIFT = "variance_shift"
_SHIFTS = {
    "mean": "mean variance shift",
    "maximum": "largest variance shift",
    "behind_dropout": "variance shift behind dropout",
    "predicted": "predicted variance shift",
}


def probe_measure(name: str) -> Measure:
    """The measure of what a probe found.

    Args:
        name: The probe's, and after a dot which of its numbers: ``noise40.ssim``,
            ``variance_shift.maximum``; without that, its PSNR or its mean.

    Raises:
        ConfigError: No probe has such a number.
    """
    probe, _, number = name.partition(".")
    if probe == _SHIFT:
        return _shift_measure(number or "mean")
    if number in ("", "psnr"):
        return Measure(
            f"{PROBED}{name}",
            f"PSNR on {probe}",
            "dB",
            margin=0.1,
            decimals=2,
            score="",
            part="validation",
            read=_read(f"{probe}.psnr"),
            better=f"restores {probe} better than",
            worse=f"restores {probe} worse than",
            as_good=f"restores {probe} as well as",
        )
    if number == "ssim":
        return Measure(
            f"{PROBED}{name}",
            f"SSIM on {probe}",
            "",
            margin=0.005,
            decimals=4,
            score="",
            part="validation",
            read=_read(f"{probe}.ssim"),
            better=f"restores {probe} better than",
            worse=f"restores {probe} worse than",
            as_good=f"restores {probe} as well as",
        )
    raise ConfigError(f"metric: got {PROBED}{name}; give {PROBED}{probe}.psnr or .ssim")


def _shift_measure(number: str) -> Measure:
    if number not in _SHIFTS:
        allowed = ", ".join(f"{PROBED}{_SHIFT}.{known}" for known in _SHIFTS)
        raise ConfigError(f"metric: got {PROBED}{_SHIFT}.{number}; give one of {allowed}")
    return Measure(
        f"{PROBED}{_SHIFT}.{number}",
        _SHIFTS[number],
        "",
        margin=0.05,
        decimals=3,
        score="",
        part="validation",
        read=_read(f"{_SHIFT}.{number}"),
        higher_is_better=False,
        better="shifts its variances less than",
        worse="shifts its variances more than",
        as_good="shifts its variances as much as",
    )


def _read(key: str) -> Callable[[Run], float | None]:
    return lambda run: read_probes(run.directory).values.get(key)
