from pathlib import Path
from typing import Any

import pytest

from dropstudy.config import Experiment
from dropstudy.runs.environment import available_cores
from dropstudy.studies.choosing import Choice, choose_jobs, estimate_work, find_largest
from tests.studies.test_shares import pretend_gpus


def _make(**settings: Any) -> Experiment:
    return Experiment.model_validate(
        {
            "name": "trial",
            "data": {"kind": "photos", "collection": "tiny", "patch_size": 16},
            "task": {"kind": "pixelate", "block": 4},
            "architecture": {"kind": "unet", "depth": 1, "filters": 2},
            **settings,
        }
    )


@pytest.mark.parametrize(
    ("rates", "jobs"),
    [
        ({1: 100.0, 2: 195.0}, 2),
        ({1: 100.0, 2: 104.0}, 1),
        ({1: 100.0, 2: 106.0}, 2),
        ({1: 100.0, 2: 180.0, 4: 185.0}, 2),
        ({1: 100.0, 2: 80.0}, 1),
    ],
)
def test_more_processes_must_be_clearly_faster(rates: dict[int, float], jobs: int) -> None:
    assert Choice.of_rates(rates).jobs == jobs


def test_a_choice_says_what_was_found() -> None:
    two = Choice.of_rates({1: 100.0, 2: 187.0})
    assert two.in_words() == "2 at a time: 1.87 × the images per second of one at a time"
    one = Choice.of_rates({1: 100.0, 2: 97.0}, "4 would need more memory than is free")
    assert one.in_words() == (
        "1 at a time: 2 at a time train 0.97 × its images per second; "
        "4 would need more memory than is free"
    )
    assert Choice(3, reason="one for each GPU").in_words() == "3 at a time: one for each GPU"


def test_a_study_with_one_run_left_measures_nothing() -> None:
    nowhere = _make(data={"kind": "folder", "path": "nowhere"})
    assert choose_jobs(nowhere, most=1) == Choice(1, reason="there is no more to train")
    assert choose_jobs(nowhere, most=0).jobs == 1


def test_there_is_a_run_for_each_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_gpus(tmp_path, monkeypatch, count=3)
    assert choose_jobs(_make(), most=12) == Choice(3, reason="one for each GPU")
    assert choose_jobs(_make(), most=2).jobs == 2


def test_the_largest_is_the_one_whose_steps_multiply_most() -> None:
    small = _make()
    filters = _make(architecture={"kind": "unet", "depth": 1, "filters": 64})
    more_filters = _make(architecture={"kind": "unet", "depth": 1, "filters": 128})
    batch = _make(training={"batch_size": 32})
    side = _make(data={"kind": "photos", "collection": "tiny", "patch_size": 32})
    assert estimate_work(more_filters) / estimate_work(filters) == pytest.approx(4, rel=0.05)
    assert estimate_work(batch) / estimate_work(small) == pytest.approx(2)
    assert estimate_work(side) / estimate_work(small) == pytest.approx(4)
    assert find_largest([small, more_filters, filters, batch]) is more_filters


def test_processes_that_train_at_the_same_time_are_measured() -> None:
    most = min(2, available_cores())
    choice = choose_jobs(_make(runtime={"device": "cpu"}), most=2, seconds=0.3)
    assert list(choice.rates) == [1, 2][:most]
    assert all(rate > 0 for rate in choice.rates.values())
    assert choice.jobs in choice.rates
