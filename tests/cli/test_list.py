import csv
import io
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropstudy.errors import DropstudyError
from dropstudy.runs.directory import RunDirectory
from tests.cli.calls import call, on_a_terminal
from tests.cli.commands import ENVIRONMENT, command, dropstudy
from tests.project.test_imports import processor_seconds
from tests.runs.written import write_run

SLOWEST_SECONDS = 1.0
PLAIN = ("dropout={}",)
STRONG = ("dropout.skip.rate=0.3", "training.epochs=3")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five runs: none, spatial, stronger spatial; one that goes on, one that failed."""
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder, "plain-1", changes=PLAIN, epochs=8, started="2026-01-02T05:00:00+00:00")
    write_run(folder, "spatial-1", changes=("seed=1",), shift=1.25)
    write_run(folder, "strong-1", changes=STRONG, started="2026-01-02T04:00:00+00:00", shift=-9)
    write_run(folder, "going-1", status=None, epochs=2, started="2026-01-02T06:00:00+00:00")
    write_run(
        folder,
        "failed-1",
        status="failed",
        error="[bold]no[/bold]",
        epochs=0,
        started="2026-01-02T07:00:00+00:00",
    )
    return folder


def names(stdout: str) -> list[str]:
    return [line.split()[0] for line in stdout.splitlines()[1:]]


def test_a_line_for_each_run_says_what_it_is_and_how_it_did(runs: Path) -> None:
    done = dropstudy("list", "--runs-dir", runs)
    heading, *lines = (re.split(" {2,}", line) for line in done.stdout.splitlines())
    assert heading == [
        *("run", "status", "started (UTC)", "task", "network", "dropout", "seed", "epochs"),
        *("best dB", "last dB", "test dB", "gain dB", "s/epoch"),
    ]
    task, network = "pixelate, block 4", "unet, 8 filters, depth 2"
    spatial = "spatial: encoder 0.02/0.05, skip 0.1"
    day = "2026-01-02"
    # PSNR is 23.5 + epoch / 2; of the classical method 24.5; the median leaves epoch 1 out.
    assert lines == [
        f"spatial-1|finished|{day} 03:04|{task}|{network}|{spatial}"
        "|1|3/8|26.25|26.25|23.00|+1.75|2.02".split("|"),
        f"strong-1|finished|{day} 04:00|{task}|{network}|spatial: encoder 0.02/0.05, skip 0.3"
        "|0|3|16.00|16.00|23.00|-8.50|2.02".split("|"),
        f"plain-1|finished|{day} 05:00|{task}|{network}|none"
        "|0|8|27.50|27.50|23.00|+3.00|2.05".split("|"),
        f"going-1|unfinished|{day} 06:00|{task}|{network}|{spatial}"
        "|0|2/8|24.50|24.50|–|–|2.02".split("|"),
        f"failed-1|failed|{day} 07:00|{task}|{network}|{spatial}|0|0/8|–|–|–|–|–".split("|"),
    ]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["dropout.skip.rate=0.3"], ["strong-1"]),
        (["dropout.encoder.rate=[0.02, 0.05]", "seed!=1", "status=finished"], ["strong-1"]),
        (["dropout.skip.rate!=0.1"], ["strong-1", "plain-1"]),
        (["run=*a*-1", "status!=failed"], ["spatial-1", "plain-1"]),
        (["name=smoke", "val_psnr>26.25"], ["plain-1"]),
        (["val_psnr >= 26.25"], ["spatial-1", "plain-1"]),
        (["best.val_psnr<=16"], ["strong-1"]),
        (["last.epoch<3"], ["going-1"]),
        (["test.psnr=23.0", "architecture.residual=true", "seed=0"], ["strong-1", "plain-1"]),
        (["started>2026-01-02T05"], ["plain-1", "going-1", "failed-1"]),
        (["training.schedule.kind=cos?ne", "gain<0"], ["strong-1"]),
        (["architecture.residual=1"], []),
    ],
)
def test_where_keeps_the_runs_that_fulfil_everything(
    conditions: list[str],
    expected: list[str],
    runs: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = [word for condition in conditions for word in ("--where", condition)]
    assert names(call(capsys, "list", "--runs-dir", runs, *options).stdout) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("started", ["spatial-1", "strong-1", "plain-1", "going-1", "failed-1"]),
        ("-started", ["failed-1", "going-1", "plain-1", "strong-1", "spatial-1"]),
        ("run", ["failed-1", "going-1", "plain-1", "spatial-1", "strong-1"]),
        ("val_psnr", ["strong-1", "going-1", "spatial-1", "plain-1", "failed-1"]),
        ("-val_psnr", ["plain-1", "spatial-1", "going-1", "strong-1", "failed-1"]),
        ("-dropout.skip.rate", ["strong-1", "failed-1", "going-1", "spatial-1", "plain-1"]),
        ("-seed", ["spatial-1", "failed-1", "going-1", "plain-1", "strong-1"]),
    ],
)
def test_sort_orders_by_anything_and_runs_that_lack_it_come_last(
    key: str, expected: list[str], runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, "list", "--runs-dir", runs, "--sort", key)
    assert (names(done.stdout), done.stderr) == (expected, "")


def test_only_changed_shows_the_settings_that_differ_between_the_runs_shown(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ["--where", "status=finished", "--where", "seed=0", "--only-changed"]
    done = call(capsys, "list", "--runs-dir", runs, *both)
    heading, *lines = (re.split(" {2,}", line) for line in done.stdout.splitlines())
    assert heading[:8] == [
        *("run", "status", "started (UTC)", "dropout.encoder.kind", "dropout.encoder.rate"),
        *("dropout.skip.kind", "dropout.skip.rate", "training.epochs"),
    ]
    assert [line[3:8] for line in lines] == [
        ["spatial", "0.02/0.05", "spatial", "0.3", "3"],
        ["none", "–", "none", "–", "8"],
    ]


def test_csv_has_a_row_for_each_run_with_numbers_in_full(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, "list", "--runs-dir", runs, "--csv", "--sort", "run")
    rows = {row["run"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert list(rows) == ["failed-1", "going-1", "plain-1", "spatial-1", "strong-1"]
    assert rows["spatial-1"]["median_train_seconds"] == repr((2.02 + 2.03) / 2)
    assert rows["spatial-1"]["started"] == "2026-01-02T03:04:05+00:00"
    assert rows["spatial-1"]["dropout"] == "spatial: encoder 0.02/0.05, skip 0.1"
    assert (rows["failed-1"]["best.val_psnr"], rows["failed-1"]["epochs"]) == ("", "0")


def test_json_has_everything_known_of_each_run(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, "list", "--runs-dir", runs, "--json", "--where", "run=strong-1")
    [row] = json.loads(done.stdout)
    assert row["directory"] == str(runs / "strong-1")
    assert (row["status"], row["best.val_psnr"], row["baselines.classical.method"]) == (
        "finished",
        16.0,
        "cubic",
    )
    assert (row["settings"]["dropout.skip.rate"], row["settings"]["seed"]) == (0.3, 0)


def test_markdown_is_a_table_in_which_no_name_breaks_a_cell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path, "a|b")
    lines = call(capsys, "list", "--runs-dir", tmp_path, "--md").stdout.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("| --- | --- |")
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {14}
    assert lines[2].startswith(r"| a\|b | finished |")


def test_a_damaged_run_is_a_row_and_its_reason_a_line_below(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("whole", "torn", "strange"):
        write_run(tmp_path, name, status=None if name == "strange" else "finished")
    (tmp_path / "torn" / "result.json").write_text('{"status": "fini')
    sections = ("data", "architecture", "dropout", "training", "runtime")
    strange = {"name": "odd", "task": {"kind": [1]}, **{section: {} for section in sections}}
    (tmp_path / "strange" / "config.json").write_text(json.dumps(strange))
    done = call(capsys, "list", "--runs-dir", tmp_path)
    assert names(done.stdout) == ["strange", "whole", "torn"]
    assert done.stdout.splitlines()[3].split()[:3] == ["torn", "damaged", "–"]
    assert done.stderr.startswith(f"{tmp_path}/torn/result.json:1: damaged: not JSON: ")
    assert done.stderr.count("\n") == 1
    done = call(capsys, "list", "--runs-dir", tmp_path, "--json", "--where", "status=damaged")
    [row] = json.loads(done.stdout)
    assert row["problem"] == done.stderr.rstrip("\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--where", "dropout.skip.knd=spatial"], "no run has dropout.skip.knd; did you mean"),
        (["--where", "dropout.skip=spatial"], "did you mean dropout.skip.kind or dropout.skip.r"),
        (["--where", "learning_rat=1"], "did you mean training.optimizer.learning_rate?"),
        (["--where", "seed"], "--where seed: give KEY=VALUE, such as dropout.skip.kind=spatial"),
        (["--where", "seed=[0"], "--where seed=[0:1: not YAML: "),
        (["--where", "val_psnr>much"], "got 'much'; give a number, as val_psnr is one"),
        (["--sort", "-sed"], "--sort -sed: no run has sed; did you mean seed?"),
        (["--csv", "--json"], "--md, --csv and --json: give one of them"),
        (["--runs-dir", "nowhere"], "nowhere: no runs can be read here: No such file"),
    ],
)
def test_what_cannot_be_listed_is_said_with_the_likely_way_out(
    options: list[str], message: str, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DropstudyError, match=re.escape(message)) as error:
        call(capsys, "list", "--runs-dir", runs, *options)
    assert error.value.exit_code == 2


def test_nothing_to_list_is_said_with_what_to_do(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, "list", "--runs-dir", tmp_path)
    assert done.stdout == ""
    assert done.stderr.startswith(f"{tmp_path}: no runs yet; train one with dropstudy run FILE")
    done = call(capsys, "list", "--runs-dir", tmp_path, "--json")
    assert json.loads(done.stdout) == []
    done = call(capsys, "list", "--runs-dir", runs / "plain-1")
    assert f"a run itself; see dropstudy show {runs}/plain-1" in done.stderr
    done = call(capsys, "list", "--runs-dir", runs, "--where", "status=done")
    assert done.stdout == ""
    assert done.stderr == (
        "none of 5 runs has status=done: status is finished (3), failed (1), unfinished (1)\n"
    )


@pytest.mark.parametrize(("width", "options"), [(80, []), (100, ["--only-changed"])])
def test_a_terminal_gets_no_line_that_is_too_long_and_hears_what_it_lacks(
    width: int, options: list[str], runs: Path
) -> None:
    lines = on_a_terminal(width, "list", "--runs-dir", runs, *options)
    assert max(map(len, lines)) <= width
    assert lines[0].startswith("run")
    assert "best dB" in lines[0]
    assert names("\n".join(lines[:6])) == [
        *("spatial-1", "strong-1", "plain-1", "going-1", "failed-1"),
    ]
    below = " ".join("\n".join(lines[7:]).split())
    assert "best and last: validation PSNR; gain: of the best over the classical" in below
    if not options:
        assert "the same in all: task pixelate, block 4, network unet, 8 filters, depth 2" in below
        assert "no room for: last dB, gain dB" in below
        assert "pixelate" not in lines[1]


def test_names_are_neither_markup_nor_control_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path, "[bold]a\x1b[31m\n", changes=('tags=["x\\u009by"]',))
    write_run(tmp_path, "b", changes=("dropout={}",))
    for lines in (
        on_a_terminal(200, "list", "--runs-dir", tmp_path, "--only-changed"),
        call(capsys, "list", "--runs-dir", tmp_path, "--only-changed").stdout.splitlines(),
    ):
        assert any(line.startswith(r"[bold]a\x1b[31m\n  finished") for line in lines)
        assert r"x\x9by" in "\n".join(lines)


@pytest.fixture(scope="module")
def thousand_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("thousand")
    source = write_run(folder / "source", epochs=8).directory
    files = ("config.yaml", "config.json", "environment.json", "epochs.jsonl", "result.json")
    texts = {name: (source.path / name).read_text() for name in files}
    for number in range(1000):
        directory = RunDirectory(folder / "runs" / f"run-{number:04d}")
        directory.path.mkdir(parents=True)
        changed = {
            "config.json": texts["config.json"].replace('"seed": 0', f'"seed": {number}'),
            "result.json": texts["result.json"].replace("27.5", f"{20 + number / 100}"),
        }
        for name, text in {**texts, **changed}.items():
            (directory.path / name).write_text(text)
    yield folder / "runs"


@pytest.mark.parametrize("options", [[], ["--only-changed", "--where", "val_psnr>25", "--csv"]])
def test_a_thousand_runs_are_listed_in_a_second(options: list[str], thousand_runs: Path) -> None:
    words = command("list", "--runs-dir", thousand_runs, *options)
    done = subprocess.run(words, capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert len(done.stdout.splitlines()) == 1 + (499 if options else 1000)
    libraries = command("validate", "--help")
    limit = SLOWEST_SECONDS
    for _ in range(5):
        if (taken := processor_seconds(words)) <= limit:
            return
        # A machine is slow if starting the command line alone takes long.
        limit = max(SLOWEST_SECONDS, 4 * processor_seconds(libraries))
    pytest.fail(f"listing 1,000 runs took {taken:.2f} s, limit {limit:.2f} s; {os.getloadavg()}")
