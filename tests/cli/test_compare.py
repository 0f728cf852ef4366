import csv
import io
import json
from pathlib import Path
from time import perf_counter

import pytest
from PIL import Image

from dropstudy.errors import ConfigError, DataError, RunDirectoryError
from tests.analysis.runs import SPATIAL, keep_image, make_arm, make_run
from tests.cli.calls import call, on_a_terminal
from tests.cli.commands import dropstudy

SLOWEST_SECONDS = 2.0
PLAIN = [25.0, 25.3, 24.8, 25.1, 25.4, 24.9, 25.2, 25.0]
CLEAR = [0.5, 0.6, 0.4, 0.55, 0.45, 0.5, 0.6, 0.4]
LEVELS = {"degraded": 60, "classical": 80, "clean": 120}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seeds of an arm that gains, and of the one it gains on; one of another batch size.

    The first of both arms kept an image.
    """
    folder = tmp_path_factory.mktemp("runs")
    for name, dropout, level, gain in (("plain", None, 90, 0.0), ("spatial", SPATIAL, 110, 1.0)):
        image = keep_image(folder / f"{name}-first", "cat", {**LEVELS, "restored": level})
        make_run(folder / f"{name}-first", seed=100, dropout=dropout, images=[image])
        psnrs = [psnr + gain * more for psnr, more in zip(PLAIN, CLEAR, strict=True)]
        make_arm(folder, name, psnrs, dropout=dropout)
    make_run(folder / "batch-0", dropout=SPATIAL, sections={"training": {"batch_size": 8}})
    return folder


def _arm(name: str, count: int = 8) -> list[str]:
    return [f"{name}-{seed}" for seed in range(count)]


def test_text_gives_the_answer_first_then_tables_then_how_to_read_them(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [*_arm("plain"), *_arm("spatial")]
    done = call(capsys, "compare", *names, "--runs-dir", runs)
    first, *lines = done.stdout.splitlines()
    assert first.startswith("spatial restores better than plain: +0.50 dB validation PSNR")
    titles = ["Against plain", "What differs", "Quality", "How fast they got there", "Cost"]
    assert [line for line in lines if line in titles] == titles
    assert any(line.startswith("- The unit is the training seed") for line in lines)
    assert "pictures" not in done.stdout
    assert done.stderr == ""


def test_markdown_holds_the_same_tables(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [*_arm("plain", 3), *_arm("spatial", 3)]
    text = call(capsys, "compare", *names, "--md", "--runs-dir", runs).stdout
    assert text.startswith("Whether spatial restores better than plain is undecided")
    assert "## Against plain" in text
    assert "| arm | measure | verdict |" in text
    assert "| dropout.skip.kind | none | spatial |" in text
    assert "pictures" not in text


def test_json_and_csv_can_be_read_again(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [*_arm("plain", 3), *_arm("spatial", 3)]
    content = json.loads(call(capsys, "compare", *names, "--json", "--runs-dir", runs).stdout)
    assert content["contrasts"][0]["p"] == 0.25
    text = call(capsys, "compare", *names, "--csv", "--runs-dir", runs).stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["run"] for row in rows] == names
    assert float(rows[0]["best_val_psnr"]) == 25.0
    assert rows[0]["drift_slope"] == ""  # too few epochs


def test_pictures_go_where_they_are_wanted(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "new" / "page.png"
    names = ("plain-first", "spatial-first")
    call(capsys, "compare", *names, "--runs-dir", runs, "--pictures", page)
    with Image.open(page) as picture:
        assert picture.format == "PNG"
        assert picture.width > 5 * 200


def test_pictures_nobody_asked_for_lie_among_the_runs_always_in_one_place(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = {
        call(capsys, "compare", *names, "--runs-dir", runs).stdout.split()[-1]
        for names in (["plain-first", "spatial-first"], ["spatial-first", "plain-first"])
    }
    (path,) = map(Path, printed)
    assert path.parent == runs / ".comparisons"
    assert path.is_file()
    listed = call(capsys, "list", "--runs-dir", runs, "--json").stdout
    assert ".comparisons" not in listed


def test_pictures_that_cannot_be_are_an_error_if_wanted(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("plain-0", "spatial-0", "--runs-dir", str(runs))
    with pytest.raises(DataError, match="no validation image was kept by a run of every arm"):
        call(capsys, "compare", *names, "--pictures", tmp_path / "page.png")
    assert "pictures" not in call(capsys, "compare", *names).stdout


def test_strict_ends_with_1_where_more_than_dropout_differs(runs: Path) -> None:
    done = dropstudy("compare", "plain-0", "batch-0", "--strict", "--runs-dir", runs)
    assert done.returncode == 1
    assert "--strict: besides dropout, the runs differ in: training.batch_size" in done.stderr
    assert "Against plain" in done.stdout


def test_strict_is_content_with_dropout_alone(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["plain-0", "spatial-0"]
    assert call(capsys, "compare", *names, "--strict", "--md", "--runs-dir", runs).stderr == ""


def test_options_reach_the_comparison(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("plain-0", "spatial-0", "batch-0", "--runs-dir", str(runs), "--json")
    options = ["--group-by", "training.batch_size", "--baseline", "batch-0"]
    more = ["--metric", "test_psnr", "--margin", "0.3", "--target", "24.5"]
    content = json.loads(call(capsys, "compare", *names, *options, *more).stdout)
    assert content["factor"] == "training.batch_size"
    assert content["arms"][0]["runs"] == ["batch-0"]
    assert (content["measure"], content["margin"]) == ("test_psnr", 0.3)
    assert content["yardstick"]["psnr"] == 24.5


def test_runs_are_named_by_the_beginning_of_their_name_or_their_place(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("plain-f", str(runs / "spatial-first"))
    text = call(capsys, "compare", *names, "--md", "--runs-dir", runs).stdout
    assert "plain-first" in text
    assert "spatial-first" in text


def test_wrong_arguments_are_told(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match="--md, --csv and --json: give one of them"):
        call(capsys, "compare", "plain-0", "--md", "--csv", "--runs-dir", runs)
    with pytest.raises(RunDirectoryError, match="plain-: the beginning of 9 runs"):
        call(capsys, "compare", "plain-", "--runs-dir", runs)
    with pytest.raises(ConfigError, match="baseline: batch-0 is not among the runs"):
        call(capsys, "compare", "plain-0", "--baseline", "batch-0", "--runs-dir", runs)


def test_on_a_terminal_no_line_is_broken_by_the_terminal(runs: Path) -> None:
    lines = on_a_terminal(80, "compare", *_arm("plain"), *_arm("spatial"), "--runs-dir", runs)
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("no room for: ") for line in lines)


def test_two_runs_are_compared_in_two_seconds(runs: Path) -> None:
    def seconds() -> float:
        start = perf_counter()
        done = dropstudy("compare", "plain-first", "spatial-first", "--runs-dir", runs)
        assert done.returncode == 0
        return perf_counter() - start

    # The best of three: a machine may be busy with something else.
    times = (seconds() for _ in range(3))
    assert any(time <= SLOWEST_SECONDS for time in times)


def test_a_page_of_pictures_replaces_another_page_and_nothing_of_others(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, page = tmp_path / "mine.png", tmp_path / "page.png"
    Image.new("RGB", (3, 3)).save(mine)
    before = mine.read_bytes()
    names = ["plain-first", "spatial-first", "--runs-dir", str(runs), "--pictures"]
    with pytest.raises(DataError, match=r"mine\.png: is there already and no page of pictures"):
        call(capsys, "compare", *names, mine)
    assert mine.read_bytes() == before
    for _ in range(2):
        call(capsys, "compare", *names, page)
    with Image.open(page) as drawn:
        assert drawn.width > 1000


def test_the_baseline_may_be_named_as_the_tables_name_it(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [*_arm("plain", 3), *_arm("spatial", 3), "--runs-dir", str(runs), "--json"]
    done = call(capsys, "compare", *names, "--baseline", "spatial")
    assert json.loads(done.stdout)["baseline"] == "spatial"


def test_a_page_among_the_runs_is_drawn_anew_whatever_made_the_old_one(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["plain-first", "spatial-first", "--runs-dir", str(runs)]
    first = Path(call(capsys, "compare", *names).stdout.splitlines()[-1].split(maxsplit=1)[1])
    Image.new("RGB", (3, 3)).save(first)
    call(capsys, "compare", *names)
    with Image.open(first) as drawn:
        assert drawn.width > 1000
