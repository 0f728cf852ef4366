from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dropstudy.errors import ConfigError, DataError
from dropstudy.inference.saving import plan_restored_folder

NAMES = ("a.jpg", "sub/b.PNG", "scan.1")


def test_restorations_keep_their_names_and_become_png(tmp_path: Path) -> None:
    folder = plan_restored_folder(tmp_path / "new" / "out", NAMES, ["pixelate, block 4"])
    for name in NAMES:
        folder.save(np.full((4, 6, 3), 0.5, dtype=np.float32), name, 0)
    written = {
        path.relative_to(tmp_path / "new").as_posix()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert written == {"out/a.png", "out/sub/b.png", "out/scan.1.png"}


def test_each_of_several_tasks_has_a_folder_of_its_own(tmp_path: Path) -> None:
    labels = ["gaussian, sigma 12.5", "salt and pepper, amount 0.05", "gaussian, sigma 12.5"]
    folder = plan_restored_folder(tmp_path, NAMES, labels)
    assert [folder.file("a.jpg", index).relative_to(tmp_path).as_posix() for index in range(3)] == [
        "1-gaussian-sigma-12.5/a.png",
        "2-salt-and-pepper-amount-0.05/a.png",
        "3-gaussian-sigma-12.5/a.png",
    ]


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_pixels_are_clipped_and_rounded_to_8_bits(tmp_path: Path, channels: int, mode: str) -> None:
    row = np.array([-0.2, 0.0, 0.499, 0.5, 1.0, 1.7], dtype=np.float32)
    restored = np.repeat(row.reshape(1, 6, 1), channels, axis=2)
    folder = plan_restored_folder(tmp_path, ["a"], ["task"])
    folder.save(restored, "a", 0)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == mode
        levels = np.asarray(image).reshape(6, channels)
    assert levels[:, 0].tolist() == [0, 0, 127, 128, 255, 255]


def test_two_pictures_of_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^a\.jpg and a\.png: both would be saved as a\.png"):
        plan_restored_folder(tmp_path / "out", ["a.jpg", "a.png"], ["task"])


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"mine")
    with pytest.raises(ConfigError, match=r"is not empty; name a new folder$"):
        plan_restored_folder(tmp_path, NAMES, ["task"])
    with pytest.raises(ConfigError, match="cannot be made: "):
        plan_restored_folder(tmp_path / "a.png", NAMES, ["task"])
