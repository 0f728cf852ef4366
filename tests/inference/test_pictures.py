from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dropstudy.config import Experiment
from dropstudy.errors import DataError
from dropstudy.imaging.sources import load_split
from dropstudy.inference.pictures import folder_pictures, own_pictures
from tests.training.tiny import tiny_experiment


def _save(path: Path, width: int = 13, height: int = 17, mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.linear_gradient("L").resize((width, height)).convert(mode).save(path)


def test_a_folders_pictures_are_whole_and_named_as_in_an_experiment(tmp_path: Path) -> None:
    _save(tmp_path / "b.png")
    _save(tmp_path / "sub" / "a.jpg", mode="L")
    source = folder_pictures(tmp_path, "rgb")
    assert source.names == ("b.png", "sub/a.jpg")
    assert source.description == f"2 images in {tmp_path}, whole"
    for _ in range(2):
        assert [picture.clean.shape for picture in source.read()] == [(17, 13, 3)] * 2


def test_a_grey_experiment_reads_colours_as_grey(tmp_path: Path) -> None:
    _save(tmp_path / "a.png")
    (picture,) = folder_pictures(tmp_path, "grey").read()
    assert picture.clean.shape == (17, 13, 1)


def test_degraded_partners_are_found_by_name(tmp_path: Path) -> None:
    _save(tmp_path / "clean" / "a.png")
    Image.new("RGB", (13, 17), "red").save(tmp_path / "degraded.jpg")
    (tmp_path / "degraded").mkdir()
    (tmp_path / "degraded.jpg").rename(tmp_path / "degraded" / "a.jpg")
    (picture,) = folder_pictures(tmp_path / "clean", "rgb", degraded=tmp_path / "degraded").read()
    assert picture.name == "a"
    assert picture.degraded is not None
    assert picture.degraded[..., 0].mean() > 250


def test_every_picture_that_cannot_be_used_is_named_before_any_is_restored(
    tmp_path: Path,
) -> None:
    _save(tmp_path / "good.png")
    _save(tmp_path / "small.png", width=40, height=10)
    (tmp_path / "broken.png").write_bytes(b"not an image")
    with pytest.raises(DataError) as caught:
        folder_pictures(tmp_path, "rgb")
    assert str(caught.value).splitlines() == [
        "2 of 3 images cannot be used:",
        f"  {tmp_path}/broken.png: not an image that can be read",
        f"  {tmp_path}/small.png: 40×10 pixels; SSIM needs at least 11×11: remove it",
    ]


def test_partners_of_another_size_are_named(tmp_path: Path) -> None:
    _save(tmp_path / "clean" / "a.png")
    _save(tmp_path / "degraded" / "a.png", width=14)
    with pytest.raises(DataError, match=r"degraded/a\.png: 14×17 pixels, its clean partner 13×17"):
        folder_pictures(tmp_path / "clean", "rgb", degraded=tmp_path / "degraded")


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no images; looked for files that end in \.bmp, "):
        folder_pictures(tmp_path, "rgb")


def test_a_runs_own_pictures_are_cut_as_the_run_cut_them(tmp_path: Path) -> None:
    changes = {"evaluation_size": 16, "patch_size": 8}
    experiment = tiny_experiment(tmp_path, data=changes, architecture={"depth": 3})
    for part in ("validation", "test"):
        source = own_pictures(experiment, part)
        assert source.names == tuple(
            picture.name for picture in getattr(load_split(experiment.data), part)
        )
        assert [picture.clean.shape for picture in source.read()] == [(16, 16, 3)]


def test_a_run_without_test_images_says_so(tmp_path: Path) -> None:
    experiment: Experiment = tiny_experiment(tmp_path, data={"test_share": 0.0})
    with pytest.raises(DataError, match=r"the run has no test images: data\.test_share is 0"):
        own_pictures(experiment, "test")


def test_a_pictures_pixels_are_those_of_its_file(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (12, 15, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (picture,) = folder_pictures(tmp_path, "rgb").read()
    assert np.array_equal(picture.clean, pixels)
