import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from dropstudy.cli.evaluate_tables import print_csv, print_evaluation, print_json
from dropstudy.config.task import Gaussian
from dropstudy.imaging.metrics import Scores
from dropstudy.inference.evaluating import EvaluatedImage, Evaluation, TaskEvaluation
from dropstudy.inference.tiling import Tiling

NOISE = Gaussian(kind="gaussian", sigma=25.0)
WEAK = Gaussian(kind="gaussian", sigma=5.0)


def _image(name: str, psnr: float) -> EvaluatedImage:
    scores = Scores(psnr, 0.9, 0.5), Scores(20.0, 0.5, 0.25), Scores(28.5, 0.8, 0.4)
    forms = ("restored", "identity", "classical")
    return EvaluatedImage(name, 100, 300, dict(zip(forms, scores, strict=True)))  # type: ignore[arg-type]


def _evaluation(*, is_exact: bool = True, tasks: tuple[Gaussian, ...] = (NOISE,)) -> Evaluation:
    images = _image("a.png", 30.0), _image("[b].png", float("inf"))
    return Evaluation(
        run=Path("runs/one"),
        pictures="2 images in photos, whole",
        own_task=NOISE,
        precision="float32",
        device="cpu",
        tiling=Tiling(256, 48, 8, is_exact),
        tasks=tuple(TaskEvaluation(task, images) for task in tasks),
    )


def test_the_table_holds_every_score_and_gain(capsys: pytest.CaptureFixture[str]) -> None:
    print_evaluation(_evaluation(), saved=None)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    image = ["300×100", "30.00", "20.00", "28.50", "+10.00", "+1.50", "0.9000", "50.0%"]
    assert ["a.png", *image] in rows
    assert ["[b].png", image[0], "inf", *image[2:4], "+inf", "+inf", *image[6:]] in rows
    assert ["restored", "30.00", "0.9000", "50.0%"] in rows
    assert ["identity", "20.00", "0.5000", "25.0%", "+10.00"] in rows
    assert ["classical", "28.50", "0.8000", "40.0%", "+1.50"] in rows
    assert not any(row[:2] == ["in", "comparison"] for row in rows)


def test_several_tasks_are_compared_and_the_trained_one_is_marked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_evaluation(_evaluation(tasks=(WEAK, NOISE)), saved=Path("out"))
    text = capsys.readouterr().out
    rows = [line.split("  ")[0] for line in text.partition("in comparison")[2].splitlines()]
    assert "gaussian, sigma 5" in rows
    assert "gaussian, sigma 25 (trained on)" in rows
    assert text.endswith("restored    out/\n")


@pytest.mark.parametrize(
    ("is_exact", "words"),
    [
        (True, "overlap by 48 on each side, which changes nothing"),
        (False, "which changes them: group normalization takes its means over what it is given"),
    ],
)
def test_it_says_whether_tiles_change_anything(
    capsys: pytest.CaptureFixture[str], is_exact: bool, words: str
) -> None:
    print_evaluation(_evaluation(is_exact=is_exact), saved=None)
    assert words in capsys.readouterr().out


def test_images_that_were_left_out_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    kept = _evaluation(tasks=(NOISE, WEAK))
    noise, weak = kept.tasks
    one = replace(kept, tasks=(replace(noise, left_out=("flat.png",)), weak))
    print_evaluation(one, saved=None)
    lines = capsys.readouterr().out.splitlines()
    note = "left out: flat.png, the task leaves nothing of it to restore"
    assert lines.count(note) == 1
    assert lines[-1] == "the means are of different images: see which are left out"
    print_json(one)
    tasks = json.loads(capsys.readouterr().out)["tasks"]
    assert [task["left_out"] for task in tasks] == [["flat.png"], []]
    names = tuple(f"{number}.png" for number in range(7))
    print_evaluation(
        replace(kept, tasks=tuple(replace(task, left_out=names) for task in kept.tasks)), saved=None
    )
    text = capsys.readouterr().out
    assert "left out: 0.png, 1.png, 2.png, 3.png, 4.png, … and 2 more, the task leaves" in text
    assert "nothing of them to restore" in text
    assert "different images" not in text


def test_an_image_that_is_left_out_of_one_task_alone_counts_among_the_tiled() -> None:
    kept = _evaluation(tasks=(NOISE, WEAK))
    noise, weak = kept.tasks
    less = replace(noise, images=noise.images[:1], left_out=("[b].png",))
    assert replace(kept, tasks=(less, weak)).tiled == 2


def test_no_name_reaches_the_terminal_raw(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "a\x1b[31m\nb"
    task = TaskEvaluation(NOISE, (_image(evil, 30.0),), (evil,))
    named = replace(_evaluation(), run=Path(evil), pictures=f"1 image in {evil}", tasks=(task,))
    print_evaluation(named, saved=Path(evil))
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert text.count(r"a\x1b[31m\nb") == 5


def test_csv_has_a_row_for_each_image_under_each_task(capsys: pytest.CaptureFixture[str]) -> None:
    print_csv(_evaluation(tasks=(WEAK, NOISE)))
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["task"], row["image"]) for row in rows] == [
        (f"gaussian, sigma {sigma}", name) for sigma in (5, 25) for name in ("a.png", "[b].png")
    ]
    assert rows[0]["psnr"] == "30.0"
    assert rows[0]["gain_over_classical"] == "1.5"
    assert rows[1]["psnr"] == "inf"
    assert rows[0]["convention"] == "rgb-8bit"


def test_json_is_strict_and_complete(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(_evaluation())
    document = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert (document["tile"], document["overlap"], document["tiled_images"]) == (256, 48, 2)
    (task,) = document["tasks"]
    assert task["mean"]["psnr"] == 30.0
    assert [image["psnr"] for image in task["images"]] == [30.0, None]
    assert task["mean"]["gain_over_identity"] == 10.0
