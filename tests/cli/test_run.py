import csv
import json
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dropstudy.config import load_experiment
from tests.cli.commands import ENVIRONMENT, command, dropstudy

CHANGES = ("training.epochs=2", "training.steps_per_epoch=5")
CHATTER = re.compile(r"^[IWEF]\d{4} \d\d:\d\d:", re.MULTILINE)
"""How a message of TensorFlow's C++ starts."""


@dataclass(frozen=True)
class Run:
    """A ``dropstudy run`` that has ended."""

    exit_code: int
    stdout: str
    stderr: str
    directory: Path

    def json(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.directory / name).read_text(encoding="utf-8"))
        return content

    @property
    def epochs(self) -> list[dict[str, Any]]:
        text = (self.directory / "epochs.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]


def run(config: Path, runs: Path, *options: str) -> Run:
    """Runs ``config`` into ``runs``, a folder that is not there yet."""
    done = dropstudy("run", config, "--runs-dir", runs, *options)
    [directory] = runs.iterdir()
    return Run(done.returncode, done.stdout, done.stderr, directory)


def with_changes(*changes: str) -> list[str]:
    return [word for change in changes for word in ("--set", change)]


@pytest.fixture(scope="module")
def folder_yaml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A very small network and five images: colours, grey, transparency, one in a subfolder."""
    folder = tmp_path_factory.mktemp("folder")
    images = folder / "images"
    (images / "more").mkdir(parents=True)
    for index, mode in enumerate(("RGB", "RGB", "L", "RGBA")):
        Image.radial_gradient("L").resize((24, 16)).convert(mode).save(images / f"{index}.png")
    Image.linear_gradient("L").resize((16, 24)).save(images / "more" / "4.jpg")
    config = folder / "folder.yaml"
    config.write_text(
        "name: folder\n"
        f"data: {{kind: folder, path: '{images}', patch_size: 8, evaluation_size: 16}}\n"
        "task: {kind: gaussian, sigma: [5, 50]}\n"
        "architecture: {kind: autoencoder, depth: 1, filters: 2, convolutions: 1}\n"
        "training: {epochs: 1, steps_per_epoch: 4, batch_size: 2}\n"
        "samples: {count: 0}\n",
        encoding="utf-8",
    )
    return config


@pytest.fixture(scope="module")
def runs(
    smoke_yaml: Path, folder_yaml: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Run]]]:
    """Two at a time, since each spends seconds on starting TensorFlow on one core."""
    folder = tmp_path_factory.mktemp("runs")
    diverging = ("training.optimizer={kind: sgd, learning_rate: 1e12}", "training.loss=mse")
    with ThreadPoolExecutor(2) as pool:
        yield {
            "smoke": pool.submit(run, smoke_yaml, folder / "my [old]", *with_changes(*CHANGES)),
            "folder": pool.submit(run, folder_yaml, folder / "b", "--quiet", "--name", "2024"),
            "diverging": pool.submit(
                run,
                folder_yaml,
                folder / "c",
                *with_changes(*diverging, "runtime.precision=float32"),
            ),
            "impossible": pool.submit(
                run, folder_yaml, folder / "d", *with_changes("architecture.filters=9" + "0" * 18)
            ),
        }


@pytest.fixture(scope="module")
def smoke(runs: dict[str, Future[Run]]) -> Run:
    return runs["smoke"].result()


def test_a_run_succeeds_and_leaves_all_its_files(smoke: Run) -> None:
    assert smoke.exit_code == 0
    files = {
        path.relative_to(smoke.directory).as_posix()
        for path in smoke.directory.rglob("*")
        if path.parent.name != "checkpoints"
    }
    assert files == {
        "checkpoints",
        "config.json",
        "config.yaml",
        "environment.json",
        "epochs.csv",
        "epochs.jsonl",
        "images",
        *(
            f"images/validation-{index:03d}-{name}-{form}.png"
            for index, name in enumerate(("chelsea", "coffee"))
            for form in ("restored", "degraded", "classical", "clean")
        ),
        "images.jsonl",
        "log.txt",
        "model.keras",
        "process.json",
        "result.json",
        "samples",
        "samples/final.png",
    }
    assert re.fullmatch(r"smoke-20\d{6}-[0-9a-f]{6}", smoke.directory.name)


def test_tensorflow_talks_to_the_log_alone(smoke: Run) -> None:
    assert smoke.stderr == ""
    assert not CHATTER.search(smoke.stdout)
    assert CHATTER.search((smoke.directory / "log.txt").read_text(encoding="utf-8"))


def test_the_terminal_shows_where_the_run_is_and_a_line_for_each_epoch(smoke: Run) -> None:
    assert f"\nrun         {smoke.directory}\n" in smoke.stdout
    assert f"\nfiles       {smoke.directory}/\n" in smoke.stdout
    assert "\ndropout     encoder spatial 0.02/0.05, skip spatial 0.1\n" in smoke.stdout
    assert re.findall(r"^ +(\d+) +0\.\d{5} ", smoke.stdout, re.MULTILINE) == ["1", "2"]


def test_the_end_says_that_a_network_of_ten_steps_still_returns_its_input(smoke: Run) -> None:
    best = smoke.json("result.json")["best"]
    ratio, gain = best["val_copy_ratio"], best["val_identity_gain"]
    assert ratio > 0.9
    said = f"copy ratio {ratio:.3f}, {gain:+.2f} dB over the degraded image"
    assert f"\nreturns its input: {said}\n" in smoke.stdout


def test_the_config_of_a_run_repeats_it(smoke: Run, smoke_yaml: Path) -> None:
    assert load_experiment(smoke.directory / "config.yaml") == load_experiment(smoke_yaml, CHANGES)


def test_the_table_of_epochs_says_what_the_lines_say(smoke: Run) -> None:
    with (smoke.directory / "epochs.csv").open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    assert [row["epoch"] for row in smoke.epochs] == [1, 2]
    assert [list(row) for row in table] == [list(row) for row in smoke.epochs]
    for row, line in zip(table, smoke.epochs, strict=True):
        assert {key: float(text) if text else None for key, text in row.items()} == line
        assert 0 < line["first_step_seconds"] < line["train_seconds"]
        assert 0 <= line["wait_seconds"] < line["train_seconds"]
        assert line["psnr_gap"] == pytest.approx(line["train_eval_psnr"] - line["val_psnr"])


def test_the_result_sums_the_run_up(smoke: Run) -> None:
    result, epochs = smoke.json("result.json"), smoke.epochs
    assert result.keys() >= {
        *("status", "error", "monitor", "best", "last", "test", "baselines"),
        *("median_train_seconds", "total_seconds", "parameters", "multiply_adds"),
    }
    assert (result["status"], result["error"], result["monitor"]) == ("finished", None, "val_loss")
    assert result["best"] == min(epochs, key=lambda row: row["val_loss"])
    assert result["last"] == epochs[-1]
    assert result["median_train_seconds"] == epochs[1]["train_seconds"]
    assert result["total_seconds"] > sum(row["train_seconds"] for row in epochs)
    assert result["test"].keys() == {"psnr", "ssim", "accuracy"}
    # As tests/cli/test_explain.py derives them.
    assert (result["parameters"], result["multiply_adds"]) == (29_675, 6_602_752)
    identity, classical = result["baselines"]["identity"], result["baselines"]["classical"]
    assert identity["val_psnr"] < classical["val_psnr"]
    assert identity["test_psnr"] < classical["test_psnr"]


def test_the_environment_names_software_machine_and_pictures(smoke: Run) -> None:
    environment = smoke.json("environment.json")
    assert environment["command"][1] == "run"
    assert all(environment["packages"][name] for name in ("dropstudy", "tensorflow", "keras"))
    assert environment["runtime"]["precision"] in ("float32", "mixed_bfloat16")
    assert {part: len(names) for part, names in environment["pictures"].items()} == {
        "training": 5,
        "validation": 2,
        "test": 1,
    }
    assert re.fullmatch("[0-9a-f]{64}", environment["data_fingerprint"])


def test_the_final_picture_opens(smoke: Run) -> None:
    with Image.open(smoke.directory / "samples" / "final.png") as picture:
        picture.load()
        assert picture.mode == "RGB"


def test_the_model_opens_with_keras_alone(smoke: Run, tmp_path: Path) -> None:
    script = """
import sys, keras, numpy
network = keras.models.load_model(sys.argv[1])
restored = network(numpy.full((2, 36, 44, 3), 0.5, "float32"), training=False)
assert not any(name.startswith("dropstudy") for name in sys.modules)
print(network.count_params(), restored.shape, restored.dtype.name, numpy.isfinite(restored).all())
"""
    done = subprocess.run(
        [sys.executable, "-c", script, smoke.directory / "model.keras"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.stdout.split(maxsplit=1) == ["29675", "(2, 36, 44, 3) float32 True\n"], done.stderr


def test_a_folder_of_images_trains_in_silence_under_a_name_of_its_own(
    runs: dict[str, Future[Run]],
) -> None:
    done = runs["folder"].result()
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"{done.directory}\n", "")
    assert done.directory.name.startswith("2024-")
    assert load_experiment(done.directory / "config.yaml").name == "2024"
    result = done.json("result.json")
    assert result["status"] == "finished"
    assert result["median_train_seconds"] is None, "the first epoch holds the compiling"
    pictures = done.json("environment.json")["pictures"]
    assert {part: len(names) for part, names in pictures.items()} == {
        "training": 3,
        "validation": 1,
        "test": 1,
    }
    names = sorted(name for part in pictures.values() for name in part)
    assert names == ["0.png", "1.png", "2.png", "3.png", "more/4.jpg"]
    assert list((done.directory / "samples").iterdir()) == []


def test_a_training_that_diverges_fails_and_names_epoch_and_step(
    runs: dict[str, Future[Run]],
) -> None:
    done = runs["diverging"].result()
    assert done.exit_code == 1
    assert re.match(
        r"error: epoch 1, step [2-4]: the training loss is (inf|nan); try a smaller learning rate",
        done.stderr,
    )
    assert "Traceback" not in done.stdout + done.stderr
    result = done.json("result.json")
    assert result["status"] == "failed"
    assert done.stderr == f"error: {result['error']}\n"
    assert result["best"] is None
    assert result["baselines"]["classical"]["val_psnr"] > 0


def test_an_error_that_nobody_foresaw_is_one_line_here_and_in_full_in_the_log(
    runs: dict[str, Future[Run]],
) -> None:
    done = runs["impossible"].result()
    assert done.exit_code == 1
    assert re.fullmatch(r"error: \w*Error: .+\n", done.stderr)
    log = done.directory / "log.txt"
    assert done.stderr.endswith(f" (in full in {log})\n")
    assert "\nTraceback (most recent call last):\n" in log.read_text(encoding="utf-8")
    assert done.json("result.json")["status"] == "failed"


def test_an_interrupt_ends_the_run_and_keeps_what_it_has(smoke_yaml: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    changes = with_changes("training.epochs=100000", "training.steps_per_epoch=5")
    process = subprocess.Popen(
        command("run", smoke_yaml, "--runs-dir", runs, *changes),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=ENVIRONMENT,
    )
    deadline = time.monotonic() + 240
    while not any(len(path.read_bytes().splitlines()) > 1 for path in runs.glob("*/epochs.csv")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=120)
    [directory] = runs.iterdir()
    done = Run(process.returncode, stdout, stderr, directory)
    assert done.exit_code == 130
    assert "Traceback" not in stdout + stderr
    result = done.json("result.json")
    assert (result["status"], result["error"]) == ("interrupted", None)
    assert result["last"] == done.epochs[-1]
    assert [row["epoch"] for row in done.epochs] == list(range(1, len(done.epochs) + 1))
    assert load_experiment(directory / "config.yaml").training.epochs == 100000
    assert done.json("environment.json")["packages"]["keras"]
    with zipfile.ZipFile(directory / "model.keras") as model:
        assert model.testzip() is None


def test_a_reader_that_leaves_and_another_backend_in_the_environment_change_nothing(
    smoke_yaml: Path, tmp_path: Path
) -> None:
    changes = with_changes("training.epochs=2", "training.steps_per_epoch=2")
    process = subprocess.Popen(
        command("run", smoke_yaml, "--runs-dir", tmp_path, *changes),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**ENVIRONMENT, "KERAS_BACKEND": "jax"},
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=240) == 0
    [directory] = tmp_path.iterdir()
    result = json.loads((directory / "result.json").read_text())
    assert (result["status"], result["last"]["epoch"]) == ("finished", 2)


def test_a_runs_directory_that_cannot_be_made_is_named_with_its_option(
    smoke_yaml: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = dropstudy("run", smoke_yaml, "--runs-dir", "file/runs", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: file/runs: cannot make a run directory here: ")
    assert "--runs-dir" in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "training.epochs=0"], "error: --set training.epochs=0: training.epochs: got 0"),
        (["--name", "a b"], "name: got 'a b'; give 1 to 64 letters"),
    ],
)
def test_a_bad_config_leaves_nothing_behind(
    smoke_yaml: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    done = dropstudy("run", smoke_yaml, *options, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []
