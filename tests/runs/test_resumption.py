import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropstudy.config import load_experiment
from dropstudy.errors import ConfigError, RunDirectoryError
from dropstudy.runs.changes import may_change
from dropstudy.runs.checkpoints import save_best, save_checkpoint
from dropstudy.runs.manifests import Place
from dropstudy.runs.reading import Run
from dropstudy.runs.records import Status
from dropstudy.runs.resumption import Resumption, plan_resumption, rewind_records
from dropstudy.runs.settings import flatten
from tests.config.experiments import CONFIGS
from tests.runs.saving import a_checkpoint, cut
from tests.runs.written import write_run

THREE_DONE = Place(4, 0)
STOPPING = "training.early_stopping={patience: 3}"


def _run(
    folder: Path,
    place: Place | None = THREE_DONE,
    *,
    changes: tuple[str, ...] = (STOPPING,),
    status: Status | None = "interrupted",
    **values: Any,
) -> Run:
    """A run of 8 epochs that has finished three of them, and its checkpoint at ``place``."""
    run = write_run(folder, changes=changes, epochs=3 if place else 0, status=status)
    run.directory.checkpoints.mkdir()
    if place is not None:
        settings = load_experiment(CONFIGS / "smoke.yaml", changes).model_dump(mode="json")
        best = save_best(run.directory, 1, {"network/w": np.ones(3, dtype="float32")})
        checkpoint = replace(a_checkpoint(place, settings=settings, best=best), **values)
        save_checkpoint(run.directory, checkpoint, keep=9)
    return run


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _keys(resumption: Resumption) -> list[str]:
    return [change.key for change in resumption.changes]


def test_a_run_goes_on_as_it_was_from_its_checkpoint(tmp_path: Path) -> None:
    run = _run(tmp_path, Place(4, 17))
    before = _tree(tmp_path)
    resumption = plan_resumption(run)

    assert resumption.experiment == load_experiment(CONFIGS / "smoke.yaml", [STOPPING])
    assert resumption.place == Place(4, 17)
    assert (resumption.changes, resumption.notes) == ([], [])
    assert _tree(tmp_path) == before, "planning wrote something"


def test_a_run_without_a_checkpoint_yet_goes_on_from_its_beginning(tmp_path: Path) -> None:
    resumption = plan_resumption(_run(tmp_path, None, status=None))

    assert (resumption.checkpoint, resumption.place) == (None, Place(1, 0))


def test_a_run_without_a_checkpoint_keeps_its_settings_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^seed: is 1, the run began with 0; a run cannot"):
        plan_resumption(_run(tmp_path, None, status=None), ["seed=1"])


def _replace_leaf(settings: dict[str, Any], key: str) -> dict[str, Any]:
    section, _, rest = key.partition(".")
    inner = _replace_leaf(settings[section], rest) if rest else "another"
    return {**settings, section: inner}


def test_every_setting_that_is_not_free_is_refused_by_name(tmp_path: Path) -> None:
    run = _run(tmp_path)
    [manifest] = run.directory.checkpoints.glob("*.json")
    saved = json.loads(manifest.read_text())
    keys = [key for key in flatten(saved["settings"]) if not may_change(key)]
    for key in keys:
        changed = {**saved, "settings": _replace_leaf(saved["settings"], key)}
        manifest.write_text(json.dumps(changed))
        with pytest.raises(ConfigError) as raised:
            plan_resumption(run)
        [line] = str(raised.value).splitlines()
        assert line.startswith(f"{key}: is "), line
        assert "the run began with another" in line
    assert {"seed", "name", "data.kind", "training.batch_size", "dropout.skip.rate"} < set(keys)


@pytest.mark.parametrize(
    "change",
    [
        *("seed=5", "name=other", "data.patch_size=64", "task.block=2", "architecture.filters=4"),
        *("dropout.skip.rate=0.3", "dropout.head={kind: dropout, rate: 0.1}"),
        *("training.batch_size=4", "training.optimizer.learning_rate=0.5", "training.loss=mse"),
        *("training.schedule={kind: constant}", "training.restore_best=false"),
        *("training.early_stopping.monitor=val_ssim", "training.early_stopping=null"),
        *("training.steps_per_epoch=7", "runtime.precision=mixed_bfloat16", "runtime.replicas=2"),
        *("runtime.deterministic=true", "runtime.xla=true"),
    ],
)
def test_what_would_make_it_another_run_is_refused(tmp_path: Path, change: str) -> None:
    with pytest.raises(ConfigError) as raised:
        plan_resumption(_run(tmp_path), [change])
    assert str(raised.value).startswith(change.split("=")[0])
    assert "start a new one" in str(raised.value)


def test_all_wrong_changes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        plan_resumption(_run(tmp_path), ["seed=5", "training.epochs=9", "training.batch_size=4"])
    lines = str(raised.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["seed", "training.batch_size"]


def test_what_may_change_is_noted_and_used(tmp_path: Path) -> None:
    overrides = ["training.epochs=20", "training.early_stopping.patience=9", "samples.every=1"]
    overrides += ["runtime.threads=1", "recovery.keep=5", "notes=longer", "tags=[long]"]
    resumption = plan_resumption(_run(tmp_path), overrides)

    assert set(_keys(resumption)) == {override.split("=")[0] for override in overrides}
    training = resumption.experiment.training
    assert (training.epochs, training.early_stopping and training.early_stopping.patience) == (
        20,
        9,
    )
    [epochs] = [change for change in resumption.changes if change.key == "training.epochs"]
    assert (epochs.old, epochs.new, epochs.reason) == (8, 20, "on resume")


def test_a_config_edited_by_hand_counts_as_a_change(tmp_path: Path) -> None:
    run = _run(tmp_path)
    text = run.directory.config.read_text()
    run.directory.config.write_text(text.replace("\nseed: 0", "\nseed: 4"))

    with pytest.raises(ConfigError, match=r"^seed: is 4, the run began with 0"):
        plan_resumption(run)


def test_a_precision_that_was_chosen_may_be_said(tmp_path: Path) -> None:
    run = _run(tmp_path, changes=("runtime.precision=auto",), precision="mixed_bfloat16")

    assert _keys(plan_resumption(run, ["runtime.precision=mixed_bfloat16"])) == []
    with pytest.raises(
        ConfigError, match=r"runtime\.precision: is float32, the run began with auto"
    ):
        plan_resumption(run, ["runtime.precision=float32"])


def test_a_run_from_before_the_kernels_goes_on_with_keras_alone(tmp_path: Path) -> None:
    run = _run(tmp_path)
    [manifest] = run.directory.checkpoints.glob("epoch-*.json")
    saved = json.loads(manifest.read_text())
    del saved["settings"]["dropout"]["kernel"]
    manifest.write_text(json.dumps(saved))
    config = run.directory.config
    config.write_text(re.sub(r"\n +kernel: fast", "", config.read_text()))

    with pytest.raises(ConfigError, match=r"dropout\.kernel: is fast, the run began with keras"):
        plan_resumption(run)
    resumption = plan_resumption(run, ["dropout.kernel=keras"])
    assert (resumption.experiment.dropout.kernel, resumption.changes) == ("keras", [])


def test_a_run_that_finished_all_epochs_wants_more_of_them(tmp_path: Path) -> None:
    run = _run(tmp_path, status="finished", changes=("training.epochs=3",))

    wanted = r"is finished, after 3 epochs; .* give --set training\.epochs=6$"
    for overrides in ([], ["notes=once more"]):
        with pytest.raises(ConfigError, match=wanted):
            plan_resumption(run, overrides)
    assert _keys(plan_resumption(run, ["training.epochs=4"])) == ["training.epochs"]


def test_a_run_that_stopped_early_wants_more_patience(tmp_path: Path) -> None:
    stopping = "training.early_stopping={monitor: val_ssim, patience: 2}"
    run = _run(tmp_path, status="finished", changes=(stopping,))

    patience = "training.early_stopping.patience"
    wanted = rf"is finished, after 3 epochs; .* give --set {patience}=4$"
    for overrides in ([], ["training.epochs=20"]):
        with pytest.raises(ConfigError, match=wanted):
            plan_resumption(run, overrides)
    assert _keys(plan_resumption(run, [f"{patience}=3"])) == [patience]


def test_a_run_whose_seconds_were_spent_is_finished_and_wants_more_of_them(tmp_path: Path) -> None:
    # Its three epochs train for 9, 2.02 and 2.03 s.
    run = _run(tmp_path, status="finished", changes=("training.seconds=12",))

    wanted = r"is finished, after 3 epochs; .* give --set training\.seconds=27$"
    for overrides in ([], ["training.epochs=20"]):
        with pytest.raises(ConfigError, match=wanted):
            plan_resumption(run, overrides)
    assert _keys(plan_resumption(run, ["training.seconds=14"])) == ["training.seconds"]


def test_a_run_from_before_pages_of_text_and_seconds_goes_on_as_it_was(tmp_path: Path) -> None:
    run = _run(tmp_path)
    [manifest] = run.directory.checkpoints.glob("epoch-*.json")
    saved = json.loads(manifest.read_text())
    del saved["settings"]["data"]["text_pages"], saved["settings"]["training"]["seconds"]
    manifest.write_text(json.dumps(saved))
    assert plan_resumption(run).changes == []
    with pytest.raises(ConfigError, match=r"data\.text_pages: is 4, the run began with 0"):
        plan_resumption(run, ["data.text_pages=4"])


def test_a_run_cannot_unlearn(tmp_path: Path) -> None:
    run = _run(tmp_path)
    with pytest.raises(ConfigError, match=r"training.epochs: got 2; smoke-\S+ has finished 3"):
        plan_resumption(run, ["training.epochs=2"])
    assert _keys(plan_resumption(run, ["training.epochs=3"])) == ["training.epochs"]


def test_a_cosine_that_ends_elsewhere_is_told(tmp_path: Path) -> None:
    cosine = ("training.schedule={kind: cosine}",)
    run = _run(tmp_path / "cosine", changes=cosine)
    [note] = plan_resumption(run, ["training.epochs=9"]).notes

    assert "cosine schedule now ends with epoch 9" in note
    assert "ends with epoch 8. A new run would differ" in note
    assert plan_resumption(run, ["notes=none"]).notes == []
    constant = _run(tmp_path / "constant", changes=("training.schedule={kind: constant}",))
    assert plan_resumption(constant, ["training.epochs=9"]).notes == []


def test_a_damaged_checkpoint_is_told_and_the_one_before_used(tmp_path: Path) -> None:
    run = _run(tmp_path, Place(3, 9))
    settings = run.settings
    save_checkpoint(run.directory, a_checkpoint(Place(4, 0), settings=settings), keep=9)
    cut(run.directory.checkpoints / "epoch-0004-step-000000.npz")
    resumption = plan_resumption(run)

    assert resumption.place == Place(3, 9)
    [note] = resumption.notes
    assert "epoch-0004-step-000000.npz: damaged: " in note
    assert note.endswith("; the checkpoint before it is used")


def test_a_run_whose_best_network_is_lost_ends_with_its_last(tmp_path: Path) -> None:
    run = _run(tmp_path)
    for path in run.directory.checkpoints.glob("best-*.npz"):
        cut(path)
    resumption = plan_resumption(run)

    assert resumption.place == THREE_DONE
    assert not resumption.experiment.training.restore_best
    [change] = resumption.changes
    assert (change.key, change.old, change.new) == ("training.restore_best", True, False)
    assert "goes on without the network of its best epoch" in resumption.notes[0]


def test_a_run_without_a_whole_checkpoint_is_refused(tmp_path: Path) -> None:
    run = _run(tmp_path)
    for path in run.directory.checkpoints.glob("*.npz"):
        cut(path)
    with pytest.raises(RunDirectoryError, match="no checkpoint is whole; train it anew"):
        plan_resumption(run)


def _lose_the_last_row(text: str) -> str:
    return "".join(text.splitlines(keepends=True)[:-1])


def _cut_the_last_row(text: str) -> str:
    return text[:-40]


def _double_the_last_row(text: str) -> str:
    return text + text.splitlines(keepends=True)[-1]


@pytest.mark.parametrize(
    "hurt", [_lose_the_last_row, _cut_the_last_row, _double_the_last_row, lambda text: text]
)
@pytest.mark.parametrize("place", [Place(4, 0), Place(3, 5)])
def test_rows_become_those_of_the_checkpoint_whatever_a_kill_left(
    tmp_path: Path, hurt: Callable[[str], str], place: Place
) -> None:
    run = _run(tmp_path, place)
    for path in (run.directory.epochs, run.directory.epochs_table):
        path.write_text(hurt(path.read_text()))
    resumption = plan_resumption(run, ["training.epochs=12"])
    assert resumption.checkpoint is not None
    rewind_records(run.directory, resumption)

    again = Run(run.directory)
    assert again.epochs == resumption.checkpoint.epochs
    table = run.directory.epochs_table.read_text().splitlines()
    assert [line.split(",")[0] for line in table] == ["epoch", "1", "2", "3"][: place.epoch]
    assert again.settings["training"]["epochs"] == 12
    assert load_experiment(run.directory.config).training.epochs == 12


def test_rows_without_a_checkpoint_go(tmp_path: Path) -> None:
    run = _run(tmp_path, None, status=None)
    resumption = plan_resumption(run)
    for path in (run.directory.epochs, run.directory.epochs_table):
        path.write_text("half a r")
    rewind_records(run.directory, resumption)

    assert not run.directory.epochs.exists()
    assert not run.directory.epochs_table.exists()
    assert json.loads(run.directory.settings.read_text()) == run.settings
