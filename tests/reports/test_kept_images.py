import math
from pathlib import Path

from dropstudy.reports.kept_images import FORMS, describe_order, find_kept_images
from dropstudy.runs.reading import Run
from tests.analysis.runs import keep_image, make_run


def _run(path: Path, psnrs: dict[str, float]) -> Run:
    """A run that kept an image of each PSNR."""
    levels = dict.fromkeys(FORMS, 100)
    images = [keep_image(path, name, levels, psnr=psnr) for name, psnr in psnrs.items()]
    return make_run(path, images=images)


def _names(*runs: Run) -> list[str]:
    return [first.image for first, *_ in find_kept_images(runs)]


def test_of_several_runs_the_image_on_which_they_differ_most_comes_first(tmp_path: Path) -> None:
    first = _run(tmp_path / "a-0", {"near": 25.0, "far": 25.0, "middle": 25.0})
    second = _run(tmp_path / "b-0", {"middle": 26.0, "near": 25.1, "far": 22.0})
    assert _names(first, second) == ["far", "middle", "near"]
    assert describe_order(2) == "those whose PSNR differs most between the arms first"


def test_of_one_run_the_image_that_it_restored_worst_comes_first(tmp_path: Path) -> None:
    run = _run(tmp_path / "a-0", {"good": 30.0, "perfect": math.inf, "bad": 20.0})
    assert _names(run) == ["bad", "good", "perfect"]
    assert describe_order(1) == "those with the lowest PSNR first"


def test_without_error_is_far_from_any_error_and_equal_to_itself(tmp_path: Path) -> None:
    first = _run(tmp_path / "a-0", {"both": math.inf, "near": 25.0, "one": math.inf})
    second = _run(tmp_path / "b-0", {"both": math.inf, "near": 25.1, "one": 40.0})
    assert _names(first, second) == ["one", "near", "both"]


def test_the_first_run_needs_every_form_and_the_others_their_own_alone(tmp_path: Path) -> None:
    first = _run(tmp_path / "a-0", {"cat": 25.0, "dog": 25.0})
    second = _run(tmp_path / "b-0", {"cat": 26.0, "dog": 27.0})
    (tmp_path / "b-0" / "images" / "validation-cat-clean.png").unlink()
    assert _names(first, second) == ["dog", "cat"]
    (tmp_path / "a-0" / "images" / "validation-dog-clean.png").unlink()
    assert _names(first, second) == ["cat"]
