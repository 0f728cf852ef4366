import sys
from pathlib import Path

import pytest

from dropstudy.errors import StudyError
from dropstudy.studies.ray_cluster import RayExecutor


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(StudyError, match=r'pip install "dropstudy\[ray\]"'):
        RayExecutor(log=Path("workers.txt"))


@pytest.mark.ray
@pytest.mark.parametrize("address", ["ray://head:10001", "head", "local", ""])
def test_an_address_is_auto_or_a_host_with_a_port(address: str) -> None:
    with pytest.raises(StudyError, match=f"--ray-address: got {address}; give auto, or HOST:PORT"):
        RayExecutor(address, log=Path("workers.txt"))
