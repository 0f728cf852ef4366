import json
import re
from pathlib import Path

import pytest

from dropstudy.config import load_experiment
from dropstudy.errors import DropstudyError
from dropstudy.runs.directory import write_json
from tests.analysis.runs import with_copy_ratio
from tests.cli.calls import call, on_a_terminal
from tests.cli.commands import command, dropstudy
from tests.project.test_imports import processor_seconds
from tests.runs.written import write_run

NAME = "smoke-20260102-0a1b2c"
SLOWEST_SECONDS = 0.5


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder, NAME, changes=("seed=3", "tags=[a, b]"), epochs=8)
    return folder


@pytest.fixture(scope="module")
def page(runs: Path) -> str:
    """What the command prints of a finished run, into a pipe."""
    done = dropstudy("show", "smoke", "--runs-dir", runs)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def facts(page: str) -> dict[str, str]:
    """The lines of name and text; the last of each name."""
    return dict(re.findall(r"^(\w[\w ]{0,9}?) {2,}(.+)$", page, re.MULTILINE))


def test_the_head_says_which_run_and_when_how_long_and_by_which_command(page: str) -> None:
    assert page.startswith(f"{NAME}  finished\n")
    told = facts(page)
    assert told["started"] == "2026-01-02 03:04 UTC"
    assert told["epochs"] == "8 of 8 in 2 min 5 s"
    assert told["command"] == "dropstudy run smoke.yaml"
    assert told["tags"] == "a, b"


def test_it_says_what_was_trained_and_on_what(page: str) -> None:
    told = facts(page)
    assert told["task"] == "pixelate, block 4"
    assert told["network"] == (
        "unet, 8 filters, depth 2, 29,675 parameters, 7 million multiply-adds a patch"
    )
    assert told["dropout"] == (
        "spatial: encoder 0.02/0.05, skip 0.1; 768 random numbers drawn a step"
    )
    assert told["images"] == "2 training, 1 validation, 1 test, fingerprint c62fb7b3bc12"
    assert told["device"] == "cpu: A processor, 2 threads, XLA off"
    assert told["precision"] == "float32: as asked"
    assert told["software"] == "Python 3.11.7, dropstudy 0.1.0, keras 3.15.1"
    assert told["git"] == "1af46a8c8ed5, with changes"


def test_quality_stands_beside_the_baselines(page: str) -> None:
    rows = [re.split(" {2,}", line) for line in page.splitlines()]
    assert ["best and last, epoch 8", "27.50", "0.7000", "23.00", "0.6600", "0.01250"] in rows
    assert ["identity", "22.00", "0.6000", "21.00", "0.5000", "–"] in rows
    assert ["classical, cubic", "24.50", "0.7000", "23.50", "0.6500", "–"] in rows
    assert "below its baseline" not in page


def test_cost_has_the_median_of_the_later_epochs_and_the_first_step_apart(page: str) -> None:
    told = facts(page[page.index("\ncost\n") :])
    # Epochs 2 to 8 train for 2.02 to 2.08 s, and wait 0.01 s each.
    assert told["training"] == "2.05 s an epoch (median of 7 after the first, 2.02 to 2.08)"
    assert told["a step"] == "20.0 ms, 800 images/s; 0.5% of the time without a batch ready"
    assert told["first step"] == "7.00 s, compiling included"
    assert told["beside it"] == "validation 0.25 s, all else 0.12 s an epoch (medians)"
    assert told["memory"] == "750 MB at its peak"


def test_curves_epochs_settings_and_files_follow(page: str, runs: Path) -> None:
    assert re.search(r"^ +validation PSNR in dB\n27\.5 ┤.* network\n", page, re.MULTILINE)
    assert re.search(r"│.* classical\n", page)
    assert re.search(r"^ +loss\n", page, re.MULTILINE)
    table = page[page.index("\nepochs\n") : page.index("\nsettings other")]
    assert re.findall(r"^ +(\d|…)(?: |$)", table, re.MULTILINE) == list("123…678")
    assert re.findall(r"^ +(\d) .* \*$", table, re.MULTILINE) == ["8"]
    settings = page[page.index("\nsettings other") : page.index("\nfiles in")]
    assert re.search(r"^dropout\.encoder\.rate +0\.02/0\.05$", settings, re.MULTILINE)
    assert re.search(r"^seed +3$", settings, re.MULTILINE)
    assert "batch_size" not in settings, "16 is the default"
    files = page[page.index(f"\nfiles in {runs / NAME}/\n") :]
    size = (runs / NAME / "config.yaml").stat().st_size
    assert re.search(rf"^config\.yaml +{size / 1000:.3g} kB$", files, re.MULTILINE)
    assert re.search(r"^samples/ +0 bytes  0 files$", files, re.MULTILINE)


def test_a_pipe_gets_no_colours_and_lines_that_people_can_read(page: str) -> None:
    assert "\x1b" not in page
    assert max(map(len, page.splitlines())) <= 120
    assert not [line for line in page.splitlines() if line != line.rstrip()]


def test_a_narrow_terminal_gets_no_line_that_is_too_long(runs: Path) -> None:
    lines = on_a_terminal(80, "show", NAME, "--runs-dir", runs)
    assert max(len(line) for line in lines if not line.startswith("files in")) <= 80
    assert "a patch" in lines[lines.index("experiment") + 3], "what is too long goes on below"
    assert [line for line in lines if line.startswith("best and last, epoch 8   ")]


def test_every_epoch_is_shown_when_asked_for(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = call(capsys, "show", "@latest", "--runs-dir", runs, "--epochs").stdout
    table = page[page.index("\nepochs\n") : page.index("\nsettings other")]
    assert re.findall(r"^ +(\d|…)(?: |$)", table, re.MULTILINE) == list("12345678")


def test_the_config_alone_can_be_run_again(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = call(capsys, "show", NAME, "--runs-dir", runs, "--config").stdout
    (tmp_path / "again.yaml").write_text(text)
    assert load_experiment(tmp_path / "again.yaml") == load_experiment(runs / NAME / "config.yaml")


def test_json_has_all_that_the_files_say(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = json.loads(call(capsys, "show", NAME, "--runs-dir", runs, "--json").stdout)
    assert (content["run"], content["status"]) == (NAME, "finished")
    assert content["settings"]["dropout"]["skip"] == {"kind": "spatial", "rate": 0.1}
    assert content["result"] == json.loads((runs / NAME / "result.json").read_text())
    assert [epoch["epoch"] for epoch in content["epochs"]] == list(range(1, 9))
    assert content["images"][0]["image"] == "coffee"
    assert content["environment"]["python"] == "3.11.7"


def test_a_run_below_its_baseline_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path, "weak", shift=-1.25)
    write_run(tmp_path, "bad", shift=-9)
    page = call(capsys, "show", "weak", "--runs-dir", tmp_path).stdout
    assert "below its baseline: 0.75 dB worse than the classical method in validation\n" in page
    page = call(capsys, "show", "bad", "--runs-dir", tmp_path).stdout
    assert "below its baseline: 6.00 dB worse than the degraded image in validation\n" in page


def test_a_network_that_returns_its_input_is_said_to_and_one_that_restores_says_how_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_copy_ratio(write_run(tmp_path, "copying"), 0.98, gain=0.12)
    with_copy_ratio(write_run(tmp_path, "restoring"), 0.5, gain=2.75)
    write_run(tmp_path, "older")
    copying, restoring, older = (
        call(capsys, "show", name, "--runs-dir", tmp_path).stdout
        for name in ("copying", "restoring", "older")
    )
    said = "copy ratio 0.980, +0.12 dB over the degraded image"
    assert f"\nreturns its input: {said} in validation\n" in copying
    assert "returns its input" not in restoring + older
    told = "copy ratio 0.500, +2.75 dB over the degraded image in the best epoch"
    assert facts(restoring)["input"].startswith(told)
    assert "copy ratio" not in older


def test_a_run_says_which_limit_ended_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Three epochs train for 9, 2.02 and 2.03 s.
    write_run(tmp_path, "limited", changes=("training.seconds=13",))
    write_run(tmp_path, "stopped", changes=("training.seconds=14",))
    for name, words in (
        ("limited", "its 13.0 s of training were over"),
        ("stopped", "stopped early"),
    ):
        page = call(capsys, "show", name, "--runs-dir", tmp_path).stdout
        assert facts(page)["epochs"] == f"3 of 8 in 2 min 5 s; {words}"


def test_the_epoch_that_was_tested_has_the_test_scores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = ("training.restore_best=false",)
    run = write_run(tmp_path, "last", changes=changes)
    result = {**run.result, "best": {**run.result["best"], "epoch": 2}}
    write_json(run.directory.result, result)
    page = call(capsys, "show", "last", "--runs-dir", tmp_path).stdout
    assert re.search(r"^best, epoch 2 .* –  +–  +0\.\d+$", page, re.MULTILINE)
    assert re.search(r"^last, epoch 3 .* 23\.00 +0\.6600  +0\.\d+$", page, re.MULTILINE)


@pytest.mark.parametrize("epochs", [0, 1, 2])
@pytest.mark.parametrize("status", [None, "failed", "interrupted"])
def test_a_run_that_is_not_finished_is_shown_as_far_as_it_got(
    epochs: int, status: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path, "going", status=status, epochs=epochs)  # type: ignore[arg-type]
    if not epochs:
        run.directory.environment.unlink()
    page = call(capsys, "show", "going", "--runs-dir", tmp_path).stdout
    assert page.startswith(f"going  {status or 'unfinished'}\n")
    told = facts(page)
    length = "in 2 min 5 s" if status else "so far; it goes on, or its process was killed"
    assert told["epochs"] == f"{epochs} of 8 {length}"
    assert ("┤" in page) == (epochs == 2)
    assert ("\ncost\n" in page) == (epochs > 0)
    assert "\nfiles in " in page


def test_an_old_run_without_the_newer_files_and_keys_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path, "old")
    new = ("steps_per_epoch", "draws_per_step", "resumes")
    write_json(
        run.directory.result, {key: item for key, item in run.result.items() if key not in new}
    )
    run.directory.settings.unlink()
    run.directory.image_scores.unlink()
    page = call(capsys, "show", "old", "--runs-dir", tmp_path).stdout
    assert facts(page)["dropout"] == "spatial: encoder 0.02/0.05, skip 0.1"
    assert "25 steps an epoch" in page
    assert json.loads(call(capsys, "show", "old", "--runs-dir", tmp_path, "--json").stdout)


def test_settings_of_another_version_are_shown_without_the_defaults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path, "strange")
    write_json(run.directory.settings, {**run.settings, "news": 1, "task": {"kind": "odd"}})
    write_json(run.directory.environment, {"news": 1, "runtime": {}, "pictures": {}})
    page = call(capsys, "show", "strange", "--runs-dir", tmp_path).stdout
    assert "unknown: this version of dropstudy would not accept them" in page
    assert facts(page)["task"] == "odd"


def test_a_damaged_run_is_an_error_that_names_the_file_and_nothing_half(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path, "damaged")
    run.directory.epochs.write_text("{}\n")
    with pytest.raises(DropstudyError, match=r"epochs\.jsonl:1: damaged: has no epoch"):
        call(capsys, "show", "damaged", "--runs-dir", tmp_path)
    assert capsys.readouterr().out == ""


def test_neither_markup_nor_control_characters_are_obeyed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tricky = "[bold]x \x1b[31m"
    run = write_run(tmp_path, f"{tricky}1", status="failed", error=f"{tricky}\nmore")
    write_json(run.directory.settings, {**run.settings, "notes": tricky, "tags": [tricky]})
    (run.directory.path / f"{tricky}.txt").touch()
    page = call(capsys, "show", "@latest", "--runs-dir", tmp_path).stdout
    assert "\x1b" not in page
    shown = r"[bold]x \x1b[31m"
    assert page.startswith(f"{shown}1  failed\n{shown}\nmore\n")
    assert (facts(page)["notes"], facts(page)["tags"]) == (shown, shown)
    assert f"{shown}.txt" in page
    run.directory.config.write_text(f"name: a\n# {tricky}\n")
    assert call(capsys, "show", "@latest", "--runs-dir", tmp_path, "--config").stdout == (
        f"name: a\n# {shown}\n"
    )


def test_no_such_run_is_an_error_with_those_there_are(runs: Path) -> None:
    done = dropstudy("show", "unet", "--runs-dir", runs)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: unet: neither a run directory nor a run in {runs}; there are: {NAME}\n"
    )


def test_one_form_of_output_at_a_time(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DropstudyError, match="--config and --json: give one of them"):
        call(capsys, "show", NAME, "--runs-dir", runs, "--config", "--json")


def test_a_run_is_shown_in_half_a_second(tmp_path: Path) -> None:
    write_run(tmp_path, "long", epochs=200, changes=("training.epochs=200",))
    words = command("show", "long", "--runs-dir", tmp_path)
    limit = SLOWEST_SECONDS
    for _ in range(5):
        if (taken := processor_seconds(words)) <= limit:
            return
        # A machine is slow if starting the command line alone takes long.
        limit = max(SLOWEST_SECONDS, 2.5 * processor_seconds(command("validate", "--help")))
    pytest.fail(f"took {taken:.2f} s, limit {limit:.2f} s")
