import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.acting import MEASURED, rows
from tests.faults.disks import Disk
from tests.faults.processes import CONFIG
from tests.models.conftest import restored_policy, started_tensorflow
from tests.training.tiny import run, tiny_experiment

__all__ = ["restored_policy", "started_tensorflow"]

DISK_BYTES = 2**21


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A real disk of 2 MB."""
    mounted = Disk(tmp_path / "disk")
    mounted.path.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(mounted.path)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip(f"a disk cannot be mounted here: {done.stderr.strip()}")
    yield mounted
    subprocess.run(["umount", "--lazy", str(mounted.path)], check=True)


@pytest.fixture(scope="session")
def undisturbed(
    started_tensorflow: None, tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, float]]:
    """The epochs of a tiny experiment of three epochs to which nothing happens, without times."""
    folder = tmp_path_factory.mktemp("undisturbed")
    _, directory = run(folder, tiny_experiment(folder, **MEASURED))
    return rows(directory)


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "faults.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path
