"""A real Ray cluster of two nodes with a core each, on the loopback of this machine."""

import gc
import os
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
"""Not 127.0.0.1, in whose place Ray takes the machine's address in its network."""
NODE = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": 100_000_000}
AddNode = Callable[..., Any]


@pytest.fixture(scope="module")
def cluster() -> "Iterator[Cluster]":
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    head = {**NODE, "node_ip_address": ADDRESSES[0], "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=head)
    try:
        yield made
    finally:
        made.shutdown()
        del made
        _collect_quietly()


@pytest.fixture
def add_node(cluster: "Cluster") -> Iterator[AddNode]:
    """Adds nodes that are gone after the test."""

    def add(number: int = 1, **settings: Any) -> Any:
        return cluster.add_node(**NODE, node_ip_address=ADDRESSES[number], **settings)

    yield add
    for node in list(cluster.worker_nodes):
        cluster.remove_node(node)
    _collect_quietly()


def _collect_quietly() -> None:
    """Ray leaves it to Python to close the files of the nodes that it has started."""
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()
