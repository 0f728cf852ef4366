from dataclasses import replace
from pathlib import Path

import pytest

from dropstudy.analysis.identity import describe_copying, input_returned, is_copy
from dropstudy.runs.reading import Run
from dropstudy.runs.records import write_epochs
from tests.analysis.runs import make_epoch, make_run, with_copy_ratio

PLAIN = make_epoch(1, psnr=22.0, seconds=1.0)
COPY = replace(PLAIN, val_identity_gain=0.1, val_copy_ratio=0.97)
RESTORER = replace(PLAIN, val_identity_gain=2.5, val_copy_ratio=0.55)


def test_an_epoch_is_a_copy_or_not_or_was_never_asked() -> None:
    assert [is_copy(epoch) for epoch in (COPY, RESTORER, PLAIN)] == [True, False, None]


def test_what_an_epoch_copies_is_said_in_one_breath() -> None:
    assert describe_copying(COPY) == "copy ratio 0.970, +0.10 dB over the degraded image"
    assert describe_copying(PLAIN) == ""
    assert describe_copying(replace(COPY, val_identity_gain=float("inf"))) == ""


@pytest.mark.parametrize("status", ["finished", None])
def test_a_run_is_judged_by_its_best_epoch_alone(tmp_path: Path, status: str | None) -> None:
    """The first epochs of a residual network return the input, and nothing is wrong with that."""
    run = make_run(tmp_path / "a-0", psnrs=[22.0, 24.0, 23.0], status=status)  # type: ignore[arg-type]
    run = with_copy_ratio(run, 0.6, gain=2.0)
    write_epochs(run.directory, [replace(run.epochs[0], val_copy_ratio=1.0), *run.epochs[1:]])
    assert input_returned(Run(run.directory)) is False
    assert input_returned(with_copy_ratio(run, 0.97, gain=0.1)) is True


def test_of_an_older_run_or_one_without_epochs_nothing_is_known(tmp_path: Path) -> None:
    assert input_returned(make_run(tmp_path / "old-0")) is None
    assert input_returned(make_run(tmp_path / "new-0", psnrs=[])) is None
