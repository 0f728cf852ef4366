"""A ``model.keras`` that was not written by a run, or not to its end."""

import copy
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np
import pytest

from dropstudy.config import Experiment
from dropstudy.errors import RunDirectoryError
from dropstudy.inference.model_files import MAX_CONFIG_BYTES
from dropstudy.inference.restoring import open_restorer
from dropstudy.inference.tiling import plan_tiling
from tests.inference.conftest import (
    experiment,
    model,
    restored_policy,
    started_tensorflow,
    trained,
)

__all__ = ["experiment", "model", "restored_policy", "started_tensorflow", "trained"]

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
Members = dict[str, bytes]


@pytest.fixture(scope="module")
def members(trained: tuple[Any, Any, Any]) -> Members:
    """What is in a model that a run wrote."""
    with zipfile.ZipFile(trained[2].model) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _open(path: Path, experiment: Experiment) -> None:
    open_restorer(path, experiment, tiling=plan_tiling(experiment.architecture))


def _write(path: Path, members: Members, *, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def _refusal(path: Path, experiment: Experiment) -> str:
    with pytest.raises(RunDirectoryError) as caught:
        _open(path, experiment)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert caught.value.exit_code == 2
    return text.removeprefix(f"{path}: ")


def _layer(**changes: object) -> Callable[[dict[str, Any]], None]:
    """Changes the first convolution of a network's config."""

    def change(config: dict[str, Any]) -> None:
        layers = config["config"]["layers"]
        next(layer for layer in layers if layer["class_name"] == "Conv2D").update(changes)

    return change


def _activation(value: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    def change(config: dict[str, Any]) -> None:
        layers = config["config"]["layers"]
        convolution = next(layer for layer in layers if layer["class_name"] == "Conv2D")
        convolution["config"]["activation"] = value

    return change


CODE: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "a program": (_layer(module="os", class_name="system"), "refused: it names os.system, which"),
    "another's layer": (
        _layer(module="evil.layers", class_name="Layer", registered_name="evil>Layer"),
        "refused: it names evil.layers.Layer, which is neither Keras' nor dropstudy's",
    ),
    "a registered name": (
        _layer(registered_name="evil>Layer", class_name="Layer"),
        "cannot be loaded as a Keras model: ",
    ),
    "a lambda layer": (_layer(class_name="Lambda"), "refused: it names a Lambda layer, which"),
    "a lambda": (
        _activation({"class_name": "__lambda__", "config": {"value": "4wEAAA=="}}),
        "refused: it names a lambda, which",
    ),
    "a function": (
        _activation({"module": "builtins", "class_name": "function", "config": "exec"}),
        "refused: it names a function, which",
    ),
    "a function of Keras that writes files": (
        _layer(module="keras.utils", class_name="get_file", config={"fname": "a", "origin": "b"}),
        "cannot be loaded as a Keras model: Cannot deserialize `keras.utils.get_file`",
    ),
    "a saved model elsewhere": (
        _layer(class_name="TFSMLayer", config={"filepath": "/tmp/model", "name": "a"}),  # noqa: S108
        "cannot be loaded as a Keras model: Requested the deserialization of a `TFSMLayer`",
    ),
}


@pytest.mark.parametrize("name", CODE)
def test_a_model_that_names_code_is_refused(
    name: str, members: Members, experiment: Experiment, tmp_path: Path
) -> None:
    change, text = CODE[name]
    config = copy.deepcopy(json.loads(members[CONFIG]))
    change(config)
    path = _write(tmp_path / "model.keras", members | {CONFIG: json.dumps(config).encode()})
    assert _refusal(path, experiment).startswith(text)


def test_a_lambda_that_keras_saved_itself_is_refused(
    experiment: Experiment, tmp_path: Path
) -> None:
    image = keras.Input((None, None, 3))
    path = tmp_path / "model.keras"
    keras.Model(image, keras.layers.Lambda(lambda x: x)(image)).save(path)
    assert _refusal(path, experiment).startswith("refused: it names a Lambda layer, which")


LOADED = "cannot be loaded as a Keras model: "
DAMAGED: dict[str, tuple[dict[str, bytes | None], str]] = {
    "no config": ({CONFIG: None}, f"{LOADED}\"There is no item named 'config.json'"),
    "no weights": ({WEIGHTS: None}, f"{LOADED}Expected a model.weights.h5"),
    "no JSON": ({CONFIG: b"\x00\xff"}, LOADED),
    "a list": ({CONFIG: b"[]"}, LOADED),
    "null": ({CONFIG: b"null"}, LOADED),
    "an empty object": ({CONFIG: b"{}"}, LOADED),
    "deep JSON": ({CONFIG: b"[" * 1_000_000}, f"{LOADED}maximum recursion depth exceeded"),
    "rubbish for weights": ({WEIGHTS: b"rubbish" * 1000}, f"{LOADED}Unable to synchronously open"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_model_with_a_damaged_part_is_refused(
    name: str, members: Members, experiment: Experiment, tmp_path: Path
) -> None:
    changes, text = DAMAGED[name]
    changed = {key: value for key, value in {**members, **changes}.items() if value is not None}
    assert _refusal(_write(tmp_path / "model.keras", changed), experiment).startswith(text)


@pytest.mark.parametrize("kept", [0, 100, 5000, 0.5, 0.99])
def test_a_truncated_model_is_refused(
    kept: float, model: Path, experiment: Experiment, tmp_path: Path
) -> None:
    content, path = model.read_bytes(), tmp_path / "model.keras"
    path.write_bytes(content[: int(kept * len(content)) if kept < 1 else int(kept)])
    assert _refusal(path, experiment) == f"{LOADED}File is not a zip file"


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, "metadata.json"])
def test_a_model_that_unpacks_to_far_more_is_refused(
    name: str, members: Members, experiment: Experiment, tmp_path: Path
) -> None:
    bomb = members | {name: bytes(200_000_000)}
    path = _write(tmp_path / "model.keras", bomb, method=zipfile.ZIP_DEFLATED)
    assert _refusal(path, experiment).startswith(f"{LOADED}it would unpack to 200,")


def test_a_model_with_a_config_of_many_megabytes_is_refused(
    members: Members, experiment: Experiment, tmp_path: Path
) -> None:
    large = members | {CONFIG: bytes(MAX_CONFIG_BYTES + 1)}
    path = _write(tmp_path / "model.keras", large)
    assert _refusal(path, experiment) == f"{LOADED}its config.json has 16,777,217 bytes"


def _with_tensor(members: Members, change: Callable[[h5py.File, str], None]) -> Members:
    stream = io.BytesIO(members[WEIGHTS])
    with h5py.File(stream, "r+") as file:
        names: list[str] = []
        file.visit(
            lambda name: names.append(name) if isinstance(file[name], h5py.Dataset) else None
        )
        change(file, names[0])
    return members | {WEIGHTS: stream.getvalue()}


def _claim_terabytes(file: h5py.File, name: str) -> None:
    del file[name]
    file.create_dataset(
        name, shape=(10**6, 10**6), dtype="f4", chunks=(1000, 1000), compression="gzip"
    )


def _lead_out(file: h5py.File, name: str) -> None:
    del file[name]
    file[name] = h5py.ExternalLink("/etc/passwd", "x")


def _take_another_shape(file: h5py.File, name: str) -> None:
    del file[name]
    file.create_dataset(name, shape=(3, 3, 1, 1), dtype="f4")


def _hold_no_number(file: h5py.File, name: str) -> None:
    file[name][...] = np.nan


@pytest.mark.filterwarnings("ignore:Skipping nested container")  # Keras, before it gives up
@pytest.mark.parametrize(
    ("change", "text"),
    [
        (_claim_terabytes, f"{LOADED}Not allowed: H5 dataset '0' declares 3"),
        (_lead_out, f"{LOADED}Not allowed: H5 file with ExternalLink"),
        (_take_another_shape, f"{LOADED}The shape of the target variable"),
        (_hold_no_number, "damaged: it has weights that are no finite numbers"),
    ],
)
def test_a_model_with_hostile_weights_is_refused(
    change: Callable[[h5py.File, str], None],
    text: str,
    members: Members,
    experiment: Experiment,
    tmp_path: Path,
) -> None:
    path = _write(tmp_path / "model.keras", _with_tensor(members, change))
    assert _refusal(path, experiment).startswith(text)


def test_what_is_no_file_is_refused_without_waiting_for_it(
    experiment: Experiment, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe.keras")
    (tmp_path / "folder.keras").mkdir()
    pipe, folder = (_refusal(tmp_path / f"{name}.keras", experiment) for name in ("pipe", "folder"))
    assert pipe == f"{LOADED}it is a pipe or a device, not a file"
    assert folder == f"{LOADED}Is a directory"
