"""Whatever a config or a run directory holds: an error of our own, or it is read; and soon."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.config.experiments import SHIPPED, SHORT
from tests.hostile.mutations import ODD_TEXTS, changed_bytes, changed_file
from tests.hostile.targets import read_config, read_run

FROZEN = Path(__file__).parents[1] / "data" / "runs"
FILES = (
    *("config.json", "environment.json", "result.json"),
    *("epochs.jsonl", "images.jsonl", "config.yaml"),
)
CONFIGS = [SHORT.encode(), *(path.read_bytes() for path in SHIPPED)]
MOST_SECONDS = 5
"""Of processor time, for one example of a few kilobytes."""

KEYS = st.sampled_from(
    [
        *("name", "seed", "notes", "tags", "data.path", "data.kind", "task.kind", "task.steps"),
        *("dropout", "dropout.skip", "dropout.skip.rate", "training.epochs", "training.optimizer"),
        *("training.schedule.kind", "runtime.precision", "samples", "a.b.c", "tags.0", "", "."),
    ]
)
VALUES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(ODD_TEXTS),
    st.sampled_from(["[", "{a: 1", "[0.1, 0.2]", "{kind: adam}", "*a", "&a [*a]", "!!set {a}"]),
    st.sampled_from(["1e-3", ".nan", ".inf", "9" * 5000, "[" * 2000, "\t", "a: b", "#", "- - -"]),
    st.integers().map(str),
    st.floats().map(str),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzzed")


@contextmanager
def _soon() -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < MOST_SECONDS


@settings(max_examples=300)
@given(
    st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode(errors="replace"))
)
def test_any_bytes_are_an_experiment_or_are_refused(folder: Path, content: bytes) -> None:
    path = folder / "a.yaml"
    path.write_bytes(content)
    with _soon():
        read_config(path)


@settings(max_examples=400)
@given(st.sampled_from(CONFIGS).flatmap(changed_bytes))
def test_a_changed_config_is_an_experiment_or_is_refused(folder: Path, content: bytes) -> None:
    path = folder / "a.yaml"
    path.write_bytes(content)
    with _soon():
        read_config(path)


@settings(max_examples=400)
@given(
    st.lists(
        st.tuples(KEYS | st.text(max_size=8), VALUES).map("=".join) | st.text(max_size=8),
        min_size=1,
        max_size=3,
    )
)
def test_any_overrides_make_an_experiment_or_are_refused(
    folder: Path, overrides: list[str]
) -> None:
    path = folder / "a.yaml"
    path.write_bytes(CONFIGS[0])
    with _soon():
        read_config(path, overrides)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_changed_run_is_read_or_is_refused(folder: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["spatial-0", "plain-1"]))
    changed = data.draw(st.sets(st.sampled_from(FILES), min_size=1, max_size=2), label="files")
    runs = folder / "runs"
    shutil.rmtree(runs, ignore_errors=True)
    path = runs / name
    shutil.copytree(FROZEN / name, path)
    for file in sorted(changed):
        (path / file).write_bytes(data.draw(changed_file(path / file), label=file))
    for file in sorted(data.draw(st.sets(st.sampled_from(FILES[:5]), max_size=1), label="missing")):
        (path / file).unlink()
    with _soon():
        read_run(path)
