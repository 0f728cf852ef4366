import os

import pytest

from dropstudy.studies.local import share_cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_share_all_cores_and_none_has_anothers(workers: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    if workers > len(cores):
        pytest.skip("too few cores")
    shares = share_cores(workers)

    assert sorted(core for share in shares for core in share) == cores
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
