import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dropstudy.errors import ExportError
from dropstudy.exports.mlflow import MlflowStore
from dropstudy.runs.directory import write_json
from dropstudy.runs.process import hold
from dropstudy.runs.reading import Run
from tests.exports.example_runs import STARTED_SECONDS, example_epoch, write_run
from tests.runs.holding import leave_process_file

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun

STARTED = 1000 * int(STARTED_SECONDS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mlruns"


def export(folder: Path, run: Run, *, with_model: bool = False) -> str:
    """Exports a run and returns MLflow's id of it."""
    where = MlflowStore(str(folder), "dropout", with_model=with_model).export(run)
    path, _, run_id = where.rpartition(" ")
    assert path == str(folder)
    return run_id


def client_of(folder: Path) -> "MlflowClient":
    from mlflow import MlflowClient

    return MlflowClient(folder.as_uri())


def read_runs(folder: Path) -> "list[MlflowRun]":
    client = client_of(folder)
    experiment = client.get_experiment_by_name("dropout")
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


def history(folder: Path, run_id: str, name: str) -> list[tuple[int, int, float]]:
    """Step, milliseconds since the start, and value of each point."""
    points = client_of(folder).get_metric_history(run_id, name)
    return [(point.step, point.timestamp - STARTED, point.value) for point in points]


def artifacts(folder: Path, run_id: str) -> set[str]:
    client = client_of(folder)
    found = client.list_artifacts(run_id)
    for item in [item for item in found if item.is_dir]:
        found += client.list_artifacts(run_id, item.path)
    return {item.path for item in found if not item.is_dir}


def test_settings_become_parameters(tmp_path: Path, folder: Path) -> None:
    overrides = ["dropout.skip={kind: spatial, rate: [0.1, 0.2]}", "seed=1", "notes=why"]
    export(folder, write_run(tmp_path / "run", overrides=overrides))
    (logged,) = read_runs(folder)
    parameters = logged.data.params
    assert parameters["dropout.skip.kind"] == "spatial"
    assert parameters["dropout.skip.rate"] == "[0.1, 0.2]"
    assert parameters["seed"] == "1"
    assert parameters["architecture.residual"] == "true"
    assert parameters["training.early_stopping"] == "null"
    assert "notes" not in parameters


def test_numbers_become_metrics_with_step_and_time(tmp_path: Path, folder: Path) -> None:
    run_id = export(folder, write_run(tmp_path / "run"))
    assert history(folder, run_id, "val_psnr") == [
        (1, 6000, 24.5),
        (2, 12000, 25.0),
        (3, 18000, 25.5),
    ]
    ended = 20_000
    assert history(folder, run_id, "best_val_psnr") == [(3, ended, 25.5)]
    assert history(folder, run_id, "test_psnr") == [(3, ended, 24.25)]
    assert history(folder, run_id, "identity_val_psnr") == [(3, ended, 22.0)]
    assert history(folder, run_id, "classical_test_psnr") == [(3, ended, 22.5)]
    assert history(folder, run_id, "median_train_seconds") == [(3, ended, 3.0)]


def test_a_run_says_what_it_is_of_and_how_it_ended(tmp_path: Path, folder: Path) -> None:
    export(folder, write_run(tmp_path / "run", overrides=["notes=why", "tags=[a, b]"]))
    (logged,) = read_runs(folder)
    assert (logged.info.run_name, logged.info.status) == ("run", "FINISHED")
    assert (logged.info.start_time, logged.info.end_time) == (STARTED, STARTED + 20_000)
    expected = {
        "dropstudy.run": "run",
        "dropstudy.status": "finished",
        "dropstudy.version": "0.1.0",
        "dropstudy.data_fingerprint": "f00d",
        "dropstudy.tags": "a, b",
        "dropstudy.git_changed": "true",
        "mlflow.source.git.commit": "0123abc",
        "mlflow.note.content": "why",
    }
    assert logged.data.tags.items() >= expected.items()


def test_files_of_a_run_go_with_it_and_its_network_on_demand(tmp_path: Path, folder: Path) -> None:
    run = write_run(tmp_path / "run")
    images = {f"images/{path.name}" for path in run.directory.images.iterdir()}
    files = {"config.yaml", "environment.json", "epochs.csv", "result.json", "samples/final.png"}
    assert len(images) == 4
    assert artifacts(folder, export(folder, run)) == files | images
    again = export(folder, run, with_model=True)
    assert artifacts(folder, again) == files | images | {"model.keras"}


def test_a_second_export_adds_what_is_new(tmp_path: Path, folder: Path) -> None:
    epochs = [example_epoch(1), example_epoch(2)]
    first = export(folder, write_run(tmp_path / "run", epochs=epochs, status=None))
    client_of(folder).set_tag(first, "mine", "kept")
    (logged,) = read_runs(folder)
    assert (logged.info.status, logged.info.end_time) == ("RUNNING", None)
    for _ in range(2):
        assert export(folder, write_run(tmp_path / "run")) == first
    (logged,) = read_runs(folder)
    assert logged.info.status == "FINISHED"
    assert logged.data.tags["mine"] == "kept"
    assert [step for step, *_ in history(folder, first, "val_psnr")] == [1, 2, 3]
    assert [step for step, *_ in history(folder, first, "best_val_psnr")] == [2, 3]
    assert logged.data.metrics["best_val_psnr"] == 25.5
    assert [step for step, *_ in history(folder, first, "test_psnr")] == [3]


@pytest.mark.parametrize("what", ["setting", "epoch"])
def test_a_run_that_says_something_else_than_before_is_logged_anew(
    tmp_path: Path, folder: Path, what: str
) -> None:
    first = export(folder, write_run(tmp_path / "run"))
    if what == "setting":
        changed = write_run(tmp_path / "run", overrides=["seed=99"])
    else:
        changed = write_run(tmp_path / "run", epochs=[example_epoch(1, val_psnr=20.0)])
    second = export(folder, changed)
    assert [run.info.run_id for run in read_runs(folder)] == [second]
    assert client_of(folder).get_run(first).info.lifecycle_stage == "deleted"


def test_runs_of_different_names_stand_side_by_side(tmp_path: Path, folder: Path) -> None:
    names = {"a", "b 'quoted'"}
    for _ in range(2):
        for name in names:
            export(folder, write_run(tmp_path / name))
    assert {run.info.run_name for run in read_runs(folder)} == names
    assert len(read_runs(folder)) == 2


@pytest.mark.parametrize(("status", "theirs"), [("failed", "FAILED"), ("interrupted", "KILLED")])
def test_an_early_end_is_told(tmp_path: Path, folder: Path, status: str, theirs: str) -> None:
    export(folder, write_run(tmp_path / "run", status=status))  # type: ignore[arg-type]
    (logged,) = read_runs(folder)
    assert (logged.info.status, logged.data.tags["dropstudy.status"]) == (theirs, status)


def test_a_crashed_run_has_ended_until_it_goes_on(tmp_path: Path, folder: Path) -> None:
    run = write_run(tmp_path / "run", status=None)
    leave_process_file(run.directory)
    export(folder, Run(run.directory))
    (logged,) = read_runs(folder)
    tags = logged.data.tags
    assert (logged.info.status, tags["dropstudy.status"]) == ("KILLED", "crashed")
    with hold(run.directory):
        export(folder, Run(run.directory))
    (logged,) = read_runs(folder)
    assert (logged.info.status, logged.data.tags["dropstudy.status"]) == ("RUNNING", "running")


def test_a_run_that_has_just_begun_is_logged_without_metrics(tmp_path: Path, folder: Path) -> None:
    run = write_run(tmp_path / "run", epochs=[], status=None)
    run.directory.environment.unlink()
    export(folder, run)
    (logged,) = read_runs(folder)
    assert (logged.info.status, logged.data.metrics) == ("RUNNING", {})


def test_a_setting_longer_than_mlflow_takes_is_cut(tmp_path: Path, folder: Path) -> None:
    run = write_run(tmp_path / "run")
    write_json(run.directory.settings, {**run.settings, "name": "n" * 6001})
    export(folder, Run(run.directory))
    assert read_runs(folder)[0].data.params["name"] == "n" * 6000


ATTEMPTS = """
import json, sys
attempts = []
def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg"):
        attempts.append(event)
        raise OSError("this test has no network")
sys.addaudithook(note)
from pathlib import Path
from dropstudy.exports.mlflow import MlflowStore
from dropstudy.runs.store import load_run
MlflowStore(sys.argv[1], "dropout").export(load_run(sys.argv[2]))
from mlflow.telemetry.client import get_telemetry_client
print(json.dumps([attempts, get_telemetry_client() is None]))
"""
NO_TELEMETRY_ANYWAY = {"CI", "GITHUB_ACTIONS", "PYTEST_CURRENT_TEST", "DO_NOT_TRACK"}


def test_nothing_is_sent_to_anyone(tmp_path: Path, folder: Path) -> None:
    run = write_run(tmp_path / "run")
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in NO_TELEMETRY_ANYWAY and not key.startswith("MLFLOW")
    }
    done = subprocess.run(
        [sys.executable, "-c", ATTEMPTS, str(folder), str(run.directory.path)],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert json.loads(done.stdout) == [[], True]


def test_a_server_that_is_not_there_is_given_up_soon() -> None:
    with pytest.raises(ExportError, match=r"^--mlflow http://me:\*\*\*@localhost:1: API") as caught:
        MlflowStore("http://me:secret@localhost:1", "dropout")
    assert "secret" not in str(caught.value)
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ


def test_a_database_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ExportError, match=r"sqlite:///a\.db: a database needs all of MLflow: pip"):
        MlflowStore("sqlite:///a.db", "dropout")


def test_what_mlflow_refuses_is_said_in_one_line(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match=r"^--mlflow \S+/file/x: .*Not a directory[^\n]*$"):
        MlflowStore(str(tmp_path / "file" / "x"), "dropout")
    with pytest.raises(ExportError, match=r"^--mlflow ftp://a: .*unsupported URI[^\n]*$"):
        MlflowStore("ftp://a", "dropout")


@pytest.mark.parametrize(
    ("uri", "hint"),
    [
        ("my runs", "MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri 'my runs'"),
        ("file:runs", "MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri file:runs"),
    ],
)
def test_the_hint_says_how_to_look_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uri: str, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert MlflowStore(uri, "dropout").hint == f"look at it with: {hint}"
