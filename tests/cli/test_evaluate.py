import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dropstudy.runs.directory import RunDirectory
from tests.cli.commands import dropstudy
from tests.training.tiny import run, tiny_experiment


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A run of the smallest experiment: noise of 25 levels, an autoencoder of depth 1."""
    folder = tmp_path_factory.mktemp("trained")
    return run(folder, tiny_experiment(folder))[1]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two images of odd sizes, one of them grey, one in a subfolder."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "sub").mkdir()
    Image.radial_gradient("L").resize((45, 31)).convert("RGB").save(folder / "wide.png")
    Image.linear_gradient("L").resize((13, 27)).save(folder / "sub" / "tall.jpg")
    return folder


def test_a_run_is_scored_on_a_folder_at_several_strengths(
    directory: RunDirectory, photos: Path, tmp_path: Path
) -> None:
    done = dropstudy(
        "evaluate",
        *(directory.path.name, "--runs-dir", directory.path.parent, "--data", photos),
        *("--task", "sigma=10", "--task", "sigma=25", "--task", "kind=jpeg,quality=10"),
        *("--tile", "16", "--save", tmp_path / "restored"),
    )
    assert done.stderr == ""
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert f"images      2 images in {photos}, whole" in lines
    assert "trained on  gaussian, sigma 25" in lines
    assert "precision   float32 on the cpu" in lines
    assert any("2 images are restored in tiles of 16 pixels that overlap by" in s for s in lines)
    assert any(line.startswith("scores      rgb-8bit: clipped and rounded") for line in lines)
    assert "jpeg, quality 10 (classical method: total variation)" in lines
    assert sum(line.split()[:2] == ["sub/tall.jpg", "13×27"] for line in lines) == 3
    comparison = lines[lines.index("in comparison") + 2 :]
    assert [line.partition("  ")[0] for line in comparison[:3]] == [
        "gaussian, sigma 10",
        "gaussian, sigma 25 (trained on)",
        "jpeg, quality 10",
    ]
    sizes = {}
    for path in (tmp_path / "restored").rglob("*.png"):
        with Image.open(path) as image:
            sizes[path.relative_to(tmp_path / "restored").as_posix()] = image.size
    assert sizes == {
        f"{task}/{name}": size
        for task in ("1-gaussian-sigma-10", "2-gaussian-sigma-25", "3-jpeg-quality-10")
        for name, size in (("wide.png", (45, 31)), ("sub/tall.png", (13, 27)))
    }


def test_json_holds_the_scores_that_the_run_recorded(directory: RunDirectory) -> None:
    done = dropstudy("evaluate", directory.path, "--part", "test", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document: dict[str, Any] = json.loads(done.stdout)
    recorded = json.loads(directory.result.read_text(encoding="utf-8"))
    (task,) = document["tasks"]
    assert document["convention"] == "rgb-8bit"
    assert task["as_trained"]
    assert task["task"] == {"kind": "gaussian", "sigma": 25.0, "quantize": False}
    for name in ("psnr", "ssim", "accuracy"):
        assert task["mean"][name] == pytest.approx(recorded["test"][name], rel=1e-4)
    mean = task["mean"]
    assert mean["gain_over_classical"] == pytest.approx(mean["psnr"] - mean["classical_psnr"])
    (image,) = task["images"]
    assert (image["height"], image["width"]) == (16, 16)
    assert image["psnr"] == pytest.approx(mean["psnr"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--task", "sigma=-1"],
            "--task sigma=-1: task.sigma: got -1; give a number from 0 to 1000",
        ),
        (["--data", "none"], "none: not a folder"),
        (["--tile", "3"], "--tile: got 3; this network sees "),
        (["--json", "--csv"], "--json and --csv: give one of them"),
        (["--part", "test", "--data", "."], "--part and --data: give one of them"),
        (["--degraded", "."], "--degraded: name the folder of their clean images with --data"),
        (["--save", "."], "--save .: is not empty; name a new folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_said_in_a_line(
    directory: RunDirectory, options: list[str], message: str
) -> None:
    done = dropstudy("evaluate", directory.path, *options, cwd=directory.path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {message}")
    assert len(done.stderr.splitlines()) == 1
